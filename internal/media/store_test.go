package media

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func TestOpenStore(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/f"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"mem://": true, "file://" + t.TempDir() + "/new/folder": true, "file://" + t.TempDir() + "?metadata=skip": true,
		"": false, "ftp://bucket": false, "/plain/path": false, "file://" + file: false, "file://" + t.TempDir() + "?nonsense=1": false,
	} {
		s, err := OpenStore(t.Context(), address, "http://p")
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"mem://", "file://" + t.TempDir(), "file://" + t.TempDir() + "?metadata=skip"} {
		s, err := OpenStore(t.Context(), address, "http://p/")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.Put(t.Context(), "fit/ab/c.jpg", JPEG, strings.NewReader("0123456789")); err != nil {
			t.Fatal(err)
		}
		if got := s.URL("fit/ab/c.jpg"); got != "http://p/media/fit/ab/c.jpg" {
			t.Errorf("URL %s", got)
		}
		for _, c := range []struct {
			method, path, ranges string
			status               int
			body                 string
		}{
			{"GET", "/media/fit/ab/c.jpg", "", 200, "0123456789"},
			{"HEAD", "/media/fit/ab/c.jpg", "", 200, ""},
			{"GET", "/media/fit/ab/c.jpg", "bytes=2-4", 206, "234"},
			{"GET", "/media/fit/ab/c.jpg", "bytes=-3", 206, "789"},
			{"GET", "/media/fit/ab/c.jpg", "bytes=20-", 416, ""},
			{"GET", "/media/fit/ab/d.jpg", "", 404, ""},
			{"GET", "/media/", "", 404, ""},
			{"GET", "/media/fit", "", 404, ""},
			{"GET", "/media/fit/", "", 404, ""},
			{"GET", "/media/fit/ab/c.jpg/", "", 404, ""},
			{"GET", "/media/fit/ab/c.jpg.attrs", "", 404, ""},
			{"GET", "/media/fit/../fit/ab/c.jpg", "", 404, ""},
			{"GET", "/media/%2e%2e/%2e%2e/etc/passwd", "", 404, ""},
			{"GET", "/media//etc/hosts.jpg", "", 404, ""},
			{"GET", "/media/a\x00.jpg", "", 404, ""},
			{"GET", "/elsewhere/fit/ab/c.jpg", "", 404, ""},
		} {
			r := httptest.NewRequest(c.method, "/", nil)
			r.URL.Path = strings.ReplaceAll(c.path, "%2e", ".")
			if c.ranges != "" {
				r.Header.Set("Range", c.ranges)
			}
			w := httptest.NewRecorder()
			(&Uploads{Store: s}).Handler().ServeHTTP(w, r)
			h := w.Header()
			if w.Code != c.status || (c.body != "" && w.Body.String() != c.body) || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %s %s %s: %d %q %v", address, c.method, c.path, c.ranges, w.Code, w.Body, h)
			}
			if c.status < 300 && (h.Get("Content-Type") != JPEG || !strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("Accept-Ranges") != "bytes") {
				t.Errorf("%s %s: headers %v", c.method, c.path, h)
			}
			if c.method == "HEAD" && (h.Get("Content-Length") != "10" || w.Body.Len() > 0) {
				t.Errorf("HEAD: %v %q", h, w.Body)
			}
			if c.status >= 400 && strings.Contains(w.Body.String(), "c.jpg") {
				t.Errorf("%s %s: the answer lists files: %q", c.method, c.path, w.Body)
			}
		}
	}
}

func TestPutIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	broken := errors.New("broken")
	if err := s.Put(t.Context(), "a.jpg", JPEG, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if has, err := s.Has(t.Context(), "a.jpg"); has || err != nil {
		t.Errorf("half a file is kept: %v, %v", has, err)
	}
	for _, key := range []string{"", "a", "../a.jpg", "/a.jpg", "a/../b.jpg", "a..jpg", ".jpg", "a.jpg.attrs", "a b.jpg", strings.Repeat("a", 300) + ".jpg"} {
		if err := s.Put(t.Context(), key, JPEG, strings.NewReader("x")); err == nil {
			t.Errorf("key %q is taken", key)
		}
	}
}

func TestHandlerWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	s, err := OpenStore(t.Context(), "mem://", "http://p")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	w := httptest.NewRecorder()
	(&Uploads{Store: s}).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/media/a.jpg", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
}
