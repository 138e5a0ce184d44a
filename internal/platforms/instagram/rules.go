package instagram

import (
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// Meta's pages that state the limits below.
const (
	docs           = "https://developers.facebook.com/docs/instagram-platform"
	docsGuide      = docs + "/content-publishing"
	docsMedia      = docs + "/instagram-graph-api/reference/ig-user/media"
	docsPublish    = docs + "/instagram-graph-api/reference/ig-user/media_publish"
	docsPostLimit  = docs + "/instagram-graph-api/reference/ig-user/content_publishing_limit"
	docsComments   = docs + "/instagram-graph-api/reference/ig-media/comments"
	docsRateLimits = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"
)

// The kinds of post.
const (
	kindPhoto    = "photo"
	kindCarousel = "carousel"
	kindReel     = "reel"
	kindStory    = "story"
)

// Limits that the rules cannot express; Validate holds posts to them.
const (
	maxCollaborators   = 3   // docsMedia
	maxTags            = 20  // for each item; docsMedia
	maxSponsors        = 2   // docsMedia
	maxComment         = 300 // characters; docsComments
	maxCommentHashtags = 4   // docsComments
	maxCommentLinks    = 1   // docsComments
)

// The names of the budgets.
const (
	budgetHourlyCalls = "calls_hour"
	budgetContainers  = "containers"
)

var (
	formats      = []string{"image/jpeg"}
	converts     = []string{"image/png", "image/webp"}
	videoFormats = []string{"video/mp4", "video/quicktime"}

	feedImage  = &platforms.ImageLimits{Formats: formats, Converts: converts, MaxBytes: maxImageBytes, MaxWidth: maxImageWidth, MinRatio: 0.8, MaxRatio: 1.91, Source: docsMedia}
	storyImage = &platforms.ImageLimits{Formats: formats, Converts: converts, MaxBytes: maxImageBytes, MaxWidth: maxImageWidth, Source: docsMedia}
	reelVideo  = film(300<<20, 15*60)
	shortVideo = film(100<<20, 60)
)

// The limits of images. Narrower ones than 320 pixels are scaled up by Instagram itself.
const (
	maxImageBytes = 8 << 20 // docsMedia
	maxImageWidth = 1440    // docsMedia
)

// film are the limits that all videos share. The page also names a bit rate of sound, 128 kbit/s: it says what is recommended rather than
// what is refused, and sound is coded anew in any case.
func film(bytes int64, seconds float64) *platforms.VideoLimits {
	return &platforms.VideoLimits{Formats: videoFormats, Codecs: []string{"h264", "hevc"}, Chromas: []string{"4:2:0"}, Progressive: true, MaxBytes: bytes, MinSeconds: 3, MaxSeconds: seconds,
		MaxColumns: 1920, MinRatio: 0.01, MaxRatio: 10, MinRate: 23, MaxRate: 60, MaxBitRate: 25_000_000, Sound: &platforms.Sound{Codecs: []string{"aac"}, Channels: 2, Rate: 48_000},
		MoovFirst: true, NoEdits: true, Source: docsMedia}
}

var rules = platforms.Rules{
	Text:     platforms.TextLimit{Max: 2200, Count: platforms.CodePoints, Source: docsMedia},
	Hashtags: 30,
	Mentions: 20,
	AltText:  1000,
	Source:   docsMedia,
	KindOf:   kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindPhoto, Title: "photo", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Image}, Image: feedImage, Source: docsGuide},
		{Name: kindCarousel, Title: "carousel", MinMedia: 2, MaxMedia: 10, Types: []platforms.MediaType{platforms.Image, platforms.Video}, Mixed: true,
			Image: feedImage, Video: shortVideo, Source: docsGuide + "#carousel-posts"},
		{Name: kindReel, Title: "reel", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: reelVideo, Source: docsGuide + "#reels-posts"},
		{Name: kindStory, Title: "story", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Image, platforms.Video},
			Image: storyImage, Video: shortVideo, Source: docsGuide + "#story-posts"},
	},
}

var budgets = []platforms.Budget{
	// 4800 times the account's impressions of the last 24 hours: only the usage header knows.
	{Name: meta.BudgetCalls, Scope: "account", Window: 24 * time.Hour, Source: docsRateLimits},
	// What Meta grants every account however few see it; failed calls and pages of lists count too.
	{Name: budgetHourlyCalls, Scope: "account", Limit: 200, Window: time.Hour, EveryCall: true, PerPost: 6, Source: docsRateLimits},
	{Name: meta.BudgetAppCalls, Scope: "app", Window: time.Hour, Source: docsRateLimits},
	// Meta's pages name 25, 50 and 100; the account's own figure is read before each publish.
	{Name: "posts", Scope: "account", Window: 24 * time.Hour, Source: docsPostLimit},
	{Name: budgetContainers, Scope: "account", Limit: 400, Window: 24 * time.Hour, PerPost: 1, Source: docsMedia},
}
