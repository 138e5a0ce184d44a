package instagram

import (
	"encoding/json"
	"strings"

	"posthorn/internal/platforms"
)

// Options are what a target may say for Instagram alone [platformSpecificData].
type Options struct {
	ContentType            string              `json:"contentType,omitempty"`            // "story", "reel" or "feed"; empty goes by the media: one video is a reel
	ShareToFeed            *bool               `json:"shareToFeed,omitempty"`            // a reel also shows in the feed; default true; of no effect on a trial reel
	Collaborators          []string            `json:"collaborators,omitempty"`          // up to 3 user names to invite
	FirstComment           string              `json:"firstComment,omitempty"`           // posted by the account right after publishing
	TrialParams            *TrialParams        `json:"trialParams,omitempty"`            // makes a reel a trial reel, at first shown to non-followers only
	UserTags               []UserTag           `json:"userTags,omitempty"`               // people tagged in the media
	AudioName              string              `json:"audioName,omitempty"`              // title of a reel's own sound; Instagram lets it be set once
	AudioConfiguration     *AudioConfiguration `json:"audioConfiguration,omitempty"`     // music for a reel; Facebook Login only
	MuteAudio              bool                `json:"muteAudio,omitempty"`              // silences a reel's own sound beneath that music
	ThumbOffset            *int                `json:"thumbOffset,omitempty"`            // milliseconds into a reel of the frame that is its cover; a cover image wins
	InstagramThumbnail     string              `json:"instagramThumbnail,omitempty"`     // address of a reel's cover image
	ReelCover              string              `json:"reelCover,omitempty"`              // the same under its other name
	IsAIGenerated          bool                `json:"isAiGenerated,omitempty"`          // labels the post as made with AI
	IsPaidPartnership      bool                `json:"isPaidPartnership,omitempty"`      // labels the post as paid for; Facebook Login only
	BrandedContentSponsors []string            `json:"brandedContentSponsors,omitempty"` // up to 2 account IDs of who paid; Facebook Login only
	CommentsEnabled        *bool               `json:"commentsEnabled,omitempty"`        // false turns comments off right after publishing
	LocationID             string              `json:"locationId,omitempty"`             // ID of a Facebook Page that has a location
}

// TrialParams say how a trial reel ends.
type TrialParams struct {
	GraduationStrategy string `json:"graduationStrategy"` // "MANUAL", or "SS_PERFORMANCE": shown to followers once it does well
}

// UserTag names a public account seen in an image or a video.
type UserTag struct {
	Username   string   `json:"username"`
	X          *float64 `json:"x,omitempty"`          // 0 is the left edge, 1 the right; required in a feed image, not allowed in a video
	Y          *float64 `json:"y,omitempty"`          // 0 is the top, 1 the bottom
	MediaIndex int      `json:"mediaIndex,omitempty"` // which item of a carousel, from 0
}

// AudioConfiguration sets music from Instagram's library under a reel.
type AudioConfiguration struct {
	AudioID     string   `json:"audioId"`
	AudioVolume *float64 `json:"audioVolume,omitempty"` // of the music, as Instagram scales it
	VideoVolume *float64 `json:"videoVolume,omitempty"` // of the reel's own sound
}

// cover is the address of a reel's cover image: the target's own before the media item's. Empty: none.
func (o Options) cover(m platforms.Media) string {
	for _, address := range []string{o.InstagramThumbnail, o.ReelCover, m.Thumbnail} {
		if address != "" {
			return address
		}
	}
	return ""
}

// commentsOff reports whether comments are to be turned off.
func (o Options) commentsOff() bool { return o.CommentsEnabled != nil && !*o.CommentsEnabled }

// facebookOnly is the name of an option in use that only accounts connected by Facebook Login have; empty when none is.
func (o Options) facebookOnly() string {
	switch {
	case o.AudioConfiguration != nil:
		return "audioConfiguration"
	case o.IsPaidPartnership:
		return "isPaidPartnership"
	case len(o.BrandedContentSponsors) > 0:
		return "brandedContentSponsors"
	}
	return ""
}

// bare is a user name without the @ that people put in front of it.
func bare(username string) string { return strings.TrimPrefix(strings.TrimSpace(username), "@") }

// kindOf names the kind of post that a content is meant to be. An unknown contentType is its own name, which no kind has.
func kindOf(c platforms.Content) string {
	var o struct {
		ContentType string `json:"contentType"`
	}
	// Options that cannot be read are reported by Validate; the media still say what is meant.
	_ = json.Unmarshal(c.Options, &o)
	switch strings.ToLower(o.ContentType) {
	case "story", "stories":
		return kindStory
	case "reel", "reels":
		return kindReel
	case "", "feed", "post":
	default:
		return o.ContentType
	}
	switch {
	case len(c.Media) > 1:
		return kindCarousel
	case len(c.Media) == 1 && c.Media[0].Type == platforms.Video:
		return kindReel
	}
	return kindPhoto
}
