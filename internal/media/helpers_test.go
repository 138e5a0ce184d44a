package media

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
)

// far is a server of files, each at the path of its name.
type far struct {
	*httptest.Server
	calls atomic.Int32
}

func newFar(t *testing.T, files map[string][]byte) *far {
	t.Helper()
	f := &far{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		b, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}))
	t.Cleanup(f.Close)
	return f
}

func handle(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func openClient() *http.Client { return outbound.NewGuarded(outbound.Options{AllowPrivate: true}) }

func newStore(t *testing.T) *Store {
	t.Helper()
	s, err := OpenStore(t.Context(), "file://"+t.TempDir(), "https://pub.example/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newSource(t *testing.T) *Source {
	t.Helper()
	return NewSource(openClient(), newDesk(t, newStore(t)).Uploads)
}

func item(address string) platforms.Media {
	return platforms.Media{Type: platforms.Image, URL: address}
}

// quarters is an image whose corners are red, green (top), blue, white (bottom).
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}[2*(2*y/h)+2*x/w]
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// noise is an image that no encoder can make small.
func noise(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32()) | byte(i&3/3*255)
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifOf(t testing.TB, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 30, 20), color.Palette{color.Black, color.White}))
		g.Delay = append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webp1 is a lossless WebP of one pixel.
func webp1() []byte {
	b, _ := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	return b
}

// webpExtended is webp1 with a header that tells of EXIF, and EXIF.
func webpExtended(flags byte, exif []byte) []byte {
	plain := webp1()
	b := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, plain[12:]...)
	if exif != nil {
		b = append(b, "EXIF"...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(exif)))
		b = append(b, exif...)
		if len(exif)%2 == 1 {
			b = append(b, 0)
		}
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// tiff is EXIF data that holds an orientation and the word GPSSECRET.
func tiff(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x0100) // an entry before the one that counts
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = append(order.AppendUint16(b, 7), 0, 0)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = append(order.AppendUint16(b, uint16(orientation)), 0, 0)
	return append(b, "\x00\x00\x00\x00GPSSECRET"...)
}

func segment(marker byte, data string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2))
	return append(b, data...)
}

// withSegments puts segments behind the first marker of a JPEG.
func withSegments(file []byte, segments ...[]byte) []byte {
	out := append([]byte(nil), file[:2]...)
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, file[2:]...)
}

func withEXIF(file []byte, orientation int) []byte {
	return withSegments(file, segment(0xe1, "Exif\x00\x00"+string(tiff(binary.BigEndian, orientation))))
}

// withChunk puts a chunk behind the header of a PNG.
func withChunk(file []byte, name string, data []byte) []byte {
	c := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	c = append(append(c, name...), data...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	out := append([]byte(nil), file[:33]...)
	return append(append(out, c...), file[33:]...)
}

// hugePNG is a PNG that says it has that many pixels.
func hugePNG(t testing.TB, w, h uint32) []byte {
	t.Helper()
	b := pngOf(t, quarters(2, 2))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func box(name string, parts ...[]byte) []byte {
	payload := bytes.Join(parts, nil)
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))
	return append(append(b, name...), payload...)
}

func read(t *testing.T, f *platforms.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f.Body); err != nil {
		t.Fatal(err)
	}
	if err := f.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != f.Size {
		t.Errorf("Size is %d, the body has %d bytes", f.Size, b.Len())
	}
	return b.Bytes()
}
