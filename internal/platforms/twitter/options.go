package twitter

import (
	"encoding/json"
	"regexp"
	"slices"

	"posthorn/internal/platforms"
)

// Options are what a target may say for X alone [platformSpecificData].
type Options struct {
	ReplyToTweetID  string                    `json:"replyToTweetId,omitempty"`  // ID or address of the post that this one answers
	QuoteTweetID    string                    `json:"quoteTweetId,omitempty"`    // ID or address of the post that this one quotes; not with media or a poll
	ReplySettings   string                    `json:"replySettings,omitempty"`   // who may answer: "following", "mentionedUsers", "subscribers" or "verified"; empty: everyone
	ThreadItems     []platforms.ThreadItem    `json:"threadItems,omitempty"`     // the posts of a thread; the content and the media of the post itself are then for display only
	Poll            *Poll                     `json:"poll,omitempty"`            // not with media
	MadeWithAI      bool                      `json:"madeWithAi,omitempty"`      // labels the post as made with AI
	PaidPartnership bool                      `json:"paidPartnership,omitempty"` // labels the post as paid for
	SensitiveMedia  *SensitiveMedia           `json:"sensitiveMedia,omitempty"`  // a warning in front of the media
	GeoRestriction  *platforms.GeoRestriction `json:"geoRestriction,omitempty"`  // where the media are shown
	LongVideo       bool                      `json:"longVideo,omitempty"`       // the account may publish videos of more than 140 seconds
	Article         json.RawMessage           `json:"article,omitempty"`         // not offered
}

// Poll is a question with answers to choose from.
type Poll struct {
	Options         []string `json:"options"`          // 2 to 4, of at most 25 characters
	DurationMinutes int      `json:"duration_minutes"` // 5 to 10080
}

// SensitiveMedia says what is to be warned of.
type SensitiveMedia struct {
	AdultContent    bool `json:"adultContent,omitempty"`
	GraphicViolence bool `json:"graphicViolence,omitempty"`
	Other           bool `json:"other,omitempty"`
}

// parts are the posts that a content asks for: one, or those of a thread.
func (o Options) parts(c platforms.Content) []platforms.Part {
	if len(o.ThreadItems) == 0 {
		return []platforms.Part{{Text: c.Text, Media: c.Media}}
	}
	parts := make([]platforms.Part, len(o.ThreadItems))
	for i, item := range o.ThreadItems {
		parts[i] = item.Part()
	}
	return parts
}

var postID = regexp.MustCompile(`^(?:https://(?:www\.|mobile\.)?(?:x|twitter)\.com/[A-Za-z0-9_]+(?:/web)?/status/)?([0-9]{1,20})(?:[/?#].*)?$`)

// idOf is the ID in an ID or an address of a post; empty: there is none.
func idOf(s string) string {
	m := postID.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return m[1]
}

// kindOf names the kind of post that a content is meant to be.
func kindOf(c platforms.Content) string {
	if opts, problems := platforms.DecodeOptions[Options](c.Options); len(problems) == 0 && len(opts.ThreadItems) > 0 {
		return kindThread
	}
	has := func(t platforms.MediaType) bool {
		return slices.ContainsFunc(c.Media, func(m platforms.Media) bool { return m.Type == t })
	}
	switch {
	case len(c.Media) == 0:
		return kindText
	case has(platforms.Video):
		return kindVideo
	case has(platforms.GIF) && len(c.Media) == 1:
		return kindGIF
	}
	return kindImages
}
