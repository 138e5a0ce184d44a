package tiktok_test

import (
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/tiktok"
	"posthorn/internal/platforms/tiktok/tiktokfake"
)

// agreed is what a creator has to have chosen for every post.
const agreed = `"contentPreviewConfirmed":true,"expressConsentGiven":true,"allowComment":true,"allowDuet":false,"allowStitch":true`

func suite() platformtest.Suite {
	return platformtest.Suite{
		Platform: tiktok.Platform{}, Classify: tiktok.Classify,
		Fake: func(o farside.Options) farside.Server { return tiktokfake.New(o) },
	}
}

func TestSuite(t *testing.T) {
	t.Parallel()
	s := suite()
	s.Samples = func(f *platformtest.Files) []platformtest.Sample {
		return []platformtest.Sample{
			{Name: "video", Content: platforms.Content{Text: "Lamps & <light> #night", Media: []platforms.Media{f.Video()}, Options: []byte(`{"privacyLevel":"PUBLIC_TO_EVERYONE",` + agreed + `}`)}},
			{Name: "photos", Content: platforms.Content{Text: "Two", Media: []platforms.Media{f.Image(0), f.Image(1)},
				Options: []byte(`{"tiktok_settings":{"privacy_level":"PUBLIC_TO_EVERYONE","photoCoverIndex":1,"autoAddMusic":true,` + agreed + `}}`)}},
			{Name: "video for followers", Account: 1, Unaddressed: true, Content: platforms.Content{Text: "For those who follow", Media: []platforms.Media{f.Video()}, Options: []byte(`{"privacyLevel":"FOLLOWER_OF_CREATOR","videoMadeWithAi":true,` + agreed + `}`)}},
			{Name: "photos for oneself", Unaddressed: true, Content: platforms.Content{Text: "A diary", Media: []platforms.Media{f.Image(2)}, Options: []byte(`{"privacyLevel":"SELF_ONLY","isBrandOrganicPost":true,` + agreed + `}`)}},
			{Name: "draft of a video", Unaddressed: true, Content: platforms.Content{Text: "", Media: []platforms.Media{f.Video()}, Options: []byte(`{"draft":true}`)}},
			{Name: "draft of photos", Unaddressed: true, Content: platforms.Content{Text: "To be finished", Media: []platforms.Media{f.Image(3)}, Options: []byte(`{"draft":true,"description":"More of it"}`)}},
		}
	}
	platformtest.Run(t, s)
}

// TestSuiteOfReading publishes videos that TikTok reads from this server itself.
func TestSuiteOfReading(t *testing.T) {
	t.Parallel()
	s := suite()
	s.Change = func(a *platforms.App) { a.Pull = true }
	s.Skip = map[string]string{"info": "only one kind is sent otherwise", "errors": "they are the same"}
	s.Samples = func(f *platformtest.Files) []platformtest.Sample {
		return []platformtest.Sample{
			{Name: "video", Content: platforms.Content{Text: "Read from here", Media: []platforms.Media{f.Video()}, Options: []byte(`{"privacyLevel":"PUBLIC_TO_EVERYONE",` + agreed + `}`)}},
			{Name: "draft of a video", Unaddressed: true, Content: platforms.Content{Media: []platforms.Media{f.Video()}, Options: []byte(`{"draft":true}`)}},
		}
	}
	platformtest.Run(t, s)
}
