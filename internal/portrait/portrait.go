// Package portrait has the pictures of accounts for this server's own pages. A page asks no other server for anything, so the pictures come from here; and
// no byte of a picture that somebody put on a platform gets to a browser as it is: each is drawn anew, small.
package portrait

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif" // a format that platforms give
	"image/jpeg"  // likewise
	_ "image/png" // likewise
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // likewise

	"posthorn/internal/errs"
)

const (
	// Side is how wide and high a picture is drawn, in pixels: sharp at half of that on a phone.
	Side = 128
	// Type is what a picture is sent as.
	Type = "image/jpeg"

	goodFor     = time.Hour       // how long an address is good: as long as the choice that it is shown at
	fetchWithin = 5 * time.Second // of a platform's server, the wait for a turn included
	maxFile     = 4 << 20         // bytes; platforms give pictures of accounts far smaller
	maxSide     = 2048            // pixels of the file's
	maxAddress  = 2000            // bytes
	atOnce      = 4               // pictures in memory
)

// Sealer makes addresses that only this server can make and read; tokens.Keys fits it.
type Sealer interface {
	Seal(plain []byte, associated string) []byte
	Open(sealed []byte, associated string) ([]byte, error)
}

// Service draws portraits.
type Service struct {
	client *http.Client
	keys   Sealer
	now    func() time.Time
	turn   chan struct{}
}

// New makes a Service that fetches through a client which reaches no private address: a platform's host may be anybody's, and says itself where its
// pictures are.
func New(client *http.Client, keys Sealer, now func() time.Time) *Service {
	return &Service{client: client, keys: keys, now: now, turn: make(chan struct{}, atOnce)}
}

// named is what a name holds. It is sealed, so that nobody can have this server fetch what they like.
type named struct {
	URL   string    `json:"u"`
	Until time.Time `json:"t"`
}

// sealedFor keeps other sealed values from being taken for a name.
const sealedFor = "address of a portrait"

// Name is by what a page asks for a picture, for an hour; empty: there is none.
func (s *Service) Name(pictureURL string) string {
	u, err := url.Parse(pictureURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(pictureURL) > maxAddress {
		return ""
	}
	plain, err := json.Marshal(named{pictureURL, s.now().Add(goodFor)})
	if err != nil { // a text and a time always encode
		panic("portrait: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(s.keys.Seal(plain, sealedFor))
}

// Draw gives the picture of a name, as a JPEG. A name that was not given here, or too long ago, is NotFound; a picture that cannot be had, for whatever reason, is
// Unavailable.
func (s *Service) Draw(ctx context.Context, name string) (picture []byte, err error) {
	defer errs.Wrap(&err, "portrait.Draw")
	none := func(err error) error {
		return &errs.Error{Code: errs.NotFound, Message: "There is no such picture", Err: err}
	}
	failed := func(err error) error {
		return &errs.Error{Code: errs.Unavailable, Message: "The picture cannot be had", Err: err}
	}
	var n named
	sealed, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil {
		return nil, none(err)
	}
	plain, err := s.keys.Open(sealed, sealedFor)
	if err != nil {
		return nil, none(err)
	}
	if err := json.Unmarshal(plain, &n); err != nil || !s.now().Before(n.Until) {
		return nil, none(err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, failed(ctx.Err())
	}
	file, err := s.fetch(ctx, n.URL)
	if err != nil {
		return nil, failed(err)
	}
	if picture, err = drawn(file); err != nil {
		return nil, failed(err)
	}
	return picture, nil
}

func (s *Service) fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "image/*")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the platform answered %d", resp.StatusCode)
	}
	file, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err == nil && len(file) > maxFile {
		err = fmt.Errorf("the picture is larger than %d bytes", maxFile)
	}
	return file, err
}

// drawn is the middle of a picture, in a square. What is transparent becomes white. How large it would be in memory is looked at before it is.
func drawn(file []byte) ([]byte, error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide {
		return nil, fmt.Errorf("a %s of %d x %d pixels", format, c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	side := min(b.Dx(), b.Dy())
	middle := image.Rect(0, 0, side, side).Add(b.Min).Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	out := image.NewRGBA(image.Rect(0, 0, Side, Side))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Bounds(), img, middle, draw.Over, nil)
	var w bytes.Buffer
	if err := jpeg.Encode(&w, out, &jpeg.Options{Quality: 88}); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}
