package instagram

import (
	"time"

	"posthorn/internal/platforms"
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
	budgetCalls       = "calls"
	budgetAppCalls    = "app calls"
	budgetHourlyCalls = "calls_hour"
	budgetContainers  = "containers"
)

var fitImage = platforms.Fit{Formats: []string{"image/jpeg"}, MaxBytes: 8 << 20, MaxWidth: 1440} // docsMedia

var (
	converts     = []string{"image/png", "image/webp"}
	videoFormats = []string{"video/mp4", "video/quicktime"}

	feedImage = &platforms.ImageLimits{Formats: fitImage.Formats, Converts: converts, MaxBytes: fitImage.MaxBytes, MaxWidth: fitImage.MaxWidth,
		MinRatio: 0.8, MaxRatio: 1.91, Source: docsMedia}
	storyImage = &platforms.ImageLimits{Formats: fitImage.Formats, Converts: converts, MaxBytes: fitImage.MaxBytes, MaxWidth: fitImage.MaxWidth, Source: docsMedia}
	reelVideo  = &platforms.VideoLimits{Formats: videoFormats, MaxBytes: 300 << 20, MinSeconds: 3, MaxSeconds: 15 * 60, MaxColumns: 1920, Source: docsMedia}
	shortVideo = &platforms.VideoLimits{Formats: videoFormats, MaxBytes: 100 << 20, MinSeconds: 3, MaxSeconds: 60, MaxColumns: 1920, Source: docsMedia}
)

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
	{Name: budgetCalls, Scope: "account", Window: 24 * time.Hour, Source: docsRateLimits},
	// What Meta grants every account however few see it; failed calls and pages of lists count too.
	{Name: budgetHourlyCalls, Scope: "account", Limit: 200, Window: time.Hour, EveryCall: true, PerPost: 6, Source: docsRateLimits},
	{Name: budgetAppCalls, Scope: "app", Window: time.Hour, Source: docsRateLimits},
	// Meta's pages name 25, 50 and 100; the account's own figure is read before each publish.
	{Name: "posts", Scope: "account", Window: 24 * time.Hour, Source: docsPostLimit},
	{Name: budgetContainers, Scope: "account", Limit: 400, Window: 24 * time.Hour, PerPost: 1, Source: docsMedia},
}
