package bluesky

import (
	"net/url"
	"path"
	"strings"

	"golang.org/x/text/language"

	"posthorn/internal/platforms"
)

// Options are what only Bluesky knows of a target [platformSpecificData].
type Options struct {
	// Langs are the languages of the text, one to three BCP 47 tags. None are sent when none are given.
	Langs []string `json:"langs,omitempty"`
	// ThreadItems are the posts of a thread, in order. The first is the thread's root; the content and the media of the post itself
	// are then for display only.
	ThreadItems []ThreadItem `json:"threadItems,omitempty"`
}

// ThreadItem is one post of a thread.
type ThreadItem struct {
	Content    string      `json:"content"`
	MediaItems []MediaItem `json:"mediaItems,omitempty"`
}

// MediaItem is one image or video of a thread's post.
type MediaItem struct {
	Type    platforms.MediaType `json:"type,omitempty"` // inferred from the address when missing
	URL     string              `json:"url"`
	AltText string              `json:"altText,omitempty"`
}

// part is the text and media of one record.
type part struct {
	Text  string
	Media []platforms.Media
}

// posts are the records that a content asks for: one, or those of a thread.
func (o Options) posts(c platforms.Content) []part {
	if len(o.ThreadItems) == 0 {
		return []part{{Text: c.Text, Media: c.Media}}
	}
	parts := make([]part, len(o.ThreadItems))
	for i, item := range o.ThreadItems {
		parts[i].Text = item.Content
		for _, m := range item.MediaItems {
			parts[i].Media = append(parts[i].Media, platforms.Media{Type: m.mediaType(), URL: m.URL, AltText: m.AltText})
		}
	}
	return parts
}

func (m MediaItem) mediaType() platforms.MediaType {
	if m.Type != "" {
		return m.Type
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		return platforms.Image
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".mp4", ".mov", ".webm", ".m4v":
		return platforms.Video
	case ".gif":
		return platforms.GIF
	}
	return platforms.Image
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
