package instagram_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/instagram"
	"posthorn/internal/platforms/instagram/instagramfake"
	"posthorn/internal/platforms/platformtest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: instagram.Platform{}, Fake: worst, Classify: instagram.Classify,
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			return []platformtest.Sample{
				{Name: "photo", Content: platforms.Content{Text: "Sunset #sea", Media: []platforms.Media{f.Image(0)}}},
				{Name: "photo by Facebook Login", Account: 1, Content: platforms.Content{Text: "Sunset #sea", Media: []platforms.Media{f.Image(0)},
					Options: []byte(`{"collaborators":["anna"],"userTags":[{"username":"ben","x":0.5,"y":0.5}],"locationId":"110774245616525"}`)}},
				{Name: "photo with a first comment", Comments: 1, Content: platforms.Content{Text: "Look below", Media: []platforms.Media{f.Image(1)}, Options: []byte(`{"firstComment":"the first #tag"}`)}},
				{Name: "carousel", Content: platforms.Content{Text: "Two and a film", Media: []platforms.Media{f.Image(0), f.Video(), f.Image(2)}}},
				{Name: "reel", Content: platforms.Content{Text: "A film", Media: []platforms.Media{f.Video()}, Options: []byte(`{"shareToFeed":false,"thumbOffset":1000}`)}},
				{Name: "story", Content: platforms.Content{Media: []platforms.Media{f.Image(0)}, Options: []byte(`{"contentType":"story"}`)}},
			}
		},
	})
}

// worst is the far side with the worst answers that the documentation leaves room for.
func worst(o farside.Options) farside.Server {
	f := instagramfake.New(o)
	f.Republish()
	return f
}
