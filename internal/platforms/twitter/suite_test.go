package twitter_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/twitter"
	"posthorn/internal/platforms/twitter/twitterfake"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: twitter.Platform{}, Classify: twitter.Classify,
		Fake: func(o farside.Options) farside.Server { return twitterfake.New(o) },
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			gif := f.GIF()
			return []platformtest.Sample{
				{Name: "text", Content: platforms.Content{Text: "Lamps & <light> at https://example.com/a?b=1 tonight"}},
				{Name: "poll", Account: 1, Content: platforms.Content{Text: "Which?", Options: []byte(`{"poll":{"options":["this","that"],"duration_minutes":60},"replySettings":"following"}`)}},
				{Name: "images", Content: platforms.Content{Text: "Two", Media: []platforms.Media{f.Image(0), f.Image(1)}}},
				{Name: "gif", Content: platforms.Content{Text: "It moves", Media: []platforms.Media{gif}}},
				{Name: "video", Content: platforms.Content{Text: "A film", Media: []platforms.Media{f.Video()}, Options: []byte(`{"madeWithAi":true}`)}},
				{Name: "thread", Posts: 3, Content: platforms.Content{Text: "shown only", Options: []byte(`{"threadItems":[{"content":"one"},{"content":"two","mediaItems":[{"type":"image","url":"` + f.Image(1).URL + `","altText":"x"}]},{"content":"three"}]}`)}},
			}
		},
	})
}
