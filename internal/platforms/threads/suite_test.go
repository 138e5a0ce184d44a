package threads_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/threads"
	"posthorn/internal/platforms/threads/threadsfake"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: threads.Platform{}, Fake: worst, Classify: threads.Classify,
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			return []platformtest.Sample{
				{Name: "text", Content: platforms.Content{Text: "Low tide 🌊 at five", Options: []byte(`{"topic_tag":"harbours"}`)}},
				{Name: "image", Account: 1, Content: platforms.Content{Text: "Ferns", Media: []platforms.Media{f.Image(0)}}},
				{Name: "video", Content: platforms.Content{Text: "A film", Media: []platforms.Media{f.Video()}}},
				{Name: "carousel", Content: platforms.Content{Text: "Two and a film", Media: []platforms.Media{f.Image(0), f.Video(), f.Image(2)}}},
				{Name: "text with a first comment", Posts: 2, Content: platforms.Content{Text: "Look below", Options: []byte(`{"firstComment":"the first"}`)}},
				{Name: "thread", Posts: 3, Content: platforms.Content{Text: "shown only", Options: []byte(`{"threadItems":[{"content":"one"},{"content":"two","mediaItems":[{"type":"image","url":"` + f.Image(1).URL + `"}]},{"content":"three"}]}`)}},
			}
		},
	})
}

// worst is the far side with the worst answers that the documentation leaves room for.
func worst(o farside.Options) farside.Server {
	f := threadsfake.New(o)
	f.Republish()
	return f
}
