package linkedin_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/linkedin"
	"posthorn/internal/platforms/linkedin/linkedinfake"
	"posthorn/internal/platforms/platformtest"
)

// The fake's accounts.
const (
	member = 0
	page   = 1
)

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: linkedin.Platform{}, Classify: linkedin.Classify,
		Fake: func(o farside.Options) farside.Server { return linkedinfake.New(o) },
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			video := f.Video()
			video.Size = 0 // it is smaller than those that LinkedIn takes
			images := []platforms.Media{f.Image(0), f.Image(1)}
			poll := []byte(`{"poll":{"question":"Which?","options":["this","that"],"duration":"ONE_DAY"}}`)
			reshare := []byte(`{"reshareUrl":"https://www.linkedin.com/posts/someone_a-lamp-activity-7132400000000000001-AbCd"}`)
			return []platformtest.Sample{
				{Name: "text", Account: member, Content: platforms.Content{Text: "Lamps (and *light*) at 5_o'clock #lamps @ home | see https://example.com/a_b?c=1"}},
				{Name: "article", Account: member, Content: platforms.Content{Text: "Read " + f.PageURL() + " tonight"}},
				{Name: "text of a page", Account: page, Content: platforms.Content{Text: "Lamps [tonight] ~ #light", Options: []byte(`{"firstComment":"And (more) of it"}`)}, Comments: 1},
				{Name: "article of a page", Account: page, Content: platforms.Content{Text: "Read " + f.PageURL()}},
				{Name: "image of a page", Account: page, Content: platforms.Content{Text: "One", Media: images[:1]}},
				{Name: "images of a page", Account: page, Content: platforms.Content{Text: "Two", Media: images}},
				{Name: "video of a page", Account: page, Content: platforms.Content{Text: "A film", Media: []platforms.Media{video}}},
				{Name: "document of a page", Account: page, Content: platforms.Content{Text: "A paper", Media: []platforms.Media{f.Document()}}},
				{Name: "poll of a page", Account: page, Content: platforms.Content{Text: "Vote", Options: poll}},
				{Name: "reshare of a page", Account: page, Content: platforms.Content{Options: reshare}},
				{Name: "text with a comment", Account: member, Content: platforms.Content{Text: "Lamps", Options: []byte(`{"firstComment":"And more"}`)}, Comments: 1},
				{Name: "images", Account: member, Content: platforms.Content{Text: "Two", Media: images}, Unknowable: true},
				{Name: "video", Account: member, Content: platforms.Content{Text: "A film", Media: []platforms.Media{video}}, Unknowable: true},
				{Name: "document", Account: member, Content: platforms.Content{Text: "A paper", Media: []platforms.Media{f.Document()}}, Unknowable: true},
				{Name: "poll", Account: member, Content: platforms.Content{Text: "Vote", Options: poll}, Unknowable: true},
				{Name: "reshare", Account: member, Content: platforms.Content{Text: "Look", Options: reshare}, Unknowable: true},
			}
		},
	})
}
