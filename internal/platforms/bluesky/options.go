package bluesky

import (
	"golang.org/x/text/language"

	"posthorn/internal/platforms"
)

// Options are what only Bluesky knows of a target [platformSpecificData].
type Options struct {
	// Langs are the languages of the text, one to three BCP 47 tags. None are sent when none are given.
	Langs []string `json:"langs,omitempty"`
	// ThreadItems are the posts of a thread, in order. The first is the thread's root; the content and the media of the post itself
	// are then for display only.
	ThreadItems []platforms.ThreadItem `json:"threadItems,omitempty"`
}

// posts are the records that a content asks for: one, or those of a thread.
func (o Options) posts(c platforms.Content) []platforms.Part {
	if len(o.ThreadItems) == 0 {
		return []platforms.Part{{Text: c.Text, Media: c.Media}}
	}
	parts := make([]platforms.Part, len(o.ThreadItems))
	for i, item := range o.ThreadItems {
		parts[i] = item.Part()
	}
	return parts
}

// langs are the tags as Bluesky's schema wants them: with hyphens, each part in its usual case.
func (o Options) langs() []string {
	var tags []string
	for _, l := range o.Langs {
		if tag, ok := parseLang(l); ok {
			tags = append(tags, tag)
		}
	}
	return tags
}

// parseLang checks a BCP 47 tag without replacing any of its subtags by a preferred one.
func parseLang(s string) (string, bool) {
	tag, err := language.Raw.Parse(s)
	if err != nil || tag == language.Und {
		return "", false
	}
	return tag.String(), true
}
