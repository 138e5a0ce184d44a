package tiktok

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"posthorn/internal/platforms"
)

// The pages of TikTok that state the limits below.
const (
	docsPost    = "https://developers.tiktok.com/doc/content-posting-api-reference-direct-post"
	docsPhotos  = "https://developers.tiktok.com/doc/content-posting-api-reference-photo-post"
	docsMedia   = "https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide"
	docsCreator = "https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info"
	docsStatus  = "https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status"
	docsSharing = "https://developers.tiktok.com/doc/content-sharing-guidelines"
	docsRates   = "https://developers.tiktok.com/doc/content-posting-api-get-started"
)

// The kinds of post.
const (
	kindVideo  = "video"
	kindImages = "images"
)

// The names of the budgets.
const (
	budgetBegun   = "begun_minute"
	budgetLooks   = "looks_minute"
	budgetCreator = "creator_minute"
	budgetVideos  = "videos_day"
	budgetPhotos  = "photos_day"
)

const (
	maxTitle       = 90   // of a photo post, in UTF-16 units; docsPhotos
	maxDescription = 4000 // of a photo post, in UTF-16 units; docsPhotos
	maxPhotos      = 35
	defaultCover   = 1000 // milliseconds
)

var (
	imageLimits = &platforms.ImageLimits{Formats: []string{"image/jpeg", "image/webp"}, Converts: []string{"image/png"}, MaxBytes: 20 << 20, MaxWidth: 1080, Source: docsMedia}
	videoLimits = &platforms.VideoLimits{Formats: []string{"video/mp4", "video/quicktime", "video/webm"}, Codecs: []string{"h264", "hevc", "vp8", "vp9"}, MaxBytes: 4 << 30, MinSeconds: 3, MaxSeconds: 10 * 60,
		MaxColumns: 4096, MinRate: 23, MaxRate: 60, Source: docsMedia}
)

var rules = platforms.Rules{
	Text:   platforms.TextLimit{Max: 2200, Count: platforms.UTF16Units, Source: docsPost},
	Source: docsPost,
	KindOf: kindOf,
	Kinds: []platforms.PostKind{
		{Name: kindVideo, Title: "video", MinMedia: 1, MaxMedia: 1, Types: []platforms.MediaType{platforms.Video}, Video: videoLimits, Source: docsPost},
		{Name: kindImages, Title: "photo post", MinMedia: 1, MaxMedia: maxPhotos, Types: []platforms.MediaType{platforms.Image},
			Text: &platforms.TextLimit{Max: maxDescription, Count: platforms.UTF16Units, Source: docsPhotos}, Image: imageLimits, Source: docsPhotos},
	},
}

// budgets are what TikTok counts. The posts of a day are counted by all apps together, so that it may refuse one before ours are used up; a post over the
// limit waits.
var budgets = []platforms.Budget{
	{Name: budgetBegun, Scope: "account", Limit: 6, Window: time.Minute, PerPost: 1, Source: docsPost},
	{Name: budgetLooks, Scope: "account", Limit: 30, Window: time.Minute, PerPost: 8, Source: docsStatus},
	{Name: budgetCreator, Scope: "account", Limit: 20, Window: time.Minute, PerPost: 1, Source: docsCreator},
	{Name: budgetVideos, Scope: "account", Limit: 15, Window: 24 * time.Hour, Refund: true, Source: docsRates},
	{Name: budgetPhotos, Scope: "account", Limit: 15, Window: 24 * time.Hour, Refund: true, Source: docsRates},
}

// Validate finds the faults that the rules cannot say.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{o: opts, c: c, photos: kindOf(c) == kindImages}
	v.notOffered()
	v.media()
	v.values()
	if !opts.Draft {
		v.consent()
	}
	return v.problems
}

type validator struct {
	o        Options
	c        platforms.Content
	photos   bool
	problems []platforms.Problem
}

// add notes that an option breaks the rule of a name, which has its words in optionRules.
func (v *validator) add(rule string, message string, args ...any) {
	r := optionRules[rule]
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + r.field, Message: fmt.Sprintf(message, args...), Remediation: r.remedy, Source: r.source})
}

// notOffered refuses what only TikTok's API for businesses does, before somebody believes that it was done.
func (v *validator) notOffered() {
	for _, o := range []struct {
		name string
		set  bool
	}{{"videoCoverImageUrl", v.o.VideoCoverImageURL != nil}, {"musicSoundInfo", v.o.MusicSoundInfo != nil}, {"videoOriginalSoundVolume", v.o.VideoOriginalSoundVolume != nil},
		{"locationId", v.o.LocationID != nil}, {"locationName", v.o.LocationName != nil}, {"isAdsOnly", allowed(v.o.IsAdsOnly)}} {
		if o.set {
			v.add("not_offered", "%s is not offered: only TikTok's API for businesses has it", o.name)
			v.problems[len(v.problems)-1].Field = "platformSpecificData." + o.name
		}
	}
}

func (v *validator) media() {
	switch t := v.o.MediaType; {
	case t == "":
	case t != "video" && t != "photo":
		v.add("media_type.value", "%q is neither video nor photo", t)
	case (t == "photo") != v.photos:
		v.add("media_type.fits", "mediaType is %s, and the attached media are not", t)
	}
	if n := v.o.PhotoCoverIndex; n < 0 || (v.photos && n >= max(1, len(v.c.Media))) {
		v.add("photo_cover.index", "photoCoverIndex is %d, and there are %d photos", n, len(v.c.Media))
	}
	if at := v.o.VideoCoverTimestampMs; at != nil && !v.photos {
		if length := v.length(); *at < 0 || (length > 0 && time.Duration(*at)*time.Millisecond > length) {
			v.add("video_cover.time", "videoCoverTimestampMs is %d, and the video lasts %d ms", *at, length.Milliseconds())
		}
	}
	if n := platforms.UTF16Units.Of(v.o.Description); n > maxDescription {
		v.add("description.max_length", "the description has %d characters, TikTok allows %d", n, maxDescription)
	}
	if v.o.Description != "" && !v.photos {
		v.add("description.photos", "only a photo post has a description")
	}
}

func (v *validator) length() time.Duration {
	if len(v.c.Media) == 0 {
		return 0
	}
	return v.c.Media[0].Duration
}

func (v *validator) values() {
	if p := v.o.PrivacyLevel; p != "" && !slices.Contains(privacies, p) {
		v.add("privacy.value", "%q is no privacy level", p)
	}
	switch v.o.CommercialContentType {
	case "", promotesNothing, promotesOwn, promotesOther:
	default:
		v.add("commercial.value", "%q does not say what the post promotes", v.o.CommercialContentType)
	}
	if branded, _ := v.o.disclosures(); branded && v.o.PrivacyLevel == alone {
		v.add("commercial.private", "a post that another business pays for cannot be for its creator alone")
	}
}

// consent holds a post that is published directly to what TikTok's guidelines want its creator to have chosen and seen: nothing has a default.
func (v *validator) consent() {
	if v.o.PrivacyLevel == "" {
		v.add("privacy.required", "it is not said who may see the post")
	}
	if v.o.AllowComment == nil {
		v.add("comment.required", "it is not said whether the post may be commented on")
	}
	if !v.photos && v.o.AllowDuet == nil {
		v.add("duet.required", "it is not said whether there may be duets with the video")
	}
	if !v.photos && v.o.AllowStitch == nil {
		v.add("stitch.required", "it is not said whether the video may be stitched")
	}
	if !v.o.ContentPreviewConfirmed {
		v.add("preview.required", "it is not confirmed that the creator has seen the post")
	}
	if !v.o.ExpressConsentGiven {
		v.add("consent.required", "the creator has not agreed to the post")
	}
}

// optionRule is what is said of a fault of an option.
type optionRule struct{ field, title, meaning, remedy, source string }

const guideline = "TikTok's guidelines want the creator to choose this for every post, without a default. A draft needs none of it."

var optionRules = map[string]optionRule{
	"privacy.required":       {"privacyLevel", "The privacy level is missing", guideline, "Send a privacyLevel that GET /v1/accounts/{accountId}/tiktok/creator-info lists, chosen by the creator.", docsSharing},
	"privacy.value":          {"privacyLevel", "The privacy level is not one of TikTok's", "privacyLevel names none of TikTok's privacy levels.", "Send PUBLIC_TO_EVERYONE, MUTUAL_FOLLOW_FRIENDS, FOLLOWER_OF_CREATOR or SELF_ONLY.", docsCreator},
	"comment.required":       {"allowComment", "It is not said whether comments are allowed", guideline, "Send allowComment.", docsSharing},
	"duet.required":          {"allowDuet", "It is not said whether duets are allowed", guideline, "Send allowDuet.", docsSharing},
	"stitch.required":        {"allowStitch", "It is not said whether stitches are allowed", guideline, "Send allowStitch.", docsSharing},
	"preview.required":       {"contentPreviewConfirmed", "The creator has not seen the post", guideline, "Show the creator the post, then send contentPreviewConfirmed as true.", docsSharing},
	"consent.required":       {"expressConsentGiven", "The creator has not agreed to the post", guideline, "Ask the creator, then send expressConsentGiven as true.", docsSharing},
	"commercial.value":       {"commercialContentType", "It is not known what the post promotes", "commercialContentType is none of its values.", "Send none, brand_organic or brand_content.", docsSharing},
	"commercial.private":     {"privacyLevel", "Branded content cannot be private", "A post that another business pays for cannot be seen by its creator alone.", "Take another privacyLevel, or remove the disclosure.", docsSharing},
	"media_type.value":       {"mediaType", "The type of the post is not known", "mediaType is neither video nor photo.", "Leave mediaType out.", docsPost},
	"media_type.fits":        {"mediaType", "The type of the post is not that of its media", "mediaType says another thing than the attached media.", "Leave mediaType out, or attach media of that type.", docsPost},
	"photo_cover.index":      {"photoCoverIndex", "The cover is none of the photos", "photoCoverIndex counts the photos from 0.", "Send the place of one of the photos.", docsPhotos},
	"video_cover.time":       {"videoCoverTimestampMs", "The cover is no moment of the video", "videoCoverTimestampMs lies before the video's start or behind its end.", "Send a moment of the video, in milliseconds.", docsPost},
	"description.max_length": {"description", "The description is too long for TikTok", "The text below a photo post's title takes 4000 UTF-16 units.", "Shorten the description.", docsPhotos},
	"description.photos":     {"description", "A video has no description", "Only photo posts have a title and a description; the text of a video is its caption.", "Put the text into content.", docsPost},
	"not_offered":            {"musicSoundInfo", "The option is not offered", "Music, locations, sound volumes, own cover images and posts for ads alone are for TikTok's API for businesses, which this server does not speak.", "Leave the option out.", docsPost},
}

// ruleUpload is a rule of what only the steps find.
const ruleUpload = "upload"

var ruleDocs = slices.Concat(optionDocs(), []platforms.RuleDoc{
	{Name: ruleUpload, Failure: true, Title: "TikTok does not take a piece of the video", Meaning: "TikTok refused a piece of the video, or the upload of it ended. It is sent again or begun anew, where that can help.", Remedy: "Retry the post.", Source: docsMedia},
}, codeDocs())

func optionDocs() (list []platforms.RuleDoc) {
	for name, r := range optionRules {
		list = append(list, platforms.RuleDoc{Name: name, Field: "platformSpecificData." + r.field, Title: r.title, Meaning: r.meaning, Remedy: r.remedy, Source: r.source})
	}
	slices.SortFunc(list, func(a, b platforms.RuleDoc) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

var typeOfSettings = reflect.TypeFor[map[string]any]()
