package outline

import (
	"slices"
	"strings"
	"testing"

	"posthorn/internal/platforms"
)

func TestOutlines(t *testing.T) {
	t.Parallel()
	media := func(types ...platforms.MediaType) []platforms.Media {
		var list []platforms.Media
		for _, m := range types {
			list = append(list, platforms.Media{Type: m, URL: "https://example.com/x"})
		}
		return list
	}
	pictures := func(n int) []platforms.Media { return media(slices.Repeat([]platforms.MediaType{"image"}, n)...) }
	for _, tt := range []struct {
		platform, text string
		media          []platforms.Media
		options, rule  string // empty: nothing is wrong
	}{
		{"linkedin", "x", media("document"), "", ""},
		{"linkedin", "", nil, `{"reshareUrl":"https://www.linkedin.com/feed/update/urn:li:share:1"}`, ""},
		{"pinterest", "x", pictures(2), "", "pinterest.images.max_items"},
		{"googlebusiness", "x", media("video"), "", "googlebusiness.images.media_type"},
		{"telegram", strings.Repeat("a", 1025), nil, "", ""},
		{"telegram", strings.Repeat("a", 1025), media("image"), "", "telegram.text.max_length"},
		{"snapchat", "", nil, "", "snapchat.album.min_items"},
		{"discord", "", nil, `{"embeds":[{}]}`, ""},
		{"slack", strings.Repeat("a", 40001), nil, "", "slack.text.max_length"},
	} {
		info, ok := Of(tt.platform)
		if !ok {
			t.Errorf("%s is not known", tt.platform)
			continue
		}
		got := platforms.CheckRules(info, nil, platforms.Content{Text: tt.text, Media: tt.media, Options: []byte(tt.options)})
		switch {
		case tt.rule == "" && len(got) > 0:
			t.Errorf("%s %q %v %s: %v", tt.platform, tt.text[:min(len(tt.text), 9)], tt.media, tt.options, got)
		case tt.rule != "" && (len(got) == 0 || got[0].Rule != tt.rule):
			t.Errorf("%s %q %v %s: %v, want %s", tt.platform, tt.text[:min(len(tt.text), 9)], tt.media, tt.options, got, tt.rule)
		}
	}
	if _, ok := Of("nowhere"); ok {
		t.Error("an unknown platform has an outline")
	}
}
