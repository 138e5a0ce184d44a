// Package outline describes the platforms of the contract for which there is no adapter yet: what is known of their posts, so that one can
// be checked before it goes somewhere else.
package outline

import (
	"encoding/json"
	"slices"

	"posthorn/internal/platforms"
)

// All lists them. A platform that gets an adapter is taken off the list.
func All() []platforms.Info { return slices.Clone(outlines) }

// Of finds one by its name.
func Of(name string) (platforms.Info, bool) {
	i := slices.IndexFunc(outlines, func(info platforms.Info) bool { return info.Name == name })
	if i < 0 {
		return platforms.Info{}, false
	}
	return outlines[i], true
}

// Premium is the contract's name for X as its paying users have it.
const Premium = "twitterPremium"

// PremiumText is how long a text of theirs may be.
var PremiumText = platforms.TextLimit{Max: 25000, Count: platforms.Weighted, Source: "https://help.x.com/en/using-x/x-premium"}

const (
	mb = 1 << 20
	gb = 1 << 30
)

// The names of the kinds.
const (
	kindText     = "text"
	kindImages   = "images"
	kindVideo    = "video"
	kindDocument = "document"
	kindAlbum    = "album"
	kindComposed = "composed"
)

var (
	stills = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}
	movies = []string{"video/mp4", "video/quicktime"}
)

var outlines = []platforms.Info{
	outline("linkedin", "LinkedIn", platforms.TextLimit{Max: 3000, Count: platforms.LittleText}, "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api",
		text(true), images(20, 10*mb, "image/jpeg", "image/png", "image/gif"), video(500*mb, 3, 30*60, "video/mp4"), document(100*mb), composed("reshareUrl")),
	outline("pinterest", "Pinterest", platforms.TextLimit{Max: 800, Count: platforms.CodePoints}, "https://developers.pinterest.com/docs/api/v5/pins-create",
		images(1, 20*mb, stills...), video(2*gb, 4, 15*60, append(movies, "video/x-m4v")...)),
	outline("reddit", "Reddit", platforms.TextLimit{Max: 40000, Count: platforms.CodePoints}, "https://www.reddit.com/dev/api#POST_api_submit",
		text(false), images(20, 20*mb, stills...), video(1*gb, 0, 15*60, movies...)),
	outline("googlebusiness", "Google Business Profile", platforms.TextLimit{Max: 1500, Count: platforms.CodePoints}, "https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts",
		text(false), images(1, 5*mb, "image/jpeg", "image/png")),
	outline("telegram", "Telegram", platforms.TextLimit{Max: 4096, Count: platforms.UTF16Units}, "https://core.telegram.org/bots/api#sendmessage",
		text(true), caption(album(10, 10*mb, stills, 50*mb, 0), platforms.TextLimit{Max: 1024, Count: platforms.UTF16Units, Source: "https://core.telegram.org/bots/api#sendphoto"})),
	outline("snapchat", "Snapchat", platforms.TextLimit{Max: 160, Count: platforms.CodePoints}, "https://developers.snap.com/",
		album(1, 20*mb, []string{"image/jpeg", "image/png"}, 500*mb, 60)),
	outline("discord", "Discord", platforms.TextLimit{Max: 2000, Count: platforms.UTF16Units}, "https://discord.com/developers/docs/resources/message#create-message",
		text(false), album(10, 25*mb, stills, 25*mb, 0)),
	outline("slack", "Slack", platforms.TextLimit{Max: 40000, Count: platforms.CodePoints}, "https://docs.slack.dev/reference/methods/chat.postMessage",
		text(true), album(10, 1*gb, stills, 1*gb, 0)),
}

// A part is a kind of an outline, with the options that make a post one of it whatever media it has.
type part struct {
	platforms.PostKind
	options []string
}

func outline(name, title string, limit platforms.TextLimit, source string, parts ...part) platforms.Info {
	limit.Source = source
	kinds := make([]platforms.PostKind, 0, len(parts))
	for _, p := range parts {
		if p.Source == "" {
			p.Source = source
		}
		kinds = append(kinds, p.PostKind)
	}
	return platforms.Info{Name: name, Title: title, Docs: source, Rules: platforms.Rules{Text: limit, Source: source, Kinds: kinds, KindOf: kindOf(parts)}}
}

func text(needed bool) part {
	return part{PostKind: platforms.PostKind{Name: kindText, Title: "text post", NeedText: needed}}
}

func images(most int, size int64, formats ...string) part {
	return part{PostKind: platforms.PostKind{Name: kindImages, Title: "post with images", MinMedia: 1, MaxMedia: most, Types: []platforms.MediaType{platforms.Image, platforms.GIF}, Mixed: true,
		Image: &platforms.ImageLimits{Formats: formats, MaxBytes: size}}}
}

func video(size int64, least, most float64, formats ...string) part {
	return part{PostKind: platforms.PostKind{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video},
		Video: &platforms.VideoLimits{Formats: formats, MaxBytes: size, MinSeconds: least, MaxSeconds: most}}}
}

func document(size int64) part {
	return part{PostKind: platforms.PostKind{Name: kindDocument, Title: "post with a document", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Document}, Document: size}}
}

// album is a kind that mixes images and videos.
func album(most int, size int64, formats []string, videoSize int64, seconds float64) part {
	return part{PostKind: platforms.PostKind{Name: kindAlbum, Title: "post with media", MinMedia: 1, MaxMedia: most, Types: []platforms.MediaType{platforms.Image, platforms.GIF, platforms.Video}, Mixed: true,
		Image: &platforms.ImageLimits{Formats: formats, MaxBytes: size}, Video: &platforms.VideoLimits{Formats: movies, MaxBytes: videoSize, MaxSeconds: seconds}}}
}

// caption gives a kind a limit of its own for the text.
func caption(p part, limit platforms.TextLimit) part {
	p.Text = &limit
	return p
}

// composed is a post that one of the options brings, so that the post's own text may be missing and is only shown to the user.
func composed(options ...string) part {
	return part{PostKind: platforms.PostKind{Name: kindComposed, Title: "post made of options", DisplayOnly: true}, options: options}
}

// kindOf finds the kind by the options first and then by the media; without media it is a text post where there is such a kind, and
// otherwise the first one, which then lacks its media.
func kindOf(parts []part) func(platforms.Content) string {
	return func(c platforms.Content) string {
		var options map[string]json.RawMessage
		_ = json.Unmarshal(c.Options, &options) // what cannot be read names no option
		for _, p := range parts {
			if slices.ContainsFunc(p.options, func(o string) bool { return len(options[o]) > 0 }) {
				return p.Name
			}
		}
		has := func(t platforms.MediaType) bool {
			return slices.ContainsFunc(c.Media, func(m platforms.Media) bool { return m.Type == t })
		}
		for _, p := range parts {
			switch {
			case p.DisplayOnly:
			case len(c.Media) == 0 && p.MinMedia == 0, has(platforms.Video) && slices.Contains(p.Types, platforms.Video), has(platforms.Document) && slices.Contains(p.Types, platforms.Document):
				return p.Name
			}
		}
		for _, p := range parts {
			if len(c.Media) > 0 && p.MinMedia > 0 && slices.Contains(p.Types, platforms.Image) {
				return p.Name
			}
		}
		if len(c.Media) > 0 && parts[0].MinMedia == 0 && len(parts) > 1 {
			return parts[1].Name
		}
		return parts[0].Name
	}
}
