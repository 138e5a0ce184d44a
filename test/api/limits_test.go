package api

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
)

// A boundary is a limit of a platform: what lies just at it, and what lies just beyond.
type boundary struct {
	platform, options string
	at, past          []any // the media, of *mediatest.Movie or []byte
	text, longText    string
	alt, longAlt      string
	rule              string // that what lies beyond breaks; empty: nothing lies beyond
}

func movie(change func(*mediatest.Movie)) []any {
	m := mediatest.Movie{}
	change(&m)
	return []any{m.Make()}
}

func jpegSized(w, h int) []any {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil); err != nil {
		panic(err) // a buffer takes what it is given
	}
	return []any{b.Bytes()}
}

func pngSized(w, h int) []any {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, h))); err != nil {
		panic(err)
	}
	return []any{b.Bytes()}
}

func times(n int, media []any) []any {
	var list []any
	for range n {
		list = append(list, media...)
	}
	return list
}

const story = `{"contentType":"story"}`

func boundaries() map[string]boundary {
	reel := func(at, past func(*mediatest.Movie), rule string) boundary {
		b := boundary{platform: "instagram", at: movie(at), rule: "instagram." + rule}
		if past != nil {
			b.past = movie(past)
		}
		return b
	}
	picture, film := jpegSized(640, 640), movie(func(m *mediatest.Movie) { m.Seconds = 5 })
	return map[string]boundary{
		"reel, columns":     reel(func(m *mediatest.Movie) { m.Width, m.Height = 1920, 1080 }, func(m *mediatest.Movie) { m.Width, m.Height = 1921, 1080 }, "video.columns"),
		"reel, turned":      reel(func(m *mediatest.Movie) { m.Width, m.Height, m.Rotation = 1080, 2400, 90 }, func(m *mediatest.Movie) { m.Width, m.Height, m.Rotation = 2400, 1080, 90 }, "video.columns"),
		"reel, low rate":    reel(func(m *mediatest.Movie) { m.FPS = 23 }, func(m *mediatest.Movie) { m.FPS = 22 }, "video.frame_rate"),
		"reel, high rate":   reel(func(m *mediatest.Movie) { m.FPS = 60 }, func(m *mediatest.Movie) { m.FPS = 61 }, "video.frame_rate"),
		"reel, short":       reel(func(m *mediatest.Movie) { m.Seconds = 3 }, func(m *mediatest.Movie) { m.Seconds = 2.9 }, "video.duration"),
		"reel, long":        reel(func(m *mediatest.Movie) { m.Seconds = 900 }, func(m *mediatest.Movie) { m.Seconds = 900.1 }, "video.duration"),
		"reel, bit rate":    reel(func(m *mediatest.Movie) { m.Bytes = 10 * 24_900_000 / 8 }, func(m *mediatest.Movie) { m.Bytes = 10 * 25_100_000 / 8 }, "video.bit_rate"),
		"reel, wide":        reel(func(m *mediatest.Movie) { m.Width, m.Height = 1000, 100 }, func(m *mediatest.Movie) { m.Width, m.Height = 1000, 99 }, "video.aspect_ratio"),
		"reel, tall":        reel(func(m *mediatest.Movie) { m.Width, m.Height = 20, 2000 }, func(m *mediatest.Movie) { m.Width, m.Height = 20, 2001 }, "video.aspect_ratio"),
		"reel, codec":       reel(func(m *mediatest.Movie) { m.VideoCodec = "hvc1" }, func(m *mediatest.Movie) { m.VideoCodec = "av01" }, "video.codec"),
		"reel, colours":     reel(func(m *mediatest.Movie) { m.Chroma = 1 }, func(m *mediatest.Movie) { m.Chroma, m.Profile = 2, 122 }, "video.chroma"),
		"reel, fields":      reel(func(*mediatest.Movie) {}, func(m *mediatest.Movie) { m.Interlaced = true }, "video.interlaced"),
		"reel, channels":    reel(func(m *mediatest.Movie) { m.Channels = 2 }, func(m *mediatest.Movie) { m.Channels = 6 }, "video.audio_channels"),
		"reel, sample rate": reel(func(m *mediatest.Movie) { m.Rate = 48000 }, func(m *mediatest.Movie) { m.Rate = 64000 }, "video.audio_rate"),
		"reel, sound":       reel(func(m *mediatest.Movie) { m.AudioCodec = "-" }, func(m *mediatest.Movie) { m.AudioCodec = "ac-3" }, "video.audio_codec"),
		"reel, edits":       reel(func(m *mediatest.Movie) { m.Edits = "trim" }, func(m *mediatest.Movie) { m.Edits = "cut" }, "video.edit_list"),
		"reel, delay":       reel(func(m *mediatest.Movie) { m.Place = true }, func(m *mediatest.Movie) { m.Edits = "delay" }, "video.edit_list"),
		"reel, description": reel(func(m *mediatest.Movie) { m.MoovLast = true }, nil, ""),
		"reel, container":   reel(func(m *mediatest.Movie) { m.Brand, m.MoovLast = "qt  ", true }, nil, ""),
		"story, long": {platform: "instagram", options: story, at: movie(func(m *mediatest.Movie) { m.Seconds = 60 }), past: movie(func(m *mediatest.Movie) { m.Seconds = 60.1 }),
			rule: "instagram.video.duration"},
		"carousel, long": {platform: "instagram", at: append(movie(func(m *mediatest.Movie) { m.Seconds = 60 }), picture...), past: append(movie(func(m *mediatest.Movie) { m.Seconds = 61 }), picture...),
			rule: "instagram.video.duration"},
		"photo, tall":       {platform: "instagram", at: jpegSized(800, 1000), past: jpegSized(799, 1000), rule: "instagram.image.aspect_ratio"},
		"photo, wide":       {platform: "instagram", at: jpegSized(955, 500), past: jpegSized(956, 500), rule: "instagram.image.aspect_ratio"},
		"photo, png":        {platform: "instagram", at: pngSized(3000, 3000)},
		"carousel, items":   {platform: "instagram", at: times(10, picture), past: times(11, picture), rule: "instagram.carousel.max_items"},
		"story, items":      {platform: "instagram", options: story, at: picture, past: times(2, picture), rule: "instagram.story.max_items"},
		"photo, alt":        {platform: "instagram", at: picture, past: picture, alt: strings.Repeat("a", 1000), longAlt: strings.Repeat("a", 1001), rule: "instagram.alt_text.max_length"},
		"photo, text":       {platform: "instagram", at: picture, past: picture, text: strings.Repeat("é", 2200), longText: strings.Repeat("é", 2201), rule: "instagram.text.max_length"},
		"photo, hashtags":   {platform: "instagram", at: picture, past: picture, text: strings.Repeat("#a ", 30), longText: strings.Repeat("#a ", 31), rule: "instagram.text.max_hashtags"},
		"photo, mentions":   {platform: "instagram", at: picture, past: picture, text: strings.Repeat("@a ", 20), longText: strings.Repeat("@a ", 21), rule: "instagram.text.max_mentions"},
		"bluesky, images":   {platform: "bluesky", at: times(4, picture), past: times(5, picture), rule: "bluesky.images.max_items"},
		"bluesky, no mix":   {platform: "bluesky", at: film, past: append(append([]any{}, picture...), film...), rule: "bluesky.video.max_items"},
		"bluesky, duration": {platform: "bluesky", at: movie(func(m *mediatest.Movie) { m.Seconds = 180 }), past: movie(func(m *mediatest.Movie) { m.Seconds = 180.1 }), rule: "bluesky.video.duration"},
		"bluesky, format":   {platform: "bluesky", at: film, past: movie(func(m *mediatest.Movie) { m.Brand = "qt  " }), rule: "bluesky.video.format"},
		"bluesky, alt":      {platform: "bluesky", at: picture, past: picture, alt: strings.Repeat("a", 2000), longAlt: strings.Repeat("a", 2001), rule: "bluesky.alt_text.max_length"},
		"bluesky, video alt": {platform: "bluesky", at: film, past: film, alt: strings.Repeat("a", 1000), longAlt: strings.Repeat("a", 1001),
			rule: "bluesky.video.alt_text"},
		"bluesky, text":  {platform: "bluesky", text: strings.Repeat("👩‍🚀", 250) + strings.Repeat("a", 50), longText: strings.Repeat("👩", 301), rule: "bluesky.text.max_length"},
		"bluesky, bytes": {platform: "bluesky", text: strings.Repeat("👨‍👩‍👧", 166) + strings.Repeat("a", 12), longText: strings.Repeat("👨‍👩‍👧", 166) + strings.Repeat("a", 13), rule: "bluesky.text.max_bytes"},
		"youtube, bytes": {platform: "youtube", at: film, past: film, text: strings.Repeat("é", 2500), longText: strings.Repeat("é", 2500) + "a", rule: "youtube.text.max_length"},
		"bluesky, large": {platform: "bluesky", at: pngSized(2000, 1500)},
	}
}

// served puts media on a server and gives the items of a request that name them.
func (b boundary) items(put func(any) string, media []any, alt string) []any {
	list := []any{}
	for _, m := range media {
		item := map[string]any{"url": put(m)}
		if alt != "" {
			item["altText"] = alt
		}
		list = append(list, item)
	}
	return list
}

// TestLimits publishes what lies just at each limit, which the platform takes, and tries what lies just beyond, which is refused before
// anything is sent.
func TestLimits(t *testing.T) {
	t.Parallel()
	var api http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { api.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	w := newWorld(t, "POSTHORN_PUBLIC_URL="+front.URL)
	api = w.handler
	w.work()
	var mu sync.Mutex
	files := map[string]any{}
	shelf := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		file := files[r.URL.Path]
		mu.Unlock()
		switch f := file.(type) {
		case []byte:
			http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(f))
		case *mediatest.Sparse:
			rw.Header().Set("Content-Type", "video/mp4")
			http.ServeContent(rw, r, "", time.Time{}, f.Again())
		default:
			http.NotFound(rw, r)
		}
	}))
	t.Cleanup(shelf.Close)
	put := func(m any) string {
		mu.Lock()
		defer mu.Unlock()
		path := fmt.Sprintf("/%d", len(files))
		files[path] = m
		return shelf.URL + path
	}
	cases, broken := boundaries(), map[string]bool{}
	var publishing sync.WaitGroup
	within := map[string]map[string]any{}
	for name, b := range cases {
		body := func(media []any, text, alt string) map[string]any {
			to := target(b.platform, w.account(b.platform))
			if b.options != "" {
				to["platformSpecificData"] = map[string]any{"contentType": "story"}
			} else if text == "" {
				text = name
			}
			return map[string]any{"content": text, "publishNow": true, "mediaItems": b.items(put, media, alt), "platforms": []any{to}}
		}
		if b.rule != "" && (b.past != nil || b.longText != "") {
			a := w.do("POST", "/v1/posts", body(b.past, b.longText, b.longAlt))
			if a.status != 400 || a.text("rule") != b.rule {
				t.Errorf("%s, past it: %d %s", name, a.status, a.body)
			}
			broken[b.rule] = true
		}
		within[name] = body(b.at, b.text, b.alt)
	}
	if n := len(w.seenAt("instagram")) + len(w.seenAt("bluesky")); n != 0 {
		t.Errorf("%d posts were sent that break a rule", n)
	}
	next := make(chan string, len(within))
	for name := range within {
		next <- name
	}
	close(next)
	for range 8 {
		publishing.Go(func() {
			for name := range next {
				if a := w.do("POST", "/v1/posts", within[name]); a.status != 201 {
					t.Errorf("%s, at it: %d %s", name, a.status, a.body)
				}
			}
		})
	}
	publishing.Wait()
	rules := 0
	for _, name := range all.Registry().Names() {
		p, _ := all.Registry().Get(name)
		for _, d := range platforms.Documented(p.Info()) {
			if !d.Failure {
				rules++
			}
		}
	}
	t.Logf("%d limits; %d rules broken of the %d that posts can break", len(cases), len(broken), rules)
}
