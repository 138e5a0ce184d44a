package facebook_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/facebook"
	"posthorn/internal/platforms/facebook/facebookfake"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: facebook.Platform{}, Fake: worst, Classify: facebook.Classify,
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			var pictures []platforms.Media
			cards := `{"facebookSettings":{"carouselLink":"https://shop.example.com/","carouselCards":[{"link":"https://shop.example.com/a","name":"First"}`
			for i := range 10 {
				pictures = append(pictures, f.Image(i))
				if i > 0 {
					cards += `,{"link":"https://shop.example.com/b","description":"Another"}`
				}
			}
			cover := f.Video()
			cover.Thumbnail = f.Image(3).URL
			return []platformtest.Sample{
				{Name: "text", Content: platforms.Content{Text: "Open till eight & later 🥖"}},
				{Name: "link with a first comment", Account: 1, Comments: 1, Content: platforms.Content{Text: "Read https://example.com/a?b=1.", Options: []byte(`{"firstComment":"the first","geoRestriction":{"countries":["DE"]}}`)}},
				{Name: "photo", Content: platforms.Content{Text: "Rye", Media: []platforms.Media{f.Image(0)}}},
				{Name: "photos", Account: 1, Content: platforms.Content{Media: []platforms.Media{f.Image(0), f.Image(1), f.Image(2)}}},
				{Name: "carousel", Content: platforms.Content{Text: "Ten cards", Media: pictures, Options: []byte(cards + "]}}")}},
				{Name: "video", Content: platforms.Content{Text: "A film", Media: []platforms.Media{cover}, Options: []byte(`{"title":"Baking"}`)}},
				{Name: "reel", Content: platforms.Content{Text: "A reel", Media: []platforms.Media{f.Video()}, Options: []byte(`{"contentType":"reel"}`)}},
				{Name: "photo story", Content: platforms.Content{Media: []platforms.Media{f.Image(0)}, Options: []byte(`{"contentType":"story"}`)}},
				{Name: "video story", Account: 1, Content: platforms.Content{Media: []platforms.Media{f.Video()}, Options: []byte(`{"contentType":"story"}`)}},
			}
		},
	})
}

// worst is the far side with the worst answers that the documentation leaves room for.
func worst(o farside.Options) farside.Server {
	f := facebookfake.New(o)
	f.Restory()
	return f
}
