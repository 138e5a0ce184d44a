package instagram

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"posthorn/internal/platforms"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	one, reel := []platforms.Media{image(1)}, []platforms.Media{video(1)}
	two := []platforms.Media{image(1), video(2)}
	sized := func(m platforms.Media, w, h int) []platforms.Media {
		m.Width, m.Height = w, h
		return []platforms.Media{m}
	}
	long := func(m platforms.Media, d time.Duration) []platforms.Media {
		m.Duration = d
		return []platforms.Media{m}
	}
	typed := func(m platforms.Media, mime string) []platforms.Media { m.MIME = mime; return []platforms.Media{m} }
	many := make([]platforms.Media, 11)
	for i := range many {
		many[i] = image(i)
	}
	tags := func(n int) string {
		return `{"userTags":[` + strings.TrimSuffix(strings.Repeat(`{"username":"a","x":0,"y":1},`, n), ",") + `]}`
	}
	tests := []struct {
		name, text, options string
		media               []platforms.Media
		want                []string // rule at field
	}{
		{"photo", "hi", ``, one, nil},
		{"nothing", "hi", ``, nil, []string{"instagram.photo.min_items at mediaItems"}},
		{"eleven items", "", ``, many, []string{"instagram.carousel.max_items at mediaItems"}},
		{"mixed carousel", "", ``, two, nil},
		{"an animation", "", ``, []platforms.Media{{Type: platforms.GIF}}, []string{"instagram.photo.media_type at mediaItems[0].type"}},
		{"PNG is converted", "", ``, typed(image(1), "image/png"), nil},
		{"HEIC is not", "", ``, typed(image(1), "image/heic"), []string{"instagram.image.format at mediaItems[0].url"}},
		{"AVI", "", ``, typed(video(1), "video/x-msvideo"), []string{"instagram.video.format at mediaItems[0].url"}},
		{"portrait 4:5", "", ``, sized(image(1), 800, 1000), nil},
		{"too tall", "", ``, sized(image(1), 700, 1000), []string{"instagram.image.aspect_ratio at mediaItems[0].url"}},
		{"too wide", "", ``, sized(image(1), 2000, 1000), []string{"instagram.image.aspect_ratio at mediaItems[0].url"}},
		{"a tall story", "", `{"contentType":"story"}`, sized(image(1), 562, 1000), nil},
		{"a long reel", "", ``, long(video(1), 14*time.Minute), nil},
		{"a long story", "", `{"contentType":"story"}`, long(video(1), 61*time.Second), []string{"instagram.video.duration at mediaItems[0].url"}},
		{"a short reel", "", ``, long(video(1), 2*time.Second), []string{"instagram.video.duration at mediaItems[0].url"}},
		{"2200 characters", strings.Repeat("é", 2200), ``, one, nil},
		{"2201 characters", strings.Repeat("é", 2201), ``, one, []string{"instagram.text.max_length at content"}},
		{"31 hashtags", strings.Repeat("#a ", 31), ``, one, []string{"instagram.text.max_hashtags at content"}},
		{"21 mentions", strings.Repeat("@a ", 21), ``, one, []string{"instagram.text.max_mentions at content"}},
		{"an unknown kind", "", `{"contentType":"live"}`, one, []string{"instagram.kind at platformSpecificData.contentType"}},
		{"a reel of an image", "", `{"contentType":"reel"}`, one, []string{"instagram.reel.media_type at mediaItems[0].type"}},
		{"a wrong type", "", `{"shareToFeed":"yes"}`, one, []string{"instagram.options.type at platformSpecificData.shareToFeed"}},
		{"unknown options", "", `{"later":1}`, one, nil},

		{"a story of two", "", `{"contentType":"story"}`, two, []string{"instagram.story.max_items at mediaItems", "instagram.story.no_mix at mediaItems"}},
		{"a story with text", "hi", `{"contentType":"story","shareToFeed":false,"commentsEnabled":true}`, one, nil},
		{"a story with everything", "", `{"contentType":"story","firstComment":"a","collaborators":["a"],"locationId":"1","commentsEnabled":false,"isPaidPartnership":true,"brandedContentSponsors":["1"]}`, one, []string{
			"instagram.first_comment.comments_disabled at platformSpecificData.firstComment",
			"instagram.story.no_first_comment at platformSpecificData.firstComment", "instagram.story.no_collaborators at platformSpecificData.collaborators",
			"instagram.story.no_location at platformSpecificData.locationId", "instagram.story.no_comments at platformSpecificData.commentsEnabled",
			"instagram.story.no_paid_partnership at platformSpecificData.isPaidPartnership", "instagram.story.no_sponsors at platformSpecificData.brandedContentSponsors"}},

		{"three collaborators", "", `{"collaborators":["a","b","c"]}`, one, nil},
		{"four collaborators, one empty", "", `{"collaborators":["a","b","c","@"]}`, one,
			[]string{"instagram.collaborators.max at platformSpecificData.collaborators", "instagram.collaborators.username at platformSpecificData.collaborators[3]"}},
		{"three sponsors", "", `{"brandedContentSponsors":["1","2","3"]}`, one, []string{"instagram.branded_content_sponsors.max at platformSpecificData.brandedContentSponsors"}},
		{"300 characters of comment", "", fmt.Sprintf(`{"firstComment":%q}`, strings.Repeat("é", 300)), one, nil},
		{"301 characters of comment", "", fmt.Sprintf(`{"firstComment":%q}`, strings.Repeat("é", 301)), one, []string{"instagram.first_comment.max_length at platformSpecificData.firstComment"}},
		{"a busy comment", "", `{"firstComment":"#a #b #c #d #e https://a.b http://c.d"}`, one,
			[]string{"instagram.first_comment.max_hashtags at platformSpecificData.firstComment", "instagram.first_comment.max_links at platformSpecificData.firstComment"}},
		{"an empty comment", "", `{"firstComment":" "}`, one, []string{"instagram.first_comment.empty at platformSpecificData.firstComment"}},
		{"a comment where none can be", "", `{"firstComment":"a","commentsEnabled":false}`, one, []string{"instagram.first_comment.comments_disabled at platformSpecificData.firstComment"}},

		{"a reel with everything", "", `{"shareToFeed":false,"thumbOffset":1500,"audioName":"a","reelCover":"https://a.b/c.jpg","audioConfiguration":{"audioId":"1"},"muteAudio":true,"collaborators":["a"]}`, long(video(1), 2*time.Minute), nil},
		{"a photo with a reel's options", "", `{"shareToFeed":false,"thumbOffset":1,"audioName":"a","reelCover":"https://a.b/c.jpg","instagramThumbnail":"https://a.b/c.jpg","audioConfiguration":{"audioId":"1"},"trialParams":{"graduationStrategy":"MANUAL"}}`, one, []string{
			"instagram.trial_params.reel_only at platformSpecificData.trialParams", "instagram.audio_name.reel_only at platformSpecificData.audioName",
			"instagram.audio_configuration.reel_only at platformSpecificData.audioConfiguration", "instagram.thumb_offset.reel_only at platformSpecificData.thumbOffset",
			"instagram.cover.reel_only at platformSpecificData.instagramThumbnail", "instagram.cover.reel_only at platformSpecificData.reelCover",
			"instagram.share_to_feed.reel_only at platformSpecificData.shareToFeed"}},
		{"a trial with collaborators", "", `{"trialParams":{"graduationStrategy":"MANUAL"},"collaborators":["a"]}`, reel, []string{"instagram.trial_params.no_collaborators at platformSpecificData.collaborators"}},
		{"a trial of no strategy", "", `{"trialParams":{}}`, reel, []string{"instagram.trial_params.graduation_strategy at platformSpecificData.trialParams.graduationStrategy"}},
		{"a frame before the start", "", `{"thumbOffset":-1}`, reel, []string{"instagram.thumb_offset.negative at platformSpecificData.thumbOffset"}},
		{"a frame after the end", "", `{"thumbOffset":5001}`, long(video(1), 5*time.Second), []string{"instagram.thumb_offset.past_end at platformSpecificData.thumbOffset"}},
		{"silence alone", "", `{"muteAudio":true}`, reel, []string{"instagram.mute_audio.needs_music at platformSpecificData.muteAudio"}},
		{"music without a name, too quiet", "", `{"audioConfiguration":{"audioVolume":-1}}`, reel,
			[]string{"instagram.audio_configuration.audio_id at platformSpecificData.audioConfiguration.audioId", "instagram.audio_configuration.volume at platformSpecificData.audioConfiguration"}},

		{"20 tags", "", tags(20), one, nil},
		{"22 tags", "", tags(22), one, []string{"instagram.user_tags.max at platformSpecificData.userTags"}},
		{"tags without position", "", `{"userTags":[{"username":"a"},{"username":"b","x":0.5}]}`, one,
			[]string{"instagram.user_tags.position at platformSpecificData.userTags[0]", "instagram.user_tags.position at platformSpecificData.userTags[1]"}},
		{"tags off the image", "", `{"userTags":[{"username":"a","x":1.01,"y":0},{"username":"b","x":0,"y":-1}]}`, one,
			[]string{"instagram.user_tags.position_range at platformSpecificData.userTags[0]", "instagram.user_tags.position_range at platformSpecificData.userTags[1]"}},
		{"a tag of nobody", "", `{"userTags":[{"username":"@","x":0,"y":0}]}`, one, []string{"instagram.user_tags.username at platformSpecificData.userTags[0].username"}},
		{"a tag in a reel", "", `{"userTags":[{"username":"a"}]}`, reel, nil},
		{"a placed tag in a reel", "", `{"userTags":[{"username":"a","x":0,"y":0}]}`, reel, []string{"instagram.user_tags.no_position at platformSpecificData.userTags[0]"}},
		{"tags in a carousel", "", `{"userTags":[{"username":"a","x":0,"y":0},{"username":"b","mediaIndex":1}]}`, two, nil},
		{"tags in no item", "", `{"userTags":[{"username":"a","mediaIndex":2},{"username":"b","mediaIndex":-1}]}`, two,
			[]string{"instagram.user_tags.media_index at platformSpecificData.userTags[0].mediaIndex", "instagram.user_tags.media_index at platformSpecificData.userTags[1].mediaIndex"}},
		{"tags in a story", "", `{"contentType":"story","userTags":[{"username":"a"},{"username":"b","x":0,"y":0}]}`, one, nil},
		{"half a position in a story", "", `{"contentType":"story","userTags":[{"username":"b","y":0}]}`, one, []string{"instagram.user_tags.position at platformSpecificData.userTags[0]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range platforms.Check(Platform{}, platforms.Content{Text: tt.text, Media: tt.media, Options: json.RawMessage(tt.options)}) {
				got = append(got, p.Rule+" at "+p.Field)
				if p.Message == "" || p.Remediation == "" || p.Source == "" {
					t.Errorf("%+v is incomplete", p)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	one, reel, two := []platforms.Media{image(1)}, []platforms.Media{video(1)}, []platforms.Media{image(1), image(2)}
	for _, tt := range []struct {
		options string
		media   []platforms.Media
		want    string
	}{
		{"", one, kindPhoto}, {"", reel, kindReel}, {"", two, kindCarousel}, {"", nil, kindPhoto}, {"{", one, kindPhoto},
		{`{"contentType":"story"}`, reel, kindStory}, {`{"contentType":"Reels"}`, reel, kindReel}, {`{"contentType":"feed"}`, two, kindCarousel},
		{`{"contentType":"igtv"}`, reel, "igtv"},
	} {
		if got := kindOf(platforms.Content{Media: tt.media, Options: json.RawMessage(tt.options)}); got != tt.want {
			t.Errorf("%s with %d items: %q, want %q", tt.options, len(tt.media), got, tt.want)
		}
	}
}
