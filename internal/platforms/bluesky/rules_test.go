package bluesky

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"posthorn/internal/platforms"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	img := image1("a.jpg")
	vid := platforms.Media{Type: platforms.Video, URL: "https://example.com/a.mp4"}
	thread := func(items ...platforms.ThreadItem) platforms.Content {
		b, err := json.Marshal(Options{ThreadItems: items})
		if err != nil {
			t.Fatal(err)
		}
		return platforms.Content{Text: strings.Repeat("display only ", 100), Media: []platforms.Media{vid, img}, Options: b}
	}
	at := func(url string) platforms.ThreadMedia { return platforms.ThreadMedia{URL: url} }
	pics := make([]platforms.ThreadMedia, 5)
	for i := range pics {
		pics[i] = at("https://example.com/a.jpg")
	}
	tests := []struct {
		name string
		in   platforms.Content
		want string // "rule@field", joined by spaces
	}{
		{"300 characters", platforms.Content{Text: strings.Repeat("é", 300)}, ""},
		{"301 characters", platforms.Content{Text: strings.Repeat("é", 301)}, "bluesky.text.max_length@content"},
		{"3000 bytes in few characters", platforms.Content{Text: strings.Repeat("👨‍👩‍👧‍👦", 121)}, "bluesky.text.max_bytes@content"},
		{"nothing", platforms.Content{}, "bluesky.text.text_required@content"},
		{"an image alone", platforms.Content{Media: []platforms.Media{img}}, ""},
		{"five images", platforms.Content{Media: []platforms.Media{img, img, img, img, img}}, "bluesky.images.max_items@mediaItems"},
		{"an image and a video", platforms.Content{Media: []platforms.Media{img, vid}}, "bluesky.video.max_items@mediaItems bluesky.video.no_mix@mediaItems bluesky.video.media_type@mediaItems[0].type"},
		{"a video with a long text", platforms.Content{Media: []platforms.Media{{Type: platforms.Video, URL: vid.URL, AltText: strings.Repeat("x", 1001)}}}, "bluesky.video.alt_text@mediaItems[0].altText"},
		{"languages", platforms.Content{Text: "x", Options: []byte(`{"langs":["en","pt_BR","zh-Hant-TW"]}`)}, ""},
		{"too many languages", platforms.Content{Text: "x", Options: []byte(`{"langs":["en","de","fr","it"]}`)}, "bluesky.langs.max@platformSpecificData.langs"},
		{"no languages", platforms.Content{Text: "x", Options: []byte(`{"langs":["english language","","und"]}`)},
			"bluesky.langs.tag@platformSpecificData.langs[0] bluesky.langs.tag@platformSpecificData.langs[1] bluesky.langs.tag@platformSpecificData.langs[2]"},
		{"languages of another type", platforms.Content{Text: "x", Options: []byte(`{"langs":"en"}`)}, "bluesky.options.type@platformSpecificData.langs"},
		{"a thread", thread(platforms.ThreadItem{Content: "a"}, platforms.ThreadItem{MediaItems: []platforms.ThreadMedia{at("https://example.com/a.mp4")}}), ""},
		{"an empty list is no thread", platforms.Content{Text: "x", Options: []byte(`{"threadItems":[]}`)}, ""},
		{"an empty item", thread(platforms.ThreadItem{Content: "a"}, platforms.ThreadItem{}), "bluesky.text.text_required@platformSpecificData.threadItems[1].content"},
		{"a long item", thread(platforms.ThreadItem{Content: strings.Repeat("x", 301)}), "bluesky.text.max_length@platformSpecificData.threadItems[0].content"},
		{"many images in an item", thread(platforms.ThreadItem{Content: "a"}, platforms.ThreadItem{MediaItems: pics}), "bluesky.images.max_items@platformSpecificData.threadItems[1].mediaItems"},
		{"media without an address", thread(platforms.ThreadItem{Content: "a", MediaItems: []platforms.ThreadMedia{at("a.jpg")}}), "bluesky.media.url@platformSpecificData.threadItems[0].mediaItems[0].url"},
		{"a document", thread(platforms.ThreadItem{Content: "a", MediaItems: []platforms.ThreadMedia{{Type: platforms.Document, URL: "https://example.com/a.pdf"}}}),
			"bluesky.images.media_type@platformSpecificData.threadItems[0].mediaItems[0].type"},
		{"a long thread", thread(make([]platforms.ThreadItem, 101)...), "bluesky.thread.max_items@platformSpecificData.threadItems"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range platforms.Check(Platform{}, tt.in) {
				got = append(got, p.Rule+"@"+p.Field)
				if p.Message == "" || p.Remediation == "" || p.Source == "" {
					t.Errorf("a problem without message, remediation or source: %+v", p)
				}
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
		})
	}
}

func TestLangs(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"en": "en", "EN-us": "en-US", "pt_BR": "pt-BR", "iw": "iw", "zh-hant": "zh-Hant", "x": "", "e": "", "en-": "", "日本": ""} {
		if got, _ := parseLang(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	info := Platform{}.Info()
	if _, err := json.Marshal(info.Rules); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(platforms.Capabilities(Platform{})); got != "[credentials publish refresh revoke unpublish usage]" {
		t.Errorf("capabilities %s", got)
	}
	if info.IsVisible("") || info.IsVisible(stepUpload) || info.IsVisible(stepProcess) || !info.IsVisible(stepWrite) {
		t.Errorf("visible steps %v", info.Visible)
	}
}
