package facebook

import (
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// Meta's pages that state the limits below.
const (
	docs         = "https://developers.facebook.com/docs"
	docsPosts    = docs + "/pages-api/posts"
	docsFeed     = docs + "/graph-api/reference/page/feed"
	docsPhotos   = docs + "/graph-api/reference/page/photos"
	docsVideos   = docs + "/video-api/guides/publishing"
	docsReels    = docs + "/video-api/guides/reels-publishing"
	docsStories  = docs + "/page-stories-api"
	docsComments = docs + "/graph-api/reference/page-post/comments"
	docsLimits   = docs + "/graph-api/overview/rate-limiting"
	docsErrors   = docs + "/graph-api/guides/error-handling"
)

// The kinds of post.
const (
	kindText     = "text"
	kindPhotos   = "photos"
	kindVideo    = "video"
	kindReel     = "reel"
	kindStory    = "story"
	kindCarousel = "carousel"
)

// Limits that the rules cannot express; Validate holds posts to them.
const (
	maxText    = 63206 // characters; docsFeed
	maxReel    = 2200  // characters of what is said of a reel
	maxComment = 8000  // characters
	maxTitle   = 255   // characters of a video's title
	minCards   = 2     // docsFeed
	maxPhotos  = 10    // more are taken, and collapse in an album
)

// budgetReels is the number of reels in a day. docsReels
const budgetReels = "reels"

var (
	// Facebook takes up to 10 MB, and fails at times above 4; docsPhotos. A moving image would stand still.
	image      = &platforms.ImageLimits{Formats: []string{"image/jpeg", "image/png"}, Converts: []string{"image/webp", "image/gif"}, MaxBytes: 4 << 20, Source: docsPhotos}
	feedVideo  = &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime"}, MaxBytes: maxVideoBytes, MinSeconds: 1, MaxSeconds: videoLongest, MinRatio: uprightRatio - uprightSlack, MaxRatio: 16.0/9 + uprightSlack, Source: docsVideos}
	reelVideo  = upright(longestReel.Seconds(), docsReels)
	storyVideo = upright(storyLongest, docsStories)
)

// upright are the limits of reels and of stories. The page names closed groups of pictures too, which no file tells.
func upright(seconds float64, source string) *platforms.VideoLimits {
	return &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime"}, Codecs: []string{"h264", "hevc", "av1", "vp9"}, Chromas: []string{"4:2:0"}, Progressive: true, MaxBytes: maxVideoBytes,
		MinSeconds: shortestReel.Seconds(), MaxSeconds: seconds, MinRatio: uprightRatio - uprightSlack, MaxRatio: uprightRatio + uprightSlack, MinRate: 23, MaxRate: 60, Sound: &platforms.Sound{Codecs: []string{"aac"}, Channels: 2, Rate: 48_000},
		MoovFirst: true, Source: source}
}

var rules = platforms.Rules{
	Text:   platforms.TextLimit{Max: maxText, Count: platforms.CodePoints, Source: docsFeed},
	Source: docsPosts,
	KindOf: kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindText, Title: "text post", NeedText: true, Source: docsFeed},
		{Name: kindPhotos, Title: "post with photos", MinMedia: 1, MaxMedia: maxPhotos, Types: []platforms.MediaType{platforms.Image}, Image: image, Source: docsPhotos},
		{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: feedVideo, Source: docsVideos},
		{Name: kindReel, Title: "reel", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: reelVideo,
			Text: &platforms.TextLimit{Max: maxReel, Count: platforms.CodePoints, Source: docsReels}, Source: docsReels},
		{Name: kindStory, Title: "story", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Image, platforms.Video}, Image: image, Video: storyVideo, Source: docsStories},
		{Name: kindCarousel, Title: "carousel", MinMedia: minCards, MaxMedia: maxPhotos, Types: []platforms.MediaType{platforms.Image}, Image: image, Source: docsFeed},
	},
}

var budgets = []platforms.Budget{
	// 4800 times the people who did something with the Page in the last 24 hours: only the usage header knows.
	{Name: meta.BudgetCalls, Scope: "account", Window: 24 * time.Hour, Source: docsLimits},
	{Name: meta.BudgetAppCalls, Scope: "app", Window: time.Hour, Source: docsLimits},
	{Name: budgetReels, Scope: "account", Limit: 30, Window: 24 * time.Hour, PerPost: 1, Refund: true, Source: docsReels},
}
