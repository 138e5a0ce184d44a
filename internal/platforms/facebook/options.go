package facebook

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// Options are what a target may say for Facebook alone [platformSpecificData].
type Options struct {
	ContentType      string                    `json:"contentType,omitempty"`      // "story", "reel" or "feed"; empty goes by the media: a short upright video is a reel
	Title            string                    `json:"title,omitempty"`            // of a reel or a video
	FirstComment     string                    `json:"firstComment,omitempty"`     // posted by the Page right after publishing
	PageID           string                    `json:"pageId,omitempty"`           // the account's own Page; another Page is an account of its own
	GeoRestriction   *platforms.GeoRestriction `json:"geoRestriction,omitempty"`   // where the post is shown; not of a reel or a story
	FacebookSettings *Settings                 `json:"facebookSettings,omitempty"` // what may stand in the post's own facebookSettings as well
}

// Settings are the options that a post may give for all its Facebook targets at once.
type Settings struct {
	Draft              bool   `json:"draft,omitempty"`              // a draft in the Page's own tools, which publishes nothing; Facebook keeps it for about 30 days
	CarouselCards      []Card `json:"carouselCards,omitempty"`      // makes the images a carousel, a card for each
	CarouselLink       string `json:"carouselLink,omitempty"`       // where the carousel's last card leads; without it there is none
	TextFormatPresetID string `json:"textFormatPresetId,omitempty"` // a coloured background for a short text
}

// Card is what one image of a carousel leads to.
type Card struct {
	Link        string `json:"link"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
}

// settings are those of the options, or none.
func (o Options) settings() Settings {
	if o.FacebookSettings == nil {
		return Settings{}
	}
	return *o.FacebookSettings
}

// The proportions and the length of a video that Facebook makes a reel of by itself.
const (
	uprightRatio  = 9.0 / 16
	uprightSlack  = 0.01
	leastColumns  = 540
	shortestReel  = 3 * time.Second
	longestReel   = 90 * time.Second
	storyLongest  = 60
	videoLongest  = 240 * 60
	maxVideoBytes = 10 << 30
)

// kindOf names the kind of post that a content is meant to be. An unknown contentType is its own name, which no kind has.
func kindOf(c platforms.Content) string {
	var o Options
	// Options that cannot be read are reported by Validate; the media still say what is meant.
	_ = json.Unmarshal(c.Options, &o)
	switch strings.ToLower(o.ContentType) {
	case "story", "stories":
		return kindStory
	case "reel", "reels":
		return kindReel
	case "", "feed", "post", "video":
	default:
		return o.ContentType
	}
	video := slices.ContainsFunc(c.Media, func(m platforms.Media) bool { return m.Type == platforms.Video })
	switch {
	case len(o.settings().CarouselCards) > 0:
		return kindCarousel
	case len(c.Media) == 0:
		return kindText
	case len(c.Media) == 1 && o.ContentType == "" && o.GeoRestriction == nil && isReel(c.Media[0]):
		return kindReel
	case video:
		return kindVideo
	}
	return kindPhotos
}

// isReel reports whether a video is one that Facebook makes a reel of, or leaves lying as the draft of one, when it is sent as a video.
func isReel(m platforms.Media) bool {
	ratio := float64(m.Width) / float64(max(m.Height, 1))
	return m.Type == platforms.Video && m.Width >= leastColumns && ratio > uprightRatio-uprightSlack && ratio < uprightRatio+uprightSlack && m.Duration >= shortestReel && m.Duration <= longestReel
}

var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"“”„«»…]+`)

// ownHosts are those whose pages Facebook shows no card of.
var ownHosts = []string{"facebook.com", "fb.com", "fb.me", "fb.watch"}

// linkOf is the first address in a text, whose card is shown under it; empty: there is none, or it is one of Facebook's own.
func linkOf(text string) string {
	found := address.FindString(text)
	found = found[:len(found)-platforms.Trailing(found)]
	u, err := url.Parse(found)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	for _, own := range ownHosts {
		if host == own || strings.HasSuffix(host, "."+own) {
			return ""
		}
	}
	return found
}
