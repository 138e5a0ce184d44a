package instagramfake

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
	"time"
)

// Limits of what is fetched, in bytes.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
const (
	maxImage      = 8 << 20
	maxReel       = 300 << 20
	maxStoryVideo = 100 << 20 // and of a carousel's video
)

// fetchTime is how long one download may take.
const fetchTime = 60 * time.Second

// maxAssets bounds the copies kept of all media, in bytes; beyond it the oldest go.
const maxAssets = 512 << 20

// asset is a copy of a medium that was fetched. Equal bytes are one asset.
type asset struct {
	id    string // hash of the bytes
	mime  string
	data  []byte
	video *video // nil: an image
}

// assets are the copies that the CDN host serves. The zero value is empty.
type assets struct {
	byID  map[string]*asset
	order []*asset // oldest first
	bytes int
}

// keep stores bytes under their hash.
func (s *assets) keep(data []byte, mimeType string) *asset {
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:12])
	if a := s.byID[id]; a != nil {
		return a
	}
	if s.byID == nil {
		s.byID = map[string]*asset{}
	}
	a := &asset{id: id, mime: mimeType, data: data}
	s.byID[id] = a
	s.order = append(s.order, a)
	s.bytes += len(data)
	for s.bytes > maxAssets && len(s.order) > 1 {
		old := s.order[0]
		s.order = s.order[1:]
		s.bytes -= len(old.data)
		delete(s.byID, old.id)
		old.data = nil // posts still point to it
	}
	return a
}

// url is where the CDN serves an image; the extension says no more than what browsers expect.
func (s *assets) url(id string) string { return "https://" + hostCDN + "/" + id + ".jpg" }

// path is the asset's place on the CDN host.
func (a *asset) path() string {
	switch a.mime {
	case "video/mp4":
		return "/" + a.id + ".mp4"
	case "video/quicktime":
		return "/" + a.id + ".mov"
	}
	return "/" + a.id + ".jpg"
}

// serveAsset serves a copy of a medium at the CDN host, in ranges if asked.
func (f *Fake) serveAsset(w http.ResponseWriter, r *http.Request) {
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), ".")
	f.mu.Lock()
	a := f.assets.byID[id]
	var data []byte
	if a != nil {
		data = a.data
	}
	f.mu.Unlock()
	if a == nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		http.Error(w, "URL signature mismatch", http.StatusForbidden) // the word of the real CDN for what it does not have
		return
	}
	w.Header().Set("Content-Type", a.mime)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=1209600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

var (
	errFetch    = errors.New("instagramfake: cannot be fetched")
	errTooLarge = errors.New("instagramfake: too large")
)

// download reads a public URL of at most limit bytes, and the media type that it declares. Errors are errFetch, errTooLarge and
// context.DeadlineExceeded.
func (f *Fake) download(ctx context.Context, link string, limit int) ([]byte, string, error) {
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || !ascii(link) || f.fetcher == nil {
		return nil, "", errFetch
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, "", errFetch
	}
	req.Header.Set("User-Agent", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)")
	resp, err := f.fetcher.Do(req)
	if err != nil {
		return nil, "", fetchError(ctx)
	}
	defer resp.Body.Close()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK {
		return nil, "", errFetch
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, "", fetchError(ctx)
	}
	if len(data) > limit {
		return nil, kind, errTooLarge
	}
	return data, kind, nil
}

func fetchError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return errFetch
}

// fetchImage fetches and checks a JPEG. Its proportions matter in the feed, and not in stories or covers.
func (f *Fake) fetchImage(ctx context.Context, link string, feed bool) (*asset, *failure) {
	data, kind, err := f.download(ctx, link, maxImage)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, failFetchTimeout
	case err != nil && !errors.Is(err, errTooLarge):
		return nil, failFetch.saying("The media could not be fetched from this URI: " + clip(withoutQuery(link)))
	case !strings.HasPrefix(kind, "image/") && !strings.HasPrefix(kind, "video/"):
		return nil, failFetch.saying("The media fetched from this URI is neither a photo nor a video: " + clip(withoutQuery(link)))
	case err != nil:
		return nil, failImageSize
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width == 0 || size.Height == 0 {
		return nil, failImageType
	}
	if feed && (size.Width*5 < size.Height*4 || size.Width*100 > size.Height*191) {
		return nil, failRatio
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.assets.keep(data, "image/jpeg"), nil
}

// withoutQuery leaves a signature out of what is repeated in messages.
func withoutQuery(link string) string {
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

// portrait draws an account's picture.
func portrait(n int) []byte {
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
