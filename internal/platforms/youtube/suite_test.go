package youtube_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/youtube"
	"posthorn/internal/platforms/youtube/youtubefake"
)

// piece is small, so that the suite's longer video takes three of them.
const piece = 256 << 10

func TestSuite(t *testing.T) {
	t.Parallel()
	platformtest.Run(t, platformtest.Suite{
		Platform: youtube.Platform{Piece: piece}, Classify: youtube.Classify,
		Fake: func(o farside.Options) farside.Server { return youtubefake.New(o) },
		Samples: func(f *platformtest.Files) []platformtest.Sample {
			covered, short := f.Video(), f.Video()
			covered.Thumbnail = f.Image(1).URL
			short.Width, short.Height = 1080, 1920
			return []platformtest.Sample{
				{Name: "video", Content: platforms.Content{Text: "Low tide\nat five", Tags: []string{"tides", "the harbour"}, Media: []platforms.Media{f.Video()}}},
				{Name: "video in pieces", Account: 1, Content: platforms.Content{Title: "A long one", Text: "In three pieces", Media: []platforms.Media{f.LongVideo()}, Options: []byte(`{"visibility":"unlisted","notifySubscribers":false}`)}},
				{Name: "video with all that there is", Comments: 1, Content: platforms.Content{Text: "All of it", Media: []platforms.Media{covered},
					Options: []byte(`{"title":"All","categoryId":"27","containsSyntheticMedia":true,"playlistId":"PLf4keTidewatchHarbours01","firstComment":"the first","captions":[{"language":"en","content":"1\n00:00:00,000 --> 00:00:01,000\nSea"},{"language":"de","name":"Meer","content":"WEBVTT\n\n00:00.000 --> 00:01.000\nMeer"}]}`)}},
				{Name: "short", Content: platforms.Content{Text: "A short", Media: []platforms.Media{short}, Options: []byte(`{"madeForKids":true}`)}},
				{Name: "private video", Content: platforms.Content{Text: "For us", Media: []platforms.Media{f.Video()}, Options: []byte(`{"visibility":"private"}`)}},
				{Name: "video for later", Comments: 1, Content: platforms.Content{Text: "At half past ten", Media: []platforms.Media{covered}, Options: []byte(`{"publishAt":"2026-11-23T10:30:00Z","playlistId":"PLf4keTidewatchHarbours01","firstComment":"now"}`)}},
			}
		},
	})
}
