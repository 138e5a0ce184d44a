package instagram

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"posthorn/internal/platforms"
)

var (
	commentHashtag = regexp.MustCompile(`(?:^|[^\p{L}\p{N}_&])#[\p{L}\p{N}_]+`)
	commentLink    = regexp.MustCompile(`(?i)\bhttps?://\S`)
)

// Validate finds the faults that the rules cannot say: those of the options.
func (Platform) Validate(c platforms.Content) []platforms.Problem {
	opts, problems := platforms.DecodeOptions[Options](c.Options)
	if len(problems) > 0 {
		return problems
	}
	v := validator{opts: opts, content: c, kind: kindOf(c)}
	v.comment()
	v.collaborators()
	v.reel()
	v.tags()
	v.partnership()
	if v.kind == kindStory {
		v.story()
	}
	return v.problems
}

type validator struct {
	opts     Options
	content  platforms.Content
	kind     string
	problems []platforms.Problem
}

// add reports a fault of one option.
func (v *validator) add(rule, option, remedy, message string, args ...any) {
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + option, Message: fmt.Sprintf(message, args...), Remediation: remedy})
}

// over reports a number over its limit.
func (v *validator) over(rule, option, what string, limit, actual int, source string) {
	if actual <= limit {
		return
	}
	v.problems = append(v.problems, platforms.Problem{Rule: rule, Field: "platformSpecificData." + option, Limit: limit, Actual: actual, Source: source,
		Message: fmt.Sprintf("%s: %d, Instagram allows %d", what, actual, limit), Remediation: fmt.Sprintf("Send at most %d.", limit)})
}

func (v *validator) comment() {
	text := v.opts.FirstComment
	if text == "" {
		return
	}
	v.over("first_comment.max_length", "firstComment", "characters in the first comment", maxComment, utf8.RuneCountInString(text), docsComments)
	v.over("first_comment.max_hashtags", "firstComment", "hashtags in the first comment", maxCommentHashtags, len(commentHashtag.FindAllString(text, -1)), docsComments)
	v.over("first_comment.max_links", "firstComment", "links in the first comment", maxCommentLinks, len(commentLink.FindAllString(text, -1)), docsComments)
	if strings.TrimSpace(text) == "" {
		v.add("first_comment.empty", "firstComment", "Write a comment, or leave firstComment out.", "the first comment is empty")
	}
	if v.opts.commentsOff() {
		v.add("first_comment.comments_disabled", "firstComment", "Leave out firstComment or commentsEnabled.", "a post with comments turned off takes no first comment")
	}
}

func (v *validator) collaborators() {
	v.over("collaborators.max", "collaborators", "collaborators", maxCollaborators, len(v.opts.Collaborators), docsMedia)
	for i, name := range v.opts.Collaborators {
		if bare(name) == "" {
			v.add("collaborators.username", fmt.Sprintf("collaborators[%d]", i), "Send the user name.", "the user name is empty")
		}
	}
}

// reel checks the options that only a reel has.
func (v *validator) reel() {
	o, isReel := v.opts, v.kind == kindReel
	for _, given := range []struct {
		option, rule string
		is           bool
	}{
		{"trialParams", "trial_params.reel_only", o.TrialParams != nil},
		{"audioName", "audio_name.reel_only", o.AudioName != ""},
		{"audioConfiguration", "audio_configuration.reel_only", o.AudioConfiguration != nil},
		{"thumbOffset", "thumb_offset.reel_only", o.ThumbOffset != nil},
		{"instagramThumbnail", "cover.reel_only", o.InstagramThumbnail != ""},
		{"reelCover", "cover.reel_only", o.ReelCover != ""},
		{"shareToFeed", "share_to_feed.reel_only", o.ShareToFeed != nil && !*o.ShareToFeed && v.kind != kindStory},
	} {
		if given.is && !isReel {
			v.add(given.rule, given.option, "Remove "+given.option+".", "%s works only for a reel, and this is a %s", given.option, v.kind)
		}
	}
	v.trial()
	if o.ThumbOffset != nil {
		v.thumbOffset(*o.ThumbOffset)
	}
	if a := o.AudioConfiguration; a != nil {
		if a.AudioID == "" {
			v.add("audio_configuration.audio_id", "audioConfiguration.audioId", "Send the ID of a sound of Instagram's library.", "audioConfiguration needs an audioId")
		}
		if (a.AudioVolume != nil && *a.AudioVolume < 0) || (a.VideoVolume != nil && *a.VideoVolume < 0) {
			v.add("audio_configuration.volume", "audioConfiguration", "Send 0 or more.", "a volume cannot be negative")
		}
	} else if o.MuteAudio {
		v.add("mute_audio.needs_music", "muteAudio", "Mute the video before attaching it, or add audioConfiguration.",
			"Instagram can silence a video's sound only beneath music that audioConfiguration adds")
	}
}

func (v *validator) trial() {
	t := v.opts.TrialParams
	if t == nil {
		return
	}
	if t.GraduationStrategy != "MANUAL" && t.GraduationStrategy != "SS_PERFORMANCE" {
		v.add("trial_params.graduation_strategy", "trialParams.graduationStrategy", "Send MANUAL or SS_PERFORMANCE.", "%q is no graduation strategy", t.GraduationStrategy)
	}
	if len(v.opts.Collaborators) > 0 {
		v.add("trial_params.no_collaborators", "collaborators", "Remove collaborators or trialParams.", "a trial reel cannot have collaborators")
	}
}

func (v *validator) thumbOffset(ms int) {
	if ms < 0 {
		v.add("thumb_offset.negative", "thumbOffset", "Send milliseconds from the start of the video.", "thumbOffset is %d, it cannot be negative", ms)
	}
	if len(v.content.Media) == 1 && v.kind == kindReel {
		if d := v.content.Media[0].Duration; d > 0 && time.Duration(ms)*time.Millisecond > d {
			v.add("thumb_offset.past_end", "thumbOffset", "Send a time within the video.", "thumbOffset is %d ms, the video lasts %d ms", ms, d.Milliseconds())
		}
	}
}

func (v *validator) tags() {
	counts := map[int]int{}
	for i, t := range v.opts.UserTags {
		field := fmt.Sprintf("userTags[%d]", i)
		if bare(t.Username) == "" {
			v.add("user_tags.username", field+".username", "Send the user name.", "a user tag needs a user name")
		}
		if t.MediaIndex < 0 || t.MediaIndex >= len(v.content.Media) {
			v.add("user_tags.media_index", field+".mediaIndex", "Count the media items from 0.", "mediaIndex is %d, and the post has %d media items", t.MediaIndex, len(v.content.Media))
			continue
		}
		if counts[t.MediaIndex]++; counts[t.MediaIndex] == maxTags+1 {
			v.over("user_tags.max", "userTags", fmt.Sprintf("user tags in media item %d", t.MediaIndex), maxTags, v.tagged(t.MediaIndex), docsMedia)
		}
		v.position(field, t)
	}
}

func (v *validator) tagged(item int) int { return len(v.opts.tagsOf(item)) }

// position checks where in the picture a tag is: required in a feed image, free in a story, impossible in a video.
func (v *validator) position(field string, t UserTag) {
	isVideo := v.content.Media[t.MediaIndex].Type == platforms.Video
	switch {
	case isVideo && v.kind != kindStory && (t.X != nil || t.Y != nil):
		v.add("user_tags.no_position", field, "Remove x and y.", "a user tag in a video has no position")
	case !isVideo && v.kind != kindStory && (t.X == nil || t.Y == nil):
		v.add("user_tags.position", field, "Send x and y, each from 0 to 1.", "a user tag in an image needs x and y")
	case (t.X == nil) != (t.Y == nil):
		v.add("user_tags.position", field, "Send both x and y, or neither.", "a user tag needs both x and y")
	case (t.X != nil && outside(*t.X)) || (t.Y != nil && outside(*t.Y)):
		v.add("user_tags.position_range", field, "Send x and y from 0 to 1.", "the position of a user tag lies outside the image")
	}
}

func outside(f float64) bool { return f < 0 || f > 1 }

func (v *validator) partnership() {
	v.over("branded_content_sponsors.max", "brandedContentSponsors", "sponsors", maxSponsors, len(v.opts.BrandedContentSponsors), docsMedia)
}

// story refuses what Instagram's stories do not have.
func (v *validator) story() {
	o := v.opts
	for _, given := range []struct {
		option, rule, what string
		is                 bool
	}{
		{"firstComment", "story.no_first_comment", "comments", o.FirstComment != ""},
		{"collaborators", "story.no_collaborators", "collaborators", len(o.Collaborators) > 0},
		{"locationId", "story.no_location", "locations", o.LocationID != ""},
		{"commentsEnabled", "story.no_comments", "comments", o.CommentsEnabled != nil && !*o.CommentsEnabled},
		{"isPaidPartnership", "story.no_paid_partnership", "partnership labels", o.IsPaidPartnership},
		{"brandedContentSponsors", "story.no_sponsors", "sponsors", len(o.BrandedContentSponsors) > 0},
	} {
		if given.is {
			v.add(given.rule, given.option, "Remove "+given.option+", or publish it to the feed.", "stories published through the API have no %s", given.what)
		}
	}
}
