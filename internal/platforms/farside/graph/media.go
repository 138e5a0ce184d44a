package graph

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxAssets bounds the copies kept of all media, in bytes; beyond it the oldest go.
const maxAssets = 512 << 20

// Asset is a copy of a medium that was fetched. Equal bytes are one asset.
type Asset struct {
	ID   string // hash of the bytes
	MIME string
	Film *Film // nil: an image

	data []byte
}

// Assets are the copies that a CDN host serves. It is safe for concurrent use.
type Assets struct {
	Host string

	mu    sync.Mutex
	byID  map[string]*Asset
	order []*Asset // oldest first
	bytes int
}

// Keep stores bytes under their hash; film is nil for an image.
func (s *Assets) Keep(data []byte, mimeType string, film *Film) *Asset {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:12])
	if a := s.byID[id]; a != nil {
		return a
	}
	if s.byID == nil {
		s.byID = map[string]*Asset{}
	}
	a := &Asset{ID: id, MIME: mimeType, Film: film, data: data}
	s.byID[id] = a
	s.order = append(s.order, a)
	s.bytes += len(data)
	for s.bytes > maxAssets && len(s.order) > 1 {
		old := s.order[0]
		s.order = s.order[1:]
		s.bytes -= len(old.data)
		delete(s.byID, old.ID)
	}
	return a
}

// URL is where the CDN serves an image; the extension says no more than what browsers expect.
func (s *Assets) URL(id string) string { return "https://" + s.Host + "/" + id + ".jpg" }

// Path is the asset's place on the CDN host.
func (a *Asset) Path() string {
	switch a.MIME {
	case "video/mp4":
		return "/" + a.ID + ".mp4"
	case "video/quicktime":
		return "/" + a.ID + ".mov"
	}
	return "/" + a.ID + ".jpg"
}

// ServeHTTP serves a copy of a medium, in ranges if asked.
func (s *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".")
	s.mu.Lock()
	a := s.byID[id]
	s.mu.Unlock()
	if a == nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		http.Error(w, "URL signature mismatch", http.StatusForbidden) // the word of the real CDN for what it does not have
		return
	}
	w.Header().Set("Content-Type", a.MIME)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=1209600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.data))
}

// fetchTime is how long one download may take.
const fetchTime = 60 * time.Second

// Fetcher downloads media as Meta does.
type Fetcher struct{ Client *http.Client }

// The ways in which a download fails beside running out of time.
var (
	ErrFetch    = errors.New("graph: cannot be fetched")
	ErrTooLarge = errors.New("graph: too large")
)

// Download reads a public URL of at most limit bytes, and the media type that it declares. Errors are ErrFetch, ErrTooLarge and
// context.DeadlineExceeded.
func (f Fetcher) Download(ctx context.Context, link string, limit int) ([]byte, string, error) {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || !ascii(link) || f.Client == nil {
		return nil, "", ErrFetch
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, "", ErrFetch
	}
	req.Header.Set("User-Agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)")
	resp, err := f.Client.Do(req)
	if err != nil {
		return nil, "", fetchError(ctx)
	}
	defer resp.Body.Close()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK {
		return nil, "", ErrFetch
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, "", fetchError(ctx)
	}
	if len(data) > limit {
		return nil, kind, ErrTooLarge
	}
	return data, kind, nil
}

func fetchError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return ErrFetch
}

// WithoutQuery leaves a signature out of what is repeated in messages.
func WithoutQuery(link string) string {
	before, _, _ := strings.Cut(link, "?")
	return before
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Portrait draws an account's picture, each once: fakes are made by the thousand.
func Portrait(n int) []byte {
	portraits.Lock()
	defer portraits.Unlock()
	if portraits.painted[n] == nil {
		portraits.painted[n] = paint(n)
	}
	return portraits.painted[n]
}

var portraits = struct {
	sync.Mutex
	painted map[int][]byte
}{painted: map[int][]byte{}}

func paint(n int) []byte {
	const size = 160
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := color.RGBA{R: uint8(40 + n*150), G: uint8(90 + y/2), B: uint8(200 - n*60 - x/4), A: 255}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // a buffer takes it all
	return b.Bytes()
}
