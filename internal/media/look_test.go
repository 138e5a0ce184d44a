package media

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"posthorn/internal/outbound"
)

func TestLook(t *testing.T) {
	t.Parallel()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	size := int64(picture.Len())
	var heads atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			heads.Add(1)
		}
		switch r.URL.Path {
		case "/plain.png":
			w.Header().Set("Content-Type", "image/jpeg") // which it is not
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
		case "/nohead.png":
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
		case "/page":
			_, _ = w.Write([]byte("<!doctype html><html></html>"))
			return
		default:
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(picture.Bytes())
	}))
	defer srv.Close()
	p := &Prober{Client: srv.Client()}
	for _, tt := range []struct {
		address, rule string
		want          Look
	}{
		{srv.URL + "/plain.png", "", Look{MIME: PNG, Size: size}},
		{srv.URL + "/nohead.png", "", Look{MIME: PNG, Size: size}},
		{srv.URL + "/page", RuleNotMedia, Look{MIME: HTML, Size: 28}},
		{srv.URL + "/gone.png", RuleNotFound, Look{Size: -1}},
		{"ftp://example.com/x", RuleBadURL, Look{Size: -1}},
		{"nonsense", RuleBadURL, Look{Size: -1}},
	} {
		got, err := p.Look(t.Context(), tt.address)
		var fault *Fault
		errors.As(err, &fault)
		if got != tt.want || (tt.rule == "") != (err == nil) || fault != nil && fault.Rule != tt.rule {
			t.Errorf("%s: %+v, %v; want %+v, %q", tt.address, got, err, tt.want, tt.rule)
		}
	}
	asked := heads.Load()
	guarded := &Prober{Client: outbound.NewGuarded(outbound.Options{})}
	_, err := guarded.Look(t.Context(), srv.URL+"/plain.png")
	var fault *Fault
	if !errors.As(err, &fault) || fault.Rule != RulePrivateAddress || heads.Load() != asked {
		t.Errorf("a private address: %v", err)
	}
}
