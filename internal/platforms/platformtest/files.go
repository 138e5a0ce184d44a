package platformtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

// Files are media that exist, on a server of the suite's own. It is the MediaSource of every run, and what the fakes fetch from.
type Files struct {
	url    string
	client *http.Client
	images map[string][]byte
	video  []byte
	long   []byte
	gif    []byte
	gates  sync.Map // the keys of those that stand open
}

var _ platforms.MediaSource = (*Files)(nil)

// imageCount is how many different images there are.
const imageCount = 24

func newFiles(t *testing.T) *Files {
	f := &Files{images: map[string][]byte{}, video: movie(4096), long: movie(longVideo), gif: moving()}
	for i := range imageCount {
		f.images[fmt.Sprintf("/image-%d.jpg", i)] = picture(i)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, mime := f.lookup(r.URL.Path)
		if body == nil || !f.isOpen(r.URL.Query().Get("gate")) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mime)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(srv.Close)
	f.url, f.client = srv.URL, srv.Client()
	return f
}

// Image is the n-th image, 640 by 640 pixels, as a measured media item.
func (f *Files) Image(n int) platforms.Media {
	path := fmt.Sprintf("/image-%d.jpg", n%imageCount)
	return platforms.Media{Type: platforms.Image, URL: f.url + path, AltText: fmt.Sprintf("picture %d", n), MIME: "image/jpeg", Size: int64(len(f.images[path])), Width: side, Height: side}
}

// Video is a short MP4.
func (f *Files) Video() platforms.Media {
	return platforms.Media{Type: platforms.Video, URL: f.url + "/video.mp4", MIME: "video/mp4", Size: int64(len(f.video)), Duration: 10 * time.Second}
}

// longVideo is the size of a video that has to be sent in several pieces, of a size that platforms allow.
const longVideo = 600 << 10

// LongVideo is an MP4 of the same length with more in it, for uploads in pieces.
func (f *Files) LongVideo() platforms.Media {
	m := f.Video()
	m.URL, m.Size = f.url+"/long.mp4", int64(len(f.long))
	return m
}

// GIF is an image that moves.
func (f *Files) GIF() platforms.Media {
	return platforms.Media{Type: platforms.GIF, URL: f.url + "/moving.gif", MIME: "image/gif", Size: int64(len(f.gif)), Width: 16, Height: 16, AltText: "it moves"}
}

// PageURL is the address of a page with a card.
func (f *Files) PageURL() string { return "https://example.com/article" }

func (f *Files) lookup(path string) (body []byte, mime string) {
	switch path {
	case "/video.mp4":
		return f.video, "video/mp4"
	case "/long.mp4":
		return f.long, "video/mp4"
	case "/moving.gif":
		return f.gif, "image/gif"
	}
	return f.images[path], "image/jpeg"
}

// URL gives the item's own address: everything here fits every platform.
func (f *Files) URL(ctx context.Context, m platforms.Media, _ platforms.Fit) (string, error) {
	return m.URL, cancelled(ctx)
}

// Open reads the item.
func (f *Files) Open(ctx context.Context, m platforms.Media, _ platforms.Fit) (*platforms.File, error) {
	if err := cancelled(ctx); err != nil {
		return nil, err
	}
	body, mime := f.lookup(strings.TrimPrefix(m.URL, f.url))
	if body == nil {
		return nil, platforms.Errorf(platforms.Rejected, "there is no media at %s", m.URL)
	}
	file := &platforms.File{Body: io.NopCloser(bytes.NewReader(body)), MIME: mime, Size: int64(len(body))}
	if mime == "image/jpeg" {
		file.Width, file.Height = side, side
	}
	return file, nil
}

// Page is the card of the one page that there is.
func (f *Files) Page(ctx context.Context, address string) (platforms.Page, error) {
	if err := cancelled(ctx); err != nil {
		return platforms.Page{}, err
	}
	if address != f.PageURL() {
		return platforms.Page{}, platforms.Errorf(platforms.Unavailable, "no page at %s", address)
	}
	return platforms.Page{URL: address, Title: "An article", Description: "What it says", ImageURL: f.url + "/image-0.jpg"}, nil
}

func cancelled(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &platforms.Error{Kind: platforms.Unavailable, Message: "cancelled", Err: err}
	}
	return nil
}

const side = 640

// picture is a plain JPEG, different for each n.
func picture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / side), uint8(y * 255 / side), uint8(n * 10), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 60}); err != nil {
		panic("platformtest: " + err.Error()) // a plain image always encodes
	}
	return b.Bytes()
}

// moving is a GIF of two frames.
func moving() []byte {
	frame := func(c color.Color) *image.Paletted {
		return image.NewPaletted(image.Rect(0, 0, 16, 16), color.Palette{c})
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame(color.White), frame(color.Black)}, Delay: []int{50, 50}}); err != nil {
		panic("platformtest: " + err.Error()) // plain images always encode
	}
	return b.Bytes()
}

// movie is the smallest thing that calls itself an MP4: a header, an empty track list and some bytes.
func movie(size int) []byte {
	var b bytes.Buffer
	box := func(kind string, payload []byte) {
		binary.Write(&b, binary.BigEndian, uint32(8+len(payload)))
		b.WriteString(kind)
		b.Write(payload)
	}
	box("ftyp", []byte("isom\x00\x00\x02\x00isomiso2avc1mp41"))
	mvhd := make([]byte, 108)
	copy(mvhd[0:], []byte{0, 0, 0, 108})
	copy(mvhd[4:], "mvhd")
	binary.BigEndian.PutUint32(mvhd[20:], 1000)   // ticks a second
	binary.BigEndian.PutUint32(mvhd[24:], 10_000) // ten seconds
	box("moov", mvhd)
	box("mdat", bytes.Repeat([]byte{7}, size))
	return b.Bytes()
}
