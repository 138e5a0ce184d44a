package bluesky_test

import (
	"encoding/json"
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/bluesky"
	"posthorn/internal/platforms/bluesky/blueskyfake"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: bluesky.Platform{}, Fake: func(o farside.Options) farside.Server { return blueskyfake.New(o) }, Classify: bluesky.Classify,
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			thread, err := json.Marshal(map[string]any{"threadItems": []map[string]any{
				{"content": "first of three"}, {"content": "second, with a picture", "mediaItems": []map[string]any{{"type": "image", "url": f.Image(1).URL, "altText": "one"}}}, {"content": "third #end"}}})
			if err != nil {
				t.Fatal(err)
			}
			return []platformtest.Sample{
				{Name: "text", Content: platforms.Content{Text: "Hello @lantern.bsky.social, see https://example.com/page #café 👩‍👧", Options: []byte(`{"langs":["en","de-CH"]}`)}},
				{Name: "link card", Content: platforms.Content{Text: "Read " + f.PageURL()}},
				{Name: "images", Content: platforms.Content{Text: "Four pictures", Media: []platforms.Media{f.Image(0), f.Image(1), f.Image(2), f.Image(3)}}},
				{Name: "image without text", Content: platforms.Content{Media: []platforms.Media{f.Image(0)}}},
				{Name: "video", Content: platforms.Content{Text: "A film", Media: []platforms.Media{f.Video()}}},
				{Name: "thread", Posts: 3, Content: platforms.Content{Text: "shown only", Options: thread}},
			}
		},
	})
}
