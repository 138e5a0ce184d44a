package bluesky

import (
	"fmt"
	"slices"
	"time"

	"posthorn/internal/platforms"
)

const (
	postSchema   = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json"
	imagesSchema = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json"
	videoSchema  = "https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json"
	rateLimits   = "https://docs.bsky.app/docs/advanced-guides/rate-limits"

	// maxImageBytes is what every host takes; those with schemas of April 2026 and later take twice that.
	maxImageBytes = 1_000_000
	maxVideoBytes = 300_000_000
	maxVideoAlt   = 1000 // graphemes
	maxLangs      = 3
	// maxThread is ours: a thread of this length spends 200 of an hour's 5000 points.
	maxThread = 100
)

// The names of the kinds of post.
const (
	kindText   = "text"
	kindImages = "images"
	kindVideo  = "video"
	kindThread = "thread"
)

// imageFormats are those that the app shows; the first is what others are turned into. An animated GIF is shown as a still picture.
var imageFormats = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// The schemas name no codecs, frame rates or bit rates: the video service codes every video anew, whatever it was coded with.
var (
	imageLimits = &platforms.ImageLimits{Formats: imageFormats, MaxBytes: maxImageBytes, Source: imagesSchema}
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4"}, MaxBytes: maxVideoBytes, MaxSeconds: 180, Source: videoSchema}
)

var rules = platforms.Rules{
	Text:    platforms.TextLimit{Max: 300, Count: platforms.Graphemes, MaxBytes: 3000, Source: postSchema},
	AltText: 2000, // the app's own limit; the schema has none
	Source:  postSchema,
	Kinds: []platforms.PostKind{
		{Name: kindText, Title: "text post", NeedText: true},
		{Name: kindImages, Title: "post with images", MinMedia: 1, MaxMedia: 4, Types: []platforms.MediaType{platforms.Image, platforms.GIF}, Mixed: true,
			Image: imageLimits, Source: imagesSchema},
		{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video},
			Video: videoLimits, Source: videoSchema},
		{Name: kindThread, Title: "thread", DisplayOnly: true},
	},
	KindOf: kindOf,
}

// budgets are the limits that Bluesky's own hosts state. Other hosts choose their own figures, or none, and refuse in their own words.
var budgets = []platforms.Budget{
	{Name: budgetPointsHour, Scope: "account", Limit: 5000, Window: time.Hour, PerPost: pointsOfPut, Source: rateLimits},
	{Name: budgetPointsDay, Scope: "account", Limit: 35_000, Window: 24 * time.Hour, PerPost: pointsOfPut, Source: rateLimits},
	{Name: budgetBlobs, Scope: "account", Limit: 1000, Window: 24 * time.Hour, Source: rateLimits},
	{Name: budgetRequests, Scope: "account", Window: 5 * time.Minute, Source: rateLimits}, // stated per address of the caller and host, told with each answer
}

func kindOf(c platforms.Content) string {
	if opts, problems := platforms.DecodeOptions[Options](c.Options); len(problems) == 0 && len(opts.ThreadItems) > 0 {
		return kindThread
	}
	switch {
	case len(c.Media) == 0:
		return kindText
	case slices.ContainsFunc(c.Media, isVideo):
		return kindVideo
	}
	return kindImages
}

func isVideo(m platforms.Media) bool { return m.Type == platforms.Video }

var _ platforms.Validator = Platform{}

// Validate finds the faults of languages, threads and video descriptions.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	problems = append(problems, checkLangs(opts.Langs)...)
	if len(opts.ThreadItems) == 0 {
		return append(problems, checkVideoAlt(c.Media)...)
	}
	return append(problems, platforms.CheckThread(Platform{}.Info(), altValidator{}, opts.ThreadItems, maxThread)...)
}

func checkLangs(langs []string) []platforms.Problem {
	var problems []platforms.Problem
	if n := len(langs); n > maxLangs {
		problems = append(problems, platforms.Problem{Rule: "langs.max", Field: "platformSpecificData.langs", Limit: maxLangs, Actual: n,
			Message: fmt.Sprintf("a Bluesky post names at most %d languages, this names %d", maxLangs, n), Remediation: "Keep the main ones."})
	}
	for i, l := range langs {
		if _, ok := parseLang(l); !ok {
			problems = append(problems, platforms.Problem{Rule: "langs.tag", Field: fmt.Sprintf("platformSpecificData.langs[%d]", i), Actual: l,
				Message: fmt.Sprintf("%q is not a BCP 47 language tag", l), Remediation: `Use a tag such as "en" or "pt-BR".`})
		}
	}
	return problems
}

func checkVideoAlt(media []platforms.Media) []platforms.Problem {
	var problems []platforms.Problem
	for i, m := range media {
		if n := platforms.Graphemes.Of(m.AltText); isVideo(m) && n > maxVideoAlt {
			problems = append(problems, platforms.Problem{Rule: "video.alt_text", Field: fmt.Sprintf("mediaItems[%d].altText", i), Limit: maxVideoAlt, Actual: n,
				Message:     fmt.Sprintf("the alt text of the video has %d characters, Bluesky allows %d", n, maxVideoAlt),
				Remediation: "Shorten the alt text.", Source: videoSchema})
		}
	}
	return problems
}

// altValidator finds what the rules cannot say of one post of a thread.
type altValidator struct{}

// Validate checks the descriptions of videos.
func (altValidator) Validate(c platforms.Content) []platforms.Problem { return checkVideoAlt(c.Media) }
