package platforms

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// ThreadItem is one post of a thread.
type ThreadItem struct {
	Content    string        `json:"content"`
	MediaItems []ThreadMedia `json:"mediaItems,omitempty"`
}

// ThreadMedia is one image or video of a thread's post.
type ThreadMedia struct {
	Type    MediaType `json:"type,omitempty"` // inferred from the address when missing
	URL     string    `json:"url"`
	AltText string    `json:"altText,omitempty"`
}

// Part is the text and media of one post of a thread.
type Part struct {
	Text  string
	Media []Media
}

// Part is what the item publishes.
func (t ThreadItem) Part() Part {
	p := Part{Text: t.Content}
	for _, m := range t.MediaItems {
		p.Media = append(p.Media, Media{Type: m.mediaType(), URL: m.URL, AltText: m.AltText})
	}
	return p
}

func (m ThreadMedia) mediaType() MediaType {
	if m.Type != "" {
		return m.Type
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return Image
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".mp4", ".mov", ".webm", ".m4v":
		return Video
	case ".gif":
		return GIF
	}
	return Image
}

// CheckThread holds each post of a thread to the rules of a post of its own, and their number to a limit. info and v are the platform's as for
// CheckRules; v may be nil.
func CheckThread(info Info, v Validator, items []ThreadItem, limit int) []Problem {
	if n := len(items); n > limit {
		return []Problem{{Rule: "thread.max_items", Field: "platformSpecificData.threadItems", Limit: limit, Actual: n,
			Message: fmt.Sprintf("the thread has %d posts, at most %d are published", n, limit), Remediation: "Split the thread."}}
	}
	var problems []Problem
	for i, item := range items {
		part := item.Part()
		found := CheckRules(info, v, Content{Text: part.Text, Media: part.Media})
		for _, p := range append(found, checkAddresses(part.Media)...) {
			p.Rule = strings.TrimPrefix(p.Rule, info.Name+".") // CheckRules puts it in front again
			p.Field = fmt.Sprintf("platformSpecificData.threadItems[%d].%s", i, p.Field)
			problems = append(problems, p)
		}
	}
	return problems
}

// checkAddresses looks at media that the core has not seen, because it stands in the options.
func checkAddresses(media []Media) []Problem {
	var problems []Problem
	for i, m := range media {
		u, err := url.Parse(m.URL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" {
			problems = append(problems, Problem{Rule: "media.url", Field: fmt.Sprintf("mediaItems[%d].url", i),
				Message: "the media item has no http or https address", Remediation: "Give the full address of the media."})
		}
	}
	return problems
}

// ThreadRuleDocs describe what CheckThread finds of the thread as a whole; why says what speaks against a longer one.
func ThreadRuleDocs(limit int, why, source string) []RuleDoc {
	return []RuleDoc{
		{Name: "thread.max_items", Field: "platformSpecificData.threadItems", Title: "The thread has too many posts", Limit: fmt.Sprint(limit), Meaning: why, Remedy: "Split the thread.", Source: source},
		{Name: "media.url", Field: "platformSpecificData.threadItems[0].mediaItems[0].url", Title: "A media item of a thread has no address",
			Meaning: "Media of a thread's posts are given by http or https addresses as well.", Remedy: "Give the full address of the media.", Source: source},
	}
}
