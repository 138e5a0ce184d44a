package threads

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

// Meta's pages that state the limits below.
const (
	docs        = "https://developers.facebook.com/docs/threads"
	docsPosts   = docs + "/posts"
	docsMedia   = docs + "/overview"
	docsPublish = docs + "/reference/publishing"
	docsLimits  = docs + "/troubleshooting"
	docsReplies = docs + "/reply-management"
)

// The kinds of post.
const (
	kindText     = "text"
	kindImage    = "image"
	kindVideo    = "video"
	kindCarousel = "carousel"
	kindThread   = "thread"
)

// Limits that the rules cannot express; Validate holds posts to them.
const (
	maxText  = 500 // docsMedia
	maxLinks = 5   // in one post; docsPosts
	maxTopic = 50  // docsPosts
	// maxThread is ours: the account may answer 1000 times a day, and a chain must be able to end on the day it begins.
	maxThread = 100
)

var (
	imageLimits = &platforms.ImageLimits{Formats: []string{"image/jpeg", "image/png"}, Converts: []string{"image/webp"}, MaxBytes: 8 << 20, MaxWidth: 1440, MinRatio: 0.1, MaxRatio: 10, Source: docsMedia}
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime"}, Codecs: []string{"h264", "hevc"}, Chromas: []string{"4:2:0"}, Progressive: true, MaxBytes: 1 << 30, MaxSeconds: 300,
		MaxColumns: 1920, MinRatio: 0.01, MaxRatio: 10, MinRate: 23, MaxRate: 60, MaxBitRate: 100_000_000, Sound: &platforms.Sound{Codecs: []string{"aac"}, Channels: 2, Rate: 48_000},
		MoovFirst: true, NoEdits: true, Source: docsMedia}
	media = []platforms.MediaType{platforms.Image, platforms.Video}
)

var rules = platforms.Rules{
	Text:    platforms.TextLimit{Max: maxText, Count: platforms.EmojiBytes, Source: docsMedia},
	AltText: 1000,
	Source:  docsPosts,
	KindOf:  kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindText, Title: "text post", NeedText: true, Source: docsPosts},
		{Name: kindImage, Title: "post with an image", MinMedia: 1, MaxMedia: 1, Types: media[:1], Image: imageLimits, Source: docsPosts},
		{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: media[1:], Video: videoLimits, Source: docsPosts},
		{Name: kindCarousel, Title: "carousel", MinMedia: 2, MaxMedia: 20, Types: media, Mixed: true, Image: imageLimits, Video: videoLimits, Source: docsPosts + "#carousel-posts"},
		{Name: kindThread, Title: "thread", DisplayOnly: true, Source: docsReplies},
	},
}

var budgets = []platforms.Budget{
	// 4800 times the account's impressions of the last 24 hours, which count as ten at least: only the usage header knows more.
	{Name: meta.BudgetCalls, Scope: "account", Window: 24 * time.Hour, Source: docsMedia},
	{Name: "calls_day", Limit: 48_000, Scope: "account", Window: 24 * time.Hour, EveryCall: true, PerPost: 6, Source: docsMedia},
	{Name: meta.BudgetAppCalls, Scope: "app", Window: time.Hour, Source: docsMedia},
	// 250 posts and 1000 replies; the account's own figures are read before each publish.
	{Name: "posts", Scope: "account", Window: 24 * time.Hour, Source: docsLimits},
	{Name: "replies", Scope: "account", Window: 24 * time.Hour, Source: docsLimits},
}

var link = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"]+`)

// Validate finds the faults that the rules cannot say.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	problems = append(problems, checkTopic(opts.TopicTag)...)
	problems = append(problems, checkComment(opts.FirstComment)...)
	if len(opts.ThreadItems) > 0 {
		return append(problems, platforms.CheckThread(Platform{}.Info(), linkCounter{}, opts.ThreadItems, maxThread)...)
	}
	return append(problems, linkCounter{}.Validate(c)...)
}

// linkCounter finds what the rules cannot say of one post of a chain.
type linkCounter struct{}

// Validate counts the addresses in a text, each once.
func (linkCounter) Validate(c platforms.Content) []platforms.Problem {
	seen := map[string]bool{}
	for _, address := range link.FindAllString(c.Text, -1) {
		seen[address] = true
	}
	if len(seen) <= maxLinks {
		return nil
	}
	return []platforms.Problem{{Rule: "text.max_links", Field: "content", Limit: maxLinks, Actual: len(seen), Source: docsPosts,
		Message: fmt.Sprintf("the text has %d links, Threads allows %d", len(seen), maxLinks), Remediation: "Remove some links."}}
}

func checkTopic(topic string) []platforms.Problem {
	const field = "platformSpecificData.topic_tag"
	if n := utf8.RuneCountInString(topic); n > maxTopic {
		return []platforms.Problem{{Rule: "topic_tag.max_length", Field: field, Limit: maxTopic, Actual: n, Source: docsPosts, Message: fmt.Sprintf("the topic has %d characters, Threads allows %d", n, maxTopic), Remediation: "Shorten the topic."}}
	}
	if strings.ContainsAny(topic, ".&") || (topic != "" && strings.TrimSpace(topic) == "") {
		return []platforms.Problem{{Rule: "topic_tag.characters", Field: field, Source: docsPosts, Message: fmt.Sprintf("%q is not a topic: it is blank, or has a full stop or an ampersand", topic), Remediation: "Write it without . and &."}}
	}
	return nil
}

func checkComment(text string) []platforms.Problem {
	const field = "platformSpecificData.firstComment"
	if text != "" && strings.TrimSpace(text) == "" {
		return []platforms.Problem{{Rule: "first_comment.empty", Field: field, Message: "the first comment is empty", Remediation: "Write a comment, or leave firstComment out."}}
	}
	var problems []platforms.Problem
	if n := platforms.EmojiBytes.Of(text); n > maxText {
		problems = append(problems, platforms.Problem{Rule: "first_comment.max_length", Field: field, Limit: maxText, Actual: n, Source: docsMedia,
			Message: fmt.Sprintf("the first comment has %d characters, Threads allows %d", n, maxText), Remediation: "Shorten the comment."})
	}
	if len(linkCounter{}.Validate(platforms.Content{Text: text})) > 0 {
		problems = append(problems, platforms.Problem{Rule: "first_comment.max_links", Field: field, Limit: maxLinks, Source: docsPosts,
			Message: fmt.Sprintf("the first comment has more than %d links", maxLinks), Remediation: "Remove some links from the comment."})
	}
	return problems
}

// ruleDocs describe what Validate and the steps find.
var ruleDocs = slices.Concat(
	[]platforms.RuleDoc{
		{Name: "text.max_links", Field: "content", Title: "The text has too many links for Threads", Limit: "5", Meaning: "Threads takes at most 5 different links in one post.", Remedy: "Remove some links.", Source: docsPosts},
		{Name: "topic_tag.max_length", Field: "platformSpecificData.topic_tag", Title: "The topic is too long", Limit: "50 characters", Meaning: "A topic of Threads has at most 50 characters.", Remedy: "Shorten the topic.", Source: docsPosts},
		{Name: "topic_tag.characters", Field: "platformSpecificData.topic_tag", Title: "The topic has characters that topics do not have", Meaning: "A topic of Threads is not blank, and has no full stop and no ampersand.",
			Remedy: "Write it without . and &.", Source: docsPosts},
		{Name: "first_comment.empty", Field: "platformSpecificData.firstComment", Title: "The first comment is empty", Meaning: "The first comment has nothing but white space.", Remedy: "Write a comment, or leave firstComment out.", Source: docsReplies},
		{Name: "first_comment.max_length", Field: "platformSpecificData.firstComment", Title: "The first comment is too long", Limit: "500", Meaning: "The first comment is a post of its own, with the limit of one.",
			Remedy: "Shorten the comment.", Source: docsMedia},
		{Name: "first_comment.max_links", Field: "platformSpecificData.firstComment", Title: "The first comment has too many links", Limit: "5", Meaning: "The first comment is a post of its own, with the limit of one.",
			Remedy: "Remove some links from the comment.", Source: docsPosts},
	},
	platforms.ThreadRuleDocs(maxThread, "Each post of a chain after the first is a reply, and an account may write only so many in a day.", docsLimits),
	containers.RuleDocs("Threads", docsLimits, docsPublish), table.Docs(docsLimits))
