package threads

import (
	"slices"

	"posthorn/internal/platforms"
)

// Options are what a target may say for Threads alone [platformSpecificData].
type Options struct {
	TopicTag     string `json:"topic_tag,omitempty"`    // the post's one topic, 1 to 50 characters without . and &; without it the first #tag of the text is
	FirstComment string `json:"firstComment,omitempty"` // up to 500 characters, with which the account answers its post
	// ThreadItems are the posts of a chain, in order. The first is the one that the others hang on; the content and the media of the post itself
	// are then for display only.
	ThreadItems []platforms.ThreadItem `json:"threadItems,omitempty"`
}

// part is one post of a chain.
type part struct {
	platforms.Part
	answers int // the part that it answers; -1: none
}

// parts are the posts that a content asks for: one or those of a chain, and the first comment.
func (o Options) parts(c platforms.Content) []part {
	list := []part{{Part: platforms.Part{Text: c.Text, Media: c.Media}, answers: -1}}
	if len(o.ThreadItems) > 0 {
		list = nil
		for i, item := range o.ThreadItems {
			list = append(list, part{item.Part(), i - 1})
		}
	}
	if o.FirstComment != "" {
		list = append(list, part{platforms.Part{Text: o.FirstComment}, 0})
	}
	return list
}

// kindOf names the kind of post that a content is meant to be.
func kindOf(c platforms.Content) string {
	if opts, problems := platforms.DecodeOptions[Options](c.Options); len(problems) == 0 && len(opts.ThreadItems) > 0 {
		return kindThread
	}
	return kindOfMedia(c.Media)
}

func kindOfMedia(media []platforms.Media) string {
	switch {
	case len(media) == 0:
		return kindText
	case len(media) > 1:
		return kindCarousel
	case slices.ContainsFunc(media, isVideo):
		return kindVideo
	}
	return kindImage
}

func isVideo(m platforms.Media) bool { return m.Type == platforms.Video }
