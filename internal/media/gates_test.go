package media

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms"
)

// plainSeals are no seals: what they hold can be read, but not made by somebody else in these tests.
type plainSeals struct{}

func (plainSeals) Seal(plain []byte, associated string) []byte {
	return append([]byte(associated), plain...)
}
func (plainSeals) Open(sealed []byte, associated string) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte(associated))
	if !ok {
		return nil, errors.New("not sealed here")
	}
	return plain, nil
}

// TestGates reads media of ours and of another server while its gate is shut, as it opens, when it is shut again, and too late.
func TestGates(t *testing.T) {
	t.Parallel()
	film := mediatest.Movie{}.File()
	f := newFar(t, map[string][]byte{"a.png": pngOf(t, quarters(40, 20)), "a.mp4": film})
	d := newDesk(t, newStore(t))
	var open atomic.Pointer[string]
	none := ""
	open.Store(&none)
	g := &Gates{Source: NewSource(openClient(), d.Uploads), Keys: plainSeals{}, Now: d.Now, Wait: 300 * time.Millisecond, IsOpen: func(_ context.Context, gate platforms.Gate) (bool, error) {
		return gate.TargetID == "t1" && gate.Key == *open.Load(), nil
	}}
	get := func(method, address string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		g.Handler(d.Handler()).ServeHTTP(w, httptest.NewRequest(method, strings.TrimPrefix(address, "https://pub.example"), nil))
		return w
	}
	for name, m := range map[string]platforms.Media{"converted": item(f.URL + "/a.png"), "elsewhere": {Type: platforms.Video, URL: f.URL + "/a.mp4"}} {
		address, err := g.GatedURL(t.Context(), m, jpegOnly, platforms.Gate{TargetID: "t1", Key: name})
		if err != nil || !strings.HasPrefix(address, "https://pub.example/media/for/") {
			t.Fatalf("%s: %s, %v", name, address, err)
		}
		if w := get("GET", address); w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: shut: %d %v", name, w.Code, w.Header())
		}
		go func() {
			time.Sleep(50 * time.Millisecond)
			open.Store(&name)
		}()
		w := get("GET", address)
		if w.Code != 200 || name == "elsewhere" && (!bytes.Equal(w.Body.Bytes(), film) || w.Header().Get("Content-Type") != "video/mp4") || name == "converted" && w.Header().Get("Content-Type") != JPEG {
			t.Errorf("%s: while it opens: %d, %d bytes, %v", name, w.Code, w.Body.Len(), w.Header())
		}
		if w := get("HEAD", address); w.Code != 200 || w.Body.Len() != 0 {
			t.Errorf("%s: HEAD: %d, %d bytes", name, w.Code, w.Body.Len())
		}
		if w := get("POST", address); w.Code != 404 {
			t.Errorf("%s: POST: %d", name, w.Code)
		}
		if w := get("GET", address[:len(address)-8]); w.Code != 404 {
			t.Errorf("%s: changed: %d", name, w.Code)
		}
		open.Store(&none)
		if w := get("GET", address); w.Code != 404 {
			t.Errorf("%s: shut again: %d", name, w.Code)
		}
		open.Store(&name)
		d.advance(signedLife + time.Minute)
		if w := get("GET", address); w.Code != 404 {
			t.Errorf("%s: too late: %d", name, w.Code)
		}
		open.Store(&none)
	}
	if w := get("GET", "https://pub.example/media/for/"+strings.Repeat("A", 60)); w.Code != 404 {
		t.Errorf("not sealed: %d", w.Code)
	}
	if _, err := g.GatedURL(t.Context(), item(f.URL+"/none.jpg"), jpegOnly, platforms.Gate{TargetID: "t1", Key: "k"}); platforms.AsError(err).Kind != platforms.Rejected {
		t.Errorf("what is not there: %v", err)
	}
	if w := get(http.MethodGet, "https://pub.example/media/nothing.jpg"); w.Code != 404 {
		t.Errorf("beside gates: %d", w.Code)
	}
}
