package twitter

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

// The pages of X that state the limits below.
const (
	docsPost   = "https://docs.x.com/x-api/posts/create-post"
	docsMedia  = "https://docs.x.com/x-api/media/quickstart/best-practices"
	docsCount  = "https://docs.x.com/fundamentals/counting-characters"
	docsLimits = "https://docs.x.com/x-api/fundamentals/rate-limits"
	docsErrors = "https://docs.x.com/x-api/fundamentals/response-codes-and-errors"
)

// The kinds of post.
const (
	kindText   = "text"
	kindImages = "images"
	kindGIF    = "gif"
	kindVideo  = "video"
	kindThread = "thread"
)

// The names of the budgets.
const (
	budgetPosts    = "posts_15min"
	budgetAppPosts = "app_posts_day"
)

const (
	maxPollOption = 25 // characters; docsPost
	minPoll       = 5  // minutes
	maxPoll       = 7 * 24 * 60
	maxShort      = 140 * time.Second // of a video that any account may publish; docsMedia
	// maxThread is ours: a user may write 100 posts in 15 minutes, and a thread must not stop in its middle.
	maxThread = 100
)

var (
	imageLimits = &platforms.ImageLimits{Formats: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: 5 << 20, Source: docsMedia}
	gifLimits   = &platforms.ImageLimits{Formats: []string{"image/gif"}, MaxBytes: 15 << 20, MaxWidth: 1280, Source: docsMedia}
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime"}, Codecs: []string{"h264"}, Chromas: []string{"4:2:0"}, Progressive: true, MaxBytes: 512 << 20, MinSeconds: 0.5, MaxSeconds: 4 * 60 * 60,
		MaxColumns: 1920, MinRatio: 1.0 / 3, MaxRatio: 3, MaxRate: 60, Sound: &platforms.Sound{Codecs: []string{"aac"}, Channels: 2}, Source: docsMedia}
)

var rules = platforms.Rules{
	Text:    platforms.TextLimit{Max: 280, Count: platforms.Weighted, Source: docsCount},
	AltText: 1000,
	Source:  docsPost,
	KindOf:  kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindText, Title: "text post", NeedText: true},
		{Name: kindImages, Title: "post with images", MinMedia: 1, MaxMedia: 4, Types: []platforms.MediaType{platforms.Image}, Image: imageLimits, Source: docsMedia},
		{Name: kindGIF, Title: "post with a GIF", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.GIF}, Image: gifLimits, Source: docsMedia},
		{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: videoLimits, Source: docsMedia},
		{Name: kindThread, Title: "thread", DisplayOnly: true},
	},
}

var budgets = []platforms.Budget{
	{Name: budgetPosts, Scope: "account", Limit: 100, Window: 15 * time.Minute, PerPost: 1, Refund: true, Source: docsLimits},
	{Name: budgetAppPosts, Scope: "app", Limit: 10_000, Window: 24 * time.Hour, PerPost: 1, Refund: true, Source: docsLimits},
}

// Validate finds the faults that the rules cannot say.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{o: opts, media: c.Media}
	v.references()
	v.poll()
	v.media140(c.Media)
	v.labels()
	if len(opts.ThreadItems) > 0 {
		return append(v.problems, platforms.CheckThread(Platform{}.Info(), partValidator{opts.LongVideo}, opts.ThreadItems, maxThread)...)
	}
	return append(v.problems, checkText(c.Text)...)
}

type validator struct {
	o        Options
	media    []platforms.Media
	problems []platforms.Problem
}

func (v *validator) add(rule, field, remedy, message string, args ...any) {
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + field, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

func (v *validator) references() {
	for _, r := range []struct{ rule, field, value string }{{"reply_to.id", "replyToTweetId", v.o.ReplyToTweetID}, {"quote.id", "quoteTweetId", v.o.QuoteTweetID}} {
		if r.value != "" && idOf(r.value) == "" {
			v.add(r.rule, r.field, "Send the post's ID, or its address on x.com.", "%q is neither the ID nor the address of a post", r.value)
		}
	}
	if v.o.QuoteTweetID != "" && (len(v.media) > 0 || v.o.Poll != nil) {
		v.add("quote.alone", "quoteTweetId", "Remove the media and the poll, or the quote.", "a quote has neither media nor a poll")
	}
	switch v.o.ReplySettings {
	case "", "following", "mentionedUsers", "subscribers", "verified":
	default:
		v.add("reply_settings.value", "replySettings", "Send following, mentionedUsers, subscribers or verified, or leave it out for everyone.", "%q does not say who may answer", v.o.ReplySettings)
	}
	if v.o.ReplySettings != "" && v.o.ReplyToTweetID != "" {
		v.add("reply_settings.not_in_reply", "replySettings", "Remove replySettings or replyToTweetId.", "an answer cannot say who may answer it")
	}
}

func (v *validator) poll() {
	p := v.o.Poll
	if p == nil {
		return
	}
	if len(v.media) > 0 {
		v.add("poll.no_media", "poll", "Remove the media or the poll.", "a post with a poll has no media")
	}
	if n := len(p.Options); n < 2 || n > 4 {
		v.add("poll.options", "poll.options", "Send 2 to 4 options.", "the poll has %d options", n)
	}
	for i, o := range p.Options {
		if n := utf8.RuneCountInString(o); n < 1 || n > maxPollOption {
			v.add("poll.option_length", fmt.Sprintf("poll.options[%d]", i), "Send 1 to 25 characters.", "the option has %d characters", n)
		}
	}
	if p.DurationMinutes < minPoll || p.DurationMinutes > maxPoll {
		v.add("poll.duration", "poll.duration_minutes", "Send 5 to 10080 minutes.", "the poll lasts %d minutes", p.DurationMinutes)
	}
}

// media140 holds videos to the length that every account may publish.
func (v *validator) media140(media []platforms.Media) {
	v.problems = append(v.problems, checkVideo(media, v.o.LongVideo)...)
}

func checkVideo(media []platforms.Media, long bool) (problems []platforms.Problem) {
	for i, m := range media {
		if m.Type == platforms.Video && m.Duration > maxShort && !long {
			problems = append(problems, platforms.Problem{Rule: "video.max_length", Field: fmt.Sprintf("mediaItems[%d]", i), Limit: maxShort.Seconds(), Actual: m.Duration.Seconds(), Source: docsMedia,
				Message: fmt.Sprintf("the video lasts %.0f seconds, X allows 140", m.Duration.Seconds()), Remediation: "Cut the video. An account that may publish longer ones (X Premium) sets longVideo."})
		}
	}
	return problems
}

func (v *validator) labels() {
	if v.o.Article != nil {
		v.add("article.not_offered", "article", "Publish the article in X itself.", "articles are not offered")
	}
	v.problems = append(v.problems, v.o.GeoRestriction.Problems()...)
}

// partValidator finds what the rules cannot say of one post of a thread.
type partValidator struct{ long bool }

// Validate checks its text and its video.
func (p partValidator) Validate(c platforms.Content) []platforms.Problem {
	return append(checkText(c.Text), checkVideo(c.Media, p.long)...)
}

var (
	cashtag   = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?:$|[^\p{L}\p{N}_$])`)
	forbidden = regexp.MustCompile("[\ufffe\ufeff\uffff]")
)

func checkText(text string) (problems []platforms.Problem) {
	if n := len(cashtag.FindAllString(text, -1)); n > 1 {
		problems = append(problems, platforms.Problem{Rule: "text.max_cashtags", Field: "content", Limit: 1, Actual: n, Source: docsPost, Message: fmt.Sprintf("the text has %d cashtags, X allows 1", n), Remediation: "Keep one."})
	}
	if forbidden.MatchString(text) {
		problems = append(problems, platforms.Problem{Rule: "text.characters", Field: "content", Source: docsCount, Message: "the text has a character that X refuses: a byte order mark or U+FFFE or U+FFFF", Remediation: "Remove it."})
	}
	return problems
}

// Rules of what only the steps find.
const (
	ruleNotPublished = "not_published"
	ruleChanged      = "post_changed"
	ruleProcessing   = "media.processing"
)

var ruleDocs = slices.Concat([]platforms.RuleDoc{
	option("reply_to.id", "replyToTweetId", "The post to answer is not named", "Send the post's ID, or its address on x.com."),
	option("quote.id", "quoteTweetId", "The post to quote is not named", "Send the post's ID, or its address on x.com."),
	option("quote.alone", "quoteTweetId", "A quote has neither media nor a poll", "Remove the media and the poll, or the quote."),
	option("reply_settings.value", "replySettings", "It is not known who may answer", "Send following, mentionedUsers, subscribers or verified, or leave it out for everyone."),
	option("reply_settings.not_in_reply", "replySettings", "An answer cannot say who may answer it", "Remove replySettings or replyToTweetId."),
	option("poll.no_media", "poll", "A post with a poll has no media", "Remove the media or the poll."),
	option("poll.options", "poll.options", "A poll has 2 to 4 options", "Send 2 to 4 options."),
	option("poll.option_length", "poll.options[0]", "An option of a poll has 1 to 25 characters", "Send 1 to 25 characters."),
	option("poll.duration", "poll.duration_minutes", "A poll lasts 5 minutes to 7 days", "Send 5 to 10080 minutes."),
	option("article.not_offered", "article", "Articles are not offered", "Publish the article in X itself."),
	{Name: "video.max_length", Field: "mediaItems[0]", Title: "The video is too long for X", Limit: "140 seconds", Meaning: "Every account may publish videos of 140 seconds; longer ones are for some.",
		Remedy: "Cut the video. An account that may publish longer ones (X Premium) sets longVideo.", Source: docsMedia},
	{Name: "text.max_cashtags", Field: "content", Title: "The text has too many cashtags for X", Limit: "1", Meaning: "X takes one cashtag, such as $ABC, in a post.", Remedy: "Keep one.", Source: docsPost},
	{Name: "text.characters", Field: "content", Title: "The text has a character that X refuses", Meaning: "The text has a byte order mark, or U+FFFE or U+FFFF.", Remedy: "Remove it.", Source: docsCount},
	{Name: ruleNotPublished, Failure: true, Title: "X would not publish the post", Meaning: "X failed at every try to write the post. Nothing was published.", Remedy: "Retry the post later.", Source: docsPost},
	{Name: ruleChanged, Failure: true, Title: "The post changed while it was published", Meaning: "The post was edited between two steps of publishing it, and has another number of parts or media now.", Remedy: "Retry the post.", Source: docsPost},
	{Name: ruleProcessing, Failure: true, Title: "X could not process the media", Meaning: "X took the file and then failed to process it, or did not finish in time. message holds its own words.", Remedy: "Convert the video to MP4 with H.264 and AAC, then retry.", Source: docsMedia},
}, platforms.ThreadRuleDocs(maxThread, "A user may write only so many posts in a quarter of an hour.", docsLimits), platforms.GeoRuleDocs(docsPost), codeDocs())

func option(name, field, title, remedy string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: name, Field: "platformSpecificData." + field, Title: title, Remedy: remedy, Source: docsPost,
		Meaning: "An option of the post is one that X would refuse: platformSpecificData." + field + "."}
}
