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

// files describes what an attached file can break; a limit that differs from kind to kind is told for each.
func (d *documenter) files() {
	title := d.info.Title
	var formats, ratios, movies, sizes, lengths, documents told
	for _, k := range d.info.Rules.Kinds {
		if l := k.Image; l != nil {
			formats.add(k, strings.Join(append(append([]string(nil), l.Formats...), l.Converts...), ", "), l.Source)
			if l.MinRatio > 0 || l.MaxRatio > 0 {
				ratios.add(k, fmt.Sprintf("%.2f to %.2f", l.MinRatio, l.MaxRatio), l.Source)
			}
		}
		if l := k.Video; l != nil {
			movies.add(k, strings.Join(l.Formats, ", "), l.Source)
			if l.MaxBytes > 0 {
				sizes.add(k, fmt.Sprintf("%d bytes", l.MaxBytes), l.Source)
			}
			if l.MinSeconds > 0 || l.MaxSeconds > 0 {
				lengths.add(k, fmt.Sprintf("%g to %g s", l.MinSeconds, l.MaxSeconds), l.Source)
			}
		}
		if k.Document > 0 {
			documents.add(k, fmt.Sprintf("%d bytes", k.Document), k.Source)
		}
	}
	const url = "mediaItems[0].url"
	for _, r := range []struct {
		limits told
		doc    RuleDoc
	}{
		{formats, RuleDoc{Name: "image.format", Title: title + " does not take this format of image", Meaning: "The image is of a format that the platform does not show and that cannot be converted.",
			Remedy: "Save the image in one of the listed formats."}},
		{ratios, RuleDoc{Name: "image.aspect_ratio", Title: "The image is too tall or too wide for " + title, Meaning: "The limit is on width divided by height.", Remedy: "Crop the image, or pad it."}},
		{movies, RuleDoc{Name: "video.format", Title: title + " does not take this format of video", Meaning: "The video's container is of a format that the platform does not take.",
			Remedy: "Convert the video to one of the listed formats; MP4 with H.264 and AAC is taken everywhere."}},
		{sizes, RuleDoc{Name: "video.max_bytes", Title: "The video is too large for " + title, Meaning: "The file has more bytes than the platform takes.", Remedy: "Compress the video."}},
		{lengths, RuleDoc{Name: "video.duration", Title: "The video is too short or too long for " + title, Meaning: "The limit is on the length of the whole video.", Remedy: "Cut the video."}},
		{documents, RuleDoc{Name: "document.max_bytes", Title: "The document is too large for " + title, Meaning: "The file has more bytes than the platform takes.", Remedy: "Use a smaller file."}},
	} {
		if len(r.limits) > 0 {
			r.doc.Field, r.doc.Source = url, r.limits[0].source
			r.doc.Limit = r.limits.String()
			d.add(r.doc)
		}
	}
}

// told are the limits of several kinds.
type told []struct{ kind, limit, source string }

func (t *told) add(k PostKind, limit, source string) {
	if source == "" {
		source = k.Source
	}
	*t = append(*t, struct{ kind, limit, source string }{k.Title, limit, source})
}

// String tells a limit that all share once.
func (t told) String() string {
	same := true
	parts := make([]string, len(t))
	for i, l := range t {
		same = same && l.limit == t[0].limit
		parts[i] = l.kind + ": " + l.limit
	}
	if same {
		return t[0].limit
	}
	return strings.Join(parts, "; ")
}
