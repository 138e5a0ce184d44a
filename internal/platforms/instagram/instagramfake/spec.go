package instagramfake

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"posthorn/internal/platforms/farside/graph"
)

// kind is what a container becomes.
type kind string

const (
	kindPhoto    kind = "photo"
	kindCarousel kind = "carousel"
	kindReel     kind = "reel"
	kindStory    kind = "story"
	kindChild    kind = "item" // of a carousel
)

// Limits of texts and lists.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
const (
	maxCaption       = 2200 // code points
	maxHashtags      = 30
	maxTags          = 20 // mentions in a caption, and people tagged in a medium
	maxAltText       = 1000
	maxCollaborators = 3
	minChildren      = 2
	maxChildren      = 10
)

// spec is a container as a request describes it, checked as far as the request alone allows.
type spec struct {
	kind                  kind
	image, video, cover   string // URLs
	resumable             bool   // the video comes through the upload host
	caption, altText      string
	tagged, collaborators []string
	children              []string
	thumb                 int64 // milliseconds
	toFeed                *bool
	trial, ai             bool
}

// refused are the parameters that a kind refuses. What is merely useless, Graph ignores, a story's caption among it.
var refused = map[kind][]string{
	kindPhoto:    {"video_url", "children", "share_to_feed", "cover_url", "trial_params", "audio_name", "upload_type"},
	kindCarousel: {"image_url", "video_url", "alt_text", "user_tags", "share_to_feed", "cover_url", "trial_params", "audio_name", "upload_type"},
	kindReel:     {"image_url", "children", "alt_text"},
	kindStory:    {"children", "alt_text", "location_id", "collaborators", "share_to_feed", "cover_url", "trial_params", "audio_name"},
	kindChild: {"children", "caption", "location_id", "collaborators", "is_ai_generated", "share_to_feed", "cover_url", "trial_params",
		"audio_name"},
}

// facebookOnly are the parameters that exist with Facebook login alone.
var facebookOnly = []string{
	"product_tags", "branded_content_sponsor_ids", "is_paid_partnership", "audio_configuration", "poll_attachment",
	"is_poll_duration_extended", "is_comment_prompt_used", "upload_type",
}

// specOf reads and checks a container's parameters.
func specOf(c *call) (*spec, *graph.Failure) {
	s := &spec{caption: c.Params["caption"], altText: c.Params["alt_text"], cover: c.Params["cover_url"]}
	var fail *graph.Failure
	if s.kind, fail = kindOf(c.Params); fail != nil {
		return nil, fail
	}
	for _, name := range refused[s.kind] {
		if c.Params[name] != "" {
			return nil, graph.BadParam("Param " + name + " is not supported for this media type.")
		}
	}
	if c.host == hostInstagram {
		for _, name := range facebookOnly {
			if c.Params[name] != "" {
				return nil, graph.BadParam("Param " + name + " is not supported with Instagram login.")
			}
		}
	}
	for _, read := range []func(graph.Params) *graph.Failure{s.readMedia, s.readTexts, s.readPeople, s.readChoices, s.readChildren} {
		if fail := read(c.Params); fail != nil {
			return nil, fail
		}
	}
	return s, nil
}

// kindOf tells what is asked for by media_type and is_carousel_item. media_type=VIDEO alone was retired in November 2023.
func kindOf(p graph.Params) (kind, *graph.Failure) {
	item, fail := p.Flag("is_carousel_item")
	if fail != nil {
		return "", fail
	}
	isItem := item != nil && *item
	switch mediaType := p["media_type"]; {
	case !slices.Contains([]string{"", "VIDEO", "REELS", "STORIES", "CAROUSEL"}, mediaType):
		return "", failMediaType
	case isItem && (mediaType == "" || mediaType == "VIDEO"):
		return kindChild, nil
	case isItem:
		return "", graph.BadParam("An item of a carousel is an image or a VIDEO, not " + mediaType + ".")
	case mediaType == "":
		return kindPhoto, nil
	case mediaType == "VIDEO":
		return "", failMediaType.Saying("The VIDEO value for media_type is no longer supported. Use the REELS media type to publish a video.")
	default:
		return map[string]kind{"REELS": kindReel, "STORIES": kindStory, "CAROUSEL": kindCarousel}[mediaType], nil
	}
}

// readMedia finds the one medium of the container.
func (s *spec) readMedia(p graph.Params) *graph.Failure {
	s.image, s.video = p["image_url"], p["video_url"]
	switch p["upload_type"] {
	case "":
	case "resumable":
		s.resumable = true
	default:
		return graph.BadParam("Param upload_type must be resumable.")
	}
	wantVideo := s.kind == kindReel || p["media_type"] == "VIDEO" || (s.kind == kindStory && (s.video != "" || s.resumable))
	switch {
	case s.kind == kindCarousel:
		return nil
	case s.resumable && s.video != "":
		return graph.BadParam("Param video_url cannot be used with a resumable upload.")
	case s.image != "" && (s.video != "" || wantVideo):
		return graph.BadParam("A container takes one of image_url and video_url that fits its media_type.")
	case wantVideo && s.video == "" && !s.resumable:
		return graph.BadParam("The parameter video_url is required")
	case !wantVideo && s.image == "":
		return graph.BadParam("The parameter image_url is required")
	}
	return nil
}

var (
	mention = regexp.MustCompile(`(?:^|[^\w@])@\w[\w.]*`)
	hashtag = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_#&])#[\p{L}\p{N}_]+`)
	digits  = regexp.MustCompile(`^\d{1,20}$`)
)

// readTexts checks caption, alternative text and place.
func (s *spec) readTexts(p graph.Params) *graph.Failure {
	if s.kind == kindStory {
		s.caption = ""
	}
	switch {
	case utf8.RuneCountInString(s.caption) > maxCaption:
		return failCaption
	case len(mention.FindAllString(s.caption, -1)) > maxTags:
		return failTags
	case len(hashtag.FindAllString(s.caption, -1)) > maxHashtags:
		return failTags.Saying("Cannot use more than 30 hashtags.")
	case s.altText != "" && s.image == "":
		return graph.BadParam("Param alt_text is supported for images only.")
	case utf8.RuneCountInString(s.altText) > maxAltText:
		return graph.BadParam("Param alt_text can have at most 1000 characters.")
	case p["location_id"] != "" && !digits.MatchString(p["location_id"]):
		return graph.BadParam("INSTAGRAM_PLATFORM_API__INVALID_LOCATION_ID")
	}
	return nil
}

// readPeople checks tags and collaborators. A tag in a photo has a place, one in a video has none, one in a story may have.
func (s *spec) readPeople(p graph.Params) *graph.Failure {
	var tags []struct {
		Username string
		X, Y     *float64
	}
	if fail := p.Object("user_tags", &tags); fail != nil {
		return fail
	}
	if len(tags) > maxTags {
		return failTags
	}
	for _, t := range tags {
		placed := t.X != nil || t.Y != nil
		switch {
		case strings.TrimPrefix(t.Username, "@") == "":
			return graph.BadParam("Each of user_tags needs a username.")
		case s.image == "" && s.kind != kindStory && placed:
			return graph.BadParam("Positions of user_tags are for photos, not for videos.")
		case s.image != "" && s.kind != kindStory && (t.X == nil || t.Y == nil):
			return graph.BadParam("Each of user_tags needs x and y in a photo.")
		case placed && (!share(t.X) || !share(t.Y)):
			return graph.BadParam("Positions of user_tags must be between 0.0 and 1.0.")
		}
		s.tagged = append(s.tagged, strings.TrimPrefix(t.Username, "@"))
	}
	var fail *graph.Failure
	if s.collaborators, fail = p.List("collaborators"); fail != nil {
		return fail
	}
	if len(s.collaborators) > maxCollaborators || slices.Contains(s.collaborators, "") {
		return graph.BadParam("Param collaborators takes at most 3 usernames.")
	}
	return nil
}

func share(v *float64) bool { return v != nil && *v >= 0 && *v <= 1 }

// readChoices checks what a publisher can choose beside the content.
func (s *spec) readChoices(p graph.Params) *graph.Failure {
	var fail *graph.Failure
	if s.toFeed, fail = p.Flag("share_to_feed"); fail != nil {
		return fail
	}
	ai, fail := p.Flag("is_ai_generated")
	if fail != nil {
		return fail
	}
	s.ai = ai != nil && *ai
	if s.thumb, fail = p.Number("thumb_offset", 0); fail != nil {
		return fail
	}
	if s.thumb < 0 || s.thumb > day.Milliseconds() {
		return failThumb
	}
	var trial *struct {
		Strategy string `json:"graduation_strategy"`
	}
	if fail := p.Object("trial_params", &trial); fail != nil || trial == nil {
		return fail
	}
	s.trial = true
	switch {
	case trial.Strategy != "MANUAL" && trial.Strategy != "SS_PERFORMANCE":
		return graph.BadParam("Param trial_params needs a graduation_strategy of MANUAL or SS_PERFORMANCE.")
	case len(s.collaborators) > 0 || (s.toFeed != nil && *s.toFeed):
		return graph.BadParam("A trial reel has no collaborators and is not shared to the feed.")
	}
	return nil
}

// readChildren counts a carousel's children.
func (s *spec) readChildren(p graph.Params) *graph.Failure {
	if s.kind != kindCarousel {
		return nil
	}
	var fail *graph.Failure
	if s.children, fail = p.List("children"); fail != nil {
		return fail
	}
	if len(s.children) < minChildren || len(s.children) > maxChildren {
		return failChildren
	}
	return nil
}
