package portrait_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/outbound"
	"posthorn/internal/portrait"
	"posthorn/internal/tokens"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// halves is an image that is red on the left and blue on the right, with a margin that is cut off.
func halves(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			c := color.RGBA{220, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 220, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func encoded(t *testing.T, encode func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// huge is a PNG of a few bytes that says it is 60,000 pixels wide and high.
func huge() []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 60_000), 60_000)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(header, 8, 6, 0, 0, 0))...)
}

// TestDraw has pictures of all sorts drawn anew, and refuses what is none.
func TestDraw(t *testing.T) {
	t.Parallel()
	plain := encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, halves(400, 300), nil) })
	files := map[string][]byte{
		"/a.jpg": plain, "/a.png": encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, halves(90, 90)) }),
		"/a.gif":           encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, halves(300, 900), nil) }),
		"/clear.png":       encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewRGBA(image.Rect(0, 0, 50, 50))) }),
		"/polyglot.jpg":    append(bytes.Clone(plain), "<script>alert(1)</script>"...),
		"/page.jpg":        []byte("<!doctype html><script>alert(1)</script>"),
		"/drawing.svg":     []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>`),
		"/huge.png":        huge(),
		"/large.jpg":       append(bytes.Clone(plain), make([]byte, 4<<20)...),
		"/cut.jpg":         plain[:len(plain)/2],
		"/nothing-in-it":   {},
		"/elsewhere/a.jpg": plain,
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved.jpg" {
			http.Redirect(w, r, "/elsewhere/a.jpg", http.StatusFound)
			return
		}
		if b, ok := files[r.URL.Path]; ok {
			_, _ = w.Write(b)
			return
		}
		http.NotFound(w, r)
	}))
	defer srv.Close()
	s := service(t, true)
	for path, good := range map[string]bool{"/a.jpg": true, "/a.png": true, "/a.gif": true, "/clear.png": true, "/polyglot.jpg": true, "/page.jpg": false, "/drawing.svg": false, "/huge.png": false, "/large.jpg": false,
		"/cut.jpg": false, "/nothing-in-it": false, "/missing.jpg": false, "/moved.jpg": false} {
		got, err := s.Draw(t.Context(), s.Name(srv.URL+path))
		if !good {
			if errs.CodeOf(err) != errs.Unavailable || got != nil {
				t.Errorf("%s: %d bytes, %v", path, len(got), err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || img.Bounds() != image.Rect(0, 0, portrait.Side, portrait.Side) || bytes.Contains(got, []byte("script")) {
			t.Errorf("%s: %v, %v", path, img.Bounds(), err)
			continue
		}
		left, right := at(img, 10), at(img, portrait.Side-10)
		if path == "/clear.png" {
			if left.R < 250 || left.G < 250 || left.B < 250 {
				t.Errorf("%s: what is transparent became %v", path, left)
			}
		} else if left.R < 150 || left.B > 90 || right.B < 150 || right.R > 90 {
			t.Errorf("%s: left %v, right %v", path, left, right)
		}
	}
}

func at(img image.Image, x int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, portrait.Side/2)).(color.RGBA)
}

// service fetches as the programs do.
func service(t *testing.T, private bool) *portrait.Service {
	t.Helper()
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	client := outbound.NewPlatforms(outbound.PlatformOptions{AllowPrivate: private, Now: func() time.Time { return now }}).Client(outbound.Hooks{})
	return portrait.New(client, keys, func() time.Time { return now })
}

// TestNames: only what this server has named is fetched, and nothing within its own network.
func TestNames(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer srv.Close()
	s := service(t, false)
	for name, want := range map[string]errs.Code{s.Name(srv.URL + "/a.jpg"): errs.Unavailable, s.Name("http://localhost:9/a.jpg"): errs.Unavailable, s.Name("https://[::1]/a.jpg"): errs.Unavailable,
		s.Name("https://169.254.169.254/latest/meta-data"): errs.Unavailable, service(t, false).Name("https://example.com/of-another-key.jpg"): errs.NotFound, "": errs.NotFound, "nonsense": errs.NotFound, srv.URL: errs.NotFound} {
		if got, err := s.Draw(t.Context(), name); errs.CodeOf(err) != want || got != nil {
			t.Errorf("%q: %d bytes, %v", name, len(got), err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("a private server was asked %d times", n)
	}
	for _, address := range []string{"", "/a.jpg", "javascript:alert(1)", "data:image/png;base64,AA==", "ftp://example.com/a.jpg", "https://", "https://example.com/" + string(bytes.Repeat([]byte("a"), 2000))} {
		if name := s.Name(address); name != "" {
			t.Errorf("%.40q has the name %q", address, name)
		}
	}
}

// TestPicturesTakeTurns: a server that hangs keeps no more than a few pictures in memory, and who waits gives up with the request.
func TestPicturesTakeTurns(t *testing.T) {
	t.Parallel()
	var here atomic.Int32
	arrived, release := make(chan struct{}, 20), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		here.Add(1)
		arrived <- struct{}{}
		<-release
	}))
	defer srv.Close()
	defer close(release)
	s := service(t, true)
	ctx, giveUp := context.WithCancel(t.Context())
	ended := make(chan error, 12)
	for range 12 {
		go func() {
			_, err := s.Draw(ctx, s.Name(srv.URL+"/a.jpg"))
			ended <- err
		}()
	}
	for range 4 {
		<-arrived
	}
	giveUp()
	for range 12 {
		if err := <-ended; errs.CodeOf(err) != errs.Unavailable {
			t.Errorf("it ended with %v", err)
		}
	}
	if n := here.Load(); n != 4 {
		t.Errorf("%d were fetched at a time", n)
	}
}
