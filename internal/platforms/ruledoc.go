package platforms

import (
	"fmt"
	"strings"
)

// RuleDoc describes one rule for people: a page of the documentation.
type RuleDoc struct {
	Name    string // "carousel.max_items"; the platform's name comes in front
	Title   string // "A carousel takes at most 10 media items"
	Meaning string // one or more sentences
	Remedy  string // what to do
	Field   string // the part of the post to blame; empty: none
	Limit   string // "10"; empty where there is none to tell
	Source  string // link to the page of the platform that states it
	// Failure says that the platform alone knows: the rule ends a target that was accepted, and refuses no request.
	Failure bool
}

// Documented lists every rule that a post for a platform can break: those that follow from its Rules, its own, and one for each kind of
// failure. The names are those that Check and adapters give, without the platform's in front.
func Documented(info Info) []RuleDoc {
	d := documenter{info: info}
	d.common()
	for _, k := range info.Rules.Kinds {
		d.kind(k)
	}
	d.text()
	d.files()
	d.list = append(d.list, info.RuleDocs...)
	for i := range d.list {
		if d.list[i].Source == "" {
			d.list[i].Source = info.Rules.Source
		}
	}
	return d.list
}

type documenter struct {
	info Info
	list []RuleDoc
}

func (d *documenter) add(r RuleDoc) { d.list = append(d.list, r) }

func (d *documenter) common() {
	title := d.info.Title
	d.add(RuleDoc{Name: "kind", Field: "platformSpecificData.contentType", Title: "The kind of post does not exist on " + title,
		Meaning: "contentType names a kind of post that " + title + " does not have.", Remedy: "Leave contentType out, or use one of the kinds that GET /v1/platforms lists."})
	d.add(RuleDoc{Name: "options.type", Field: "platformSpecificData", Title: "An option for " + title + " has the wrong type",
		Meaning: "A field of platformSpecificData holds another type of value than the option takes, such as a text instead of true or false.",
		Remedy:  "Send the option with the type that GET /v1/platforms shows."})
}

func (d *documenter) kind(k PostKind) {
	if k.DisplayOnly {
		return
	}
	title, one := d.info.Title, article(k.Title)
	sentence := strings.ToUpper(one[:1]) + one[1:]
	if k.NeedText {
		d.add(RuleDoc{Name: k.Name + ".text_required", Field: "content", Title: sentence + " needs a text", Meaning: fmt.Sprintf("The target would be %s on %s, and its text is empty.", one, title),
			Remedy: "Set content, or attach media.", Source: k.Source})
	}
	if k.MinMedia > 0 {
		d.add(RuleDoc{Name: k.Name + ".min_items", Field: "mediaItems", Title: sentence + " needs at least " + items(k.MinMedia), Limit: fmt.Sprint(k.MinMedia),
			Meaning: fmt.Sprintf("The target would be %s on %s, and fewer media are attached than that takes.", one, title), Remedy: "Attach the missing media.", Source: k.Source})
	}
	d.add(RuleDoc{Name: k.Name + ".max_items", Field: "mediaItems", Title: sentence + " takes at most " + items(k.MaxMedia), Limit: fmt.Sprint(k.MaxMedia),
		Meaning: fmt.Sprintf("The target would be %s on %s, and more media are attached than that takes.", one, title),
		Remedy:  "Remove media, split the post, or give this target its own customMedia.", Source: k.Source})
	d.add(RuleDoc{Name: k.Name + ".media_type", Field: "mediaItems[0].type", Title: sentence + " does not take this type of media", Limit: typeNames(k.Types),
		Meaning: fmt.Sprintf("The target would be %s on %s, and an attached file is of a type that it cannot hold.", one, title),
		Remedy:  "Attach files of the listed types, or give this target its own customMedia.", Source: k.Source})
	if !k.Mixed && k.MaxMedia > 0 {
		d.add(RuleDoc{Name: k.Name + ".no_mix", Field: "mediaItems", Title: sentence + " holds one type of media", Meaning: "The attached media are of several types, which cannot stand in one post.",
			Remedy: "Split the media over several posts.", Source: k.Source})
	}
}

func typeNames(types []MediaType) string {
	if len(types) == 0 {
		return "none"
	}
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

func (d *documenter) text() {
	r, title := d.info.Rules, d.info.Title
	limits, bytes := limitText(r.Text), r.Text.MaxBytes
	for _, k := range r.Kinds {
		if k.Text != nil {
			limits += fmt.Sprintf("; %s in %s", limitText(*k.Text), article(k.Title))
			bytes = max(bytes, k.Text.MaxBytes)
		}
	}
	const shorten = "Shorten the text, or give this target a shorter customContent. POST /v1/tools/validate/post-length counts a text for every platform."
	if r.Text.Max > 0 {
		d.add(RuleDoc{Name: "text.max_length", Field: "content", Title: "The text is too long for " + title, Limit: limits, Meaning: r.Text.Count.Explanation(), Remedy: shorten, Source: r.Text.Source})
	}
	if bytes > 0 {
		d.add(RuleDoc{Name: "text.max_bytes", Field: "content", Title: "The text has too many bytes for " + title, Limit: fmt.Sprintf("%d bytes", bytes),
			Meaning: "Beside the limit on characters there is one on bytes of UTF-8, which texts with many accents, emoji or Chinese characters reach first.", Remedy: shorten, Source: r.Text.Source})
	}
	for what, limit := range map[string]int{"hashtags": r.Hashtags, "mentions": r.Mentions} {
		if limit > 0 {
			d.add(RuleDoc{Name: "text.max_" + what, Field: "content", Title: "The text has too many " + what + " for " + title, Limit: fmt.Sprint(limit),
				Meaning: fmt.Sprintf("%s takes at most %d %s in one post.", title, limit, what), Remedy: "Remove some " + what + "."})
		}
	}
	if r.AltText > 0 {
		d.add(RuleDoc{Name: "alt_text.max_length", Field: "mediaItems[0].altText", Title: "The alt text is too long for " + title, Limit: fmt.Sprintf("%d characters", r.AltText),
			Meaning: "The description of a media item is longer than the platform takes.", Remedy: "Shorten the alt text."})
	}
}

func limitText(l TextLimit) string { return fmt.Sprintf("%d %s", l.Max, l.Count.unit()) }
