package linkedin

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/unsure"
)

// The pages of LinkedIn that state the limits below.
const (
	docs          = "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/"
	docsPosts     = docs + "shares/posts-api"
	docsImages    = docs + "shares/images-api"
	docsMany      = docs + "shares/multiimage-post-api"
	docsVideos    = docs + "shares/videos-api"
	docsDocuments = docs + "shares/documents-api"
	docsPolls     = docs + "shares/poll-post-api"
	docsLittle    = docs + "shares/little-text-format"
	docsComments  = docs + "shares/comments-api"
	docsShare     = "https://learn.microsoft.com/en-us/linkedin/consumer/integrations/self-serve/share-on-linkedin"
	docsErrors    = "https://learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling"
)

// The kinds of post.
const (
	kindText     = "text"
	kindImages   = "images"
	kindVideo    = "video"
	kindDocument = "document"
	kindPoll     = "poll"
	kindReshare  = "reshare"
)

// The names of the budgets.
const (
	budgetPosts    = "posts_day"
	budgetAppPosts = "app_posts_day"
)

const (
	maxComment   = 1250             // characters; docsComments
	maxQuestion  = 140              // docsPolls
	maxOption    = 30               // docsPolls
	maxPixels    = 36_152_320       // of an image, which must have fewer; docsImages
	minVideo     = 75 << 10         // bytes; docsVideos
	maxTitle     = 400              // of an article; docsPosts
	maxAbout     = 4000             // its description
	maxDocument  = int64(100 << 20) // docsDocuments
	maxCountries = 25
	maxImages    = 20
)

var (
	imageLimits = &platforms.ImageLimits{Formats: []string{"image/jpeg", "image/png", "image/gif"}, Converts: []string{"image/webp"}, MaxBytes: 8 << 20, Source: docsImages}
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4"}, MaxBytes: 500 << 20, MinSeconds: 3, MaxSeconds: 30 * 60, MinRatio: 1 / 2.4, MaxRatio: 2.4, MinRate: 10, MaxRate: 60, Source: docsVideos}
	documents   = []string{"application/pdf", "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/msword",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
)

var rules = platforms.Rules{
	Text:    platforms.TextLimit{Max: 3000, Count: platforms.LittleText, Source: docsLittle},
	AltText: 4086,
	Source:  docsPosts,
	KindOf:  kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindText, Title: "text post", NeedText: true},
		{Name: kindImages, Title: "post with images", MinMedia: 1, MaxMedia: maxImages, Types: []platforms.MediaType{platforms.Image, platforms.GIF}, Mixed: true, Image: imageLimits, Source: docsMany},
		{Name: kindVideo, Title: "post with a video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: videoLimits, Source: docsVideos},
		{Name: kindDocument, Title: "post with a document", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Document}, Document: maxDocument, Source: docsDocuments},
		{Name: kindPoll, Title: "poll", Source: docsPolls},
		{Name: kindReshare, Title: "reshare", Source: docsPosts},
	},
}

// Of an app that shares for members. Those of other apps are told in the developers' portal alone: POSTHORN_BUDGETS sets them.
var budgets = []platforms.Budget{
	{Name: budgetPosts, Scope: "account", Limit: 150, Window: 24 * time.Hour, PerPost: 1, Refund: true, Source: docsShare},
	{Name: budgetAppPosts, Scope: "app", Limit: 100_000, Window: 24 * time.Hour, PerPost: 1, Refund: true, Source: docsShare},
}

// Validate finds the faults that the rules cannot say.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{o: opts, c: c}
	v.references()
	v.poll()
	v.audience()
	v.media()
	return v.problems
}

type validator struct {
	o        Options
	c        platforms.Content
	problems []platforms.Problem
}

func (v *validator) add(rule, field, remedy, message string, args ...any) {
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + field, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

func (v *validator) references() {
	if o := v.o.OrganizationURN; o != "" && !organizationURN.MatchString(o) {
		v.add("organization.urn", "organizationUrn", "Send urn:li:organization:<number>.", "%q is no URN of an organization", o)
	}
	if r := v.o.ReshareURL; r != "" {
		if parentOf(r) == "" {
			v.add("reshare.url", "reshareUrl", `Send what "Copy link to post" gives, or the post's URN.`, "%q names no post of LinkedIn's", r)
		}
		if v.o.Poll != nil {
			v.add("reshare.no_poll", "reshareUrl", "Remove the poll or reshareUrl.", "a reshare has no poll")
		}
	}
	if n := utf8.RuneCountInString(v.o.FirstComment); n > maxComment {
		v.problems = append(v.problems, platforms.Problem{Rule: "first_comment.max_length", Field: "platformSpecificData.firstComment", Limit: maxComment, Actual: n, Source: docsComments,
			Message: fmt.Sprintf("the first comment has %d characters, LinkedIn allows %d", n, maxComment), Remediation: "Shorten the first comment."})
	}
	if v.o.FirstComment != "" && strings.TrimSpace(v.o.FirstComment) == "" {
		v.add("first_comment.empty", "firstComment", "Write something, or leave firstComment out.", "the first comment holds nothing but spaces")
	}
}

func (v *validator) poll() {
	p := v.o.Poll
	if p == nil {
		return
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(p.Question)); n < 1 || n > maxQuestion {
		v.add("poll.question", "poll.question", "Send 1 to 140 characters.", "the question has %d characters", n)
	}
	if n := len(p.Options); n < 2 || n > 4 {
		v.add("poll.options", "poll.options", "Send 2 to 4 options.", "the poll has %d options", n)
	}
	for i, o := range p.Options {
		if n := utf8.RuneCountInString(strings.TrimSpace(o)); n < 1 || n > maxOption {
			v.add("poll.option_length", fmt.Sprintf("poll.options[%d]", i), "Send 1 to 30 characters.", "the option has %d characters", n)
		}
		if slices.Contains(p.Options[:i], o) {
			v.add("poll.same_option", fmt.Sprintf("poll.options[%d]", i), "Send options that differ.", "the poll has the option %q twice", o)
		}
	}
	if !slices.Contains([]string{"ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS"}, p.lasts()) {
		v.add("poll.duration", "poll.duration", "Send ONE_DAY, THREE_DAYS, SEVEN_DAYS or FOURTEEN_DAYS.", "%q does not say how long the poll lasts", p.Duration)
	}
}

func (v *validator) media() {
	for i, m := range v.c.Media {
		field := fmt.Sprintf("mediaItems[%d].url", i)
		pixels := int64(m.Width) * int64(m.Height)
		switch {
		case m.Type == platforms.Video && m.Size > 0 && m.Size < minVideo:
			v.problems = append(v.problems, platforms.Problem{Rule: "video.min_bytes", Field: field, Limit: minVideo, Actual: m.Size, Source: docsVideos,
				Message: fmt.Sprintf("the video has %d bytes, LinkedIn takes %d and more", m.Size, minVideo), Remediation: "Export the video at a higher quality."})
		case m.Type == platforms.Document && m.MIME != "" && !slices.Contains(documents, m.MIME):
			v.problems = append(v.problems, platforms.Problem{Rule: "document.format", Field: field, Limit: documents, Actual: m.MIME, Source: docsDocuments,
				Message: "LinkedIn does not take documents of format " + m.MIME, Remediation: "Use a PDF."})
		case m.Type != platforms.Video && pixels >= maxPixels:
			v.problems = append(v.problems, platforms.Problem{Rule: "image.pixels", Field: field, Limit: maxPixels, Actual: pixels, Source: docsImages,
				Message: fmt.Sprintf("the image has %dx%d pixels, LinkedIn takes fewer than %d", m.Width, m.Height, maxPixels), Remediation: "Scale the image down."})
		}
	}
}

// Rules of what only the steps find.
const (
	ruleChanged      = "post_changed"
	ruleProcessing   = "media.processing"
	ruleOrganization = "audience.organization"
	ruleEditPoll     = "edit.poll"
)

var ruleDocs = slices.Concat([]platforms.RuleDoc{
	option("organization.urn", "organizationUrn", "The page is not named by its URN", "Send urn:li:organization:<number>."),
	option("reshare.url", "reshareUrl", "The post to reshare is not named", `Send what "Copy link to post" gives, or the post's URN.`),
	option("reshare.no_poll", "reshareUrl", "A reshare has no poll", "Remove the poll or reshareUrl."),
	option("first_comment.empty", "firstComment", "The first comment is empty", "Write something, or leave firstComment out."),
	option("poll.question", "poll.question", "A poll's question has 1 to 140 characters", "Send 1 to 140 characters."),
	option("poll.options", "poll.options", "A poll has 2 to 4 options", "Send 2 to 4 options."),
	option("poll.option_length", "poll.options[0]", "An option of a poll has 1 to 30 characters", "Send 1 to 30 characters."),
	option("poll.same_option", "poll.options[1]", "A poll has an option twice", "Send options that differ."),
	option("poll.duration", "poll.duration", "It is not known how long the poll lasts", "Send ONE_DAY, THREE_DAYS, SEVEN_DAYS or FOURTEEN_DAYS."),
	option("geo.countries", "geoRestriction.countries", "A restriction names 1 to 25 countries", "Send 1 to 25 countries."),
	option("geo.country", "geoRestriction.countries[0]", "A country is not named by its code", `Send codes such as "DE".`),
	option("geo.unknown_country", "geoRestriction.countries[0]", "LinkedIn's name of a country is not known here", "Send LinkedIn's own URN of the country in audience.geoLocations."),
	option("audience.urn", "audience.industries[0]", "A part of the audience is not named by its URN", "Send its URN, or its number."),
	option("audience.staff_count", "audience.staffCountRanges[0]", "A size of a company is not one that LinkedIn has", "Send SIZE_1 to SIZE_10001_OR_MORE."),
	option("audience.locale", "audience.interfaceLocales[0]", "A locale is not one", `Send a language such as "es" with a country such as "ES".`),
	option("audience.empty", "audience", "The audience names nobody", "Say who is to see the post, or leave audience out."),
	{Name: "first_comment.max_length", Field: "platformSpecificData.firstComment", Title: "The first comment is too long for LinkedIn", Limit: "1250 characters", Meaning: "A comment may have 1250 characters.",
		Remedy: "Shorten the first comment.", Source: docsComments},
	{Name: "video.min_bytes", Field: "mediaItems[0].url", Title: "The video's file is too small for LinkedIn", Limit: "75 KB", Meaning: "LinkedIn takes no videos of less than 75 KB.", Remedy: "Export the video at a higher quality.", Source: docsVideos},
	{Name: "image.pixels", Field: "mediaItems[0].url", Title: "The image has too many pixels for LinkedIn", Limit: "fewer than 36152320 pixels", Meaning: "LinkedIn does not take the image as it is.", Remedy: "Scale the image down.", Source: docsImages},
	{Name: "document.format", Field: "mediaItems[0].url", Title: "The document is of a format that LinkedIn does not take", Limit: "PDF, PowerPoint, Word", Meaning: "LinkedIn shows PDF, PPT, PPTX, DOC and DOCX files.", Remedy: "Use a PDF.", Source: docsDocuments},
	{Name: ruleOrganization, Field: "platformSpecificData.audience", Failure: true, Title: "A member's own post is for everybody", Meaning: "audience and geoRestriction are for the posts of pages, and the account is a member.",
		Remedy: "Publish as a page, or remove audience and geoRestriction.", Source: docsPosts},
	{Name: ruleEditPoll, Field: "content", Failure: true, Title: "A poll cannot be edited", Meaning: "LinkedIn does not change the text of a poll.", Remedy: "Remove the post and publish it anew.", Source: docsPolls},
	unsure.RuleDoc("LinkedIn", docsPosts),
	{Name: ruleChanged, Failure: true, Title: "The post changed while it was published", Meaning: "The post was edited between two steps of publishing it, and has another number of media now.", Remedy: "Retry the post.", Source: docsPosts},
	{Name: ruleProcessing, Failure: true, Title: "LinkedIn could not process the media", Meaning: "LinkedIn took the file and then failed to process it, or did not finish in time. message holds its own words.",
		Remedy: "Export the file anew: a video as MP4 with H.264 and AAC, a document as PDF. Then retry.", Source: docsVideos},
}, codeDocs())

func option(name, field, title, remedy string) platforms.RuleDoc {
	return platforms.RuleDoc{Name: name, Field: "platformSpecificData." + field, Title: title, Remedy: remedy, Source: docsPosts,
		Meaning: "An option of the post is one that LinkedIn would refuse: platformSpecificData." + field + "."}
}
