package platforms

import (
	"context"
	"strings"
	"testing"
	"time"
)

// post is a platform of one picture or one video, for the tests of Check.
type post struct{}

func (post) Info() Info {
	return Info{Name: "demo", Title: "Demo", Rules: Rules{
		Text: TextLimit{Max: 10, Count: Graphemes, MaxBytes: 40}, Hashtags: 1, Mentions: 1, AltText: 5, Source: "https://example.com/limits",
		Kinds: []PostKind{
			{Name: "text", Title: "text post", NeedText: true},
			{Name: "photo", Title: "photo", MinMedia: 1, MaxMedia: 2, Types: []MediaType{Image, Video},
				Image: &ImageLimits{Formats: []string{"image/jpeg"}, Converts: []string{"image/png"}, MinRatio: 0.8, MaxRatio: 1.91},
				Video: &VideoLimits{Formats: []string{"video/mp4"}, MaxBytes: 100, MinSeconds: 3, MaxSeconds: 60}},
		},
		KindOf: func(c Content) string {
			if strings.Contains(string(c.Options), "odd") {
				return "odd"
			}
			if len(c.Media) == 0 {
				return "text"
			}
			return "photo"
		},
	}}
}

func (post) Publish(context.Context, *Conn, Task) (Step, error) { return Step{}, nil }

func (post) Validate(c Content) []Problem {
	if c.Title != "" {
		return []Problem{{Rule: "title", Field: "title"}}
	}
	return nil
}

func TestCheck(t *testing.T) {
	t.Parallel()
	img := Media{Type: Image, URL: "https://example.com/a.jpg", MIME: "image/jpeg", Width: 100, Height: 100}
	with := func(change func(*Media)) Content {
		m := img
		change(&m)
		return Content{Media: []Media{m}}
	}
	tests := []struct {
		name string
		in   Content
		want string // rules, joined by a space
	}{
		{"text at the limit", Content{Text: "0123456789"}, ""},
		{"a family is one character", Content{Text: "👨‍👩‍👧‍👦"}, ""},
		{"text past the limit", Content{Text: "0123456789a"}, "demo.text.max_length"},
		{"too many bytes in few characters", Content{Text: "👨‍👩‍👧‍👦👨‍👩‍👧‍👦"}, "demo.text.max_bytes"},
		{"no text", Content{Text: " \n"}, "demo.text.text_required"},
		{"two hashtags and two mentions", Content{Text: "#a #b @c @d"}, "demo.text.max_length demo.text.max_hashtags demo.text.max_mentions"},
		{"an address is no mention", Content{Text: "a@b.c @d"}, ""},
		{"one image", Content{Media: []Media{img}}, ""},
		{"three images", Content{Media: []Media{img, img, img}}, "demo.photo.max_items"},
		{"a mix", Content{Media: []Media{img, {Type: Video, URL: "https://example.com/a.mp4"}}}, "demo.photo.no_mix"},
		{"a type it does not take", with(func(m *Media) { m.Type = Document }), "demo.photo.media_type"},
		{"a format we convert", with(func(m *Media) { m.MIME = "image/png" }), ""},
		{"a format nobody takes", with(func(m *Media) { m.MIME = "image/x-icon" }), "demo.image.format"},
		{"too tall", with(func(m *Media) { m.Width = 50 }), "demo.image.aspect_ratio"},
		{"just tall enough", with(func(m *Media) { m.Width = 80 }), ""},
		{"too wide", with(func(m *Media) { m.Width = 200 }), "demo.image.aspect_ratio"},
		{"long alt text", with(func(m *Media) { m.AltText = "sixsix" }), "demo.alt_text.max_length"},
		{"a video too big and too short", with(func(m *Media) {
			*m = Media{Type: Video, MIME: "video/mp4", Size: 101, Duration: time.Second}
		}), "demo.video.max_bytes demo.video.duration"},
		{"a video of another format", with(func(m *Media) { *m = Media{Type: Video, MIME: "video/webm"} }), "demo.video.format"},
		{"what the adapter finds", Content{Text: "x", Title: "t"}, "demo.title"},
		{"a kind that is not there", Content{Text: "x", Options: []byte(`{"odd":1}`)}, "demo.kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rules []string
			for _, p := range Check(post{}, tt.in) {
				rules = append(rules, p.Rule)
			}
			if got := strings.Join(rules, " "); got != tt.want {
				t.Errorf("rules broken: %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	const s = "é👩‍👧" // a precomposed letter, and a family of two joined
	for c, want := range map[Count]int{CodePoints: 4, Graphemes: 2, UTF16Units: 6, UTF8Bytes: 13} {
		if got := c.Of(s); got != want {
			t.Errorf("%s counts %d, want %d", c, got, want)
		}
	}
}
