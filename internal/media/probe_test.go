package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/outbound"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	for want, samples := range map[string][]string{
		JPEG:      {"\xff\xd8\xff\xe0\x00\x10JFIF"},
		PNG:       {"\x89PNG\r\n\x1a\n"},
		GIF:       {"GIF87a", "GIF89a"},
		WebP:      {"RIFF\x00\x00\x00\x00WEBPVP8 "},
		HEIC:      {"\x00\x00\x00\x18ftypheic", "\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"},
		AVIF:      {"\x00\x00\x00\x18ftypavif", "\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif"},
		MP4:       {"\x00\x00\x00\x18ftypisom", "\x00\x00\x00\x18ftypmp42", "\x00\x00\x00\x18ftypM4V "},
		QuickTime: {"\x00\x00\x00\x14ftypqt  ", "\x00\x00\x00\x08wide\x00\x00\x00\x00", "\x00\x00\x10\x08moov\x00\x00\x00\x6c"},
		WebM:      {"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroskawebm"},
		PDF:       {"%PDF-1.7"},
		HTML:      {"<!DOCTYPE html><html>", "\n\n  <html lang=en>", "<script>location='/login'</script>", "<HTML>"},
		"":        {"", "x", "plain text", "{\"error\":\"no\"}", "\x1a\x45\xdf\xa3 matroska alone", "PK\x03\x04", "RIFF\x00\x00\x00\x00ACON"},
		WAV:       {"RIFF\x00\x00\x00\x00WAVEfmt "},
		AVI:       {"RIFF\x00\x00\x00\x00AVI LIST"},
		M4A:       {"\x00\x00\x00\x18ftypM4A "},
		MPEG:      {"\x00\x00\x01\xba\x44", "\x00\x00\x01\xb3\x14"},
		MP3:       {"ID3\x04\x00", "\xff\xfb\x90\x64"},
		AAC:       {"\xff\xf1\x50\x80"},
		Ogg:       {"OggS\x00\x02"},
	} {
		for _, s := range samples {
			if got := Sniff([]byte(s)); got != want {
				t.Errorf("Sniff(%q) = %q, want %q", s, got, want)
			}
		}
	}
}

// However a server treats ranges and lengths, a probe finds the size where there is a way to.
func TestProbeSize(t *testing.T) {
	t.Parallel()
	small, large := jpegOf(t, quarters(40, 20)), pngOf(t, noise(700, 700))
	if len(large) <= probeBytes {
		t.Fatalf("the large file has only %d bytes", len(large))
	}
	for name, c := range map[string]struct {
		file  []byte
		serve func(w http.ResponseWriter, r *http.Request, b []byte)
		size  int
	}{
		"ranges": {large, func(w http.ResponseWriter, r *http.Request, b []byte) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
		}, len(large)},
		"no ranges": {large, func(w http.ResponseWriter, r *http.Request, b []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			w.Write(b)
		}, len(large)},
		"no length, large": {large, chunked, 0},
		"no length, small": {small, chunked, len(small)},
		"star for total": {large, func(w http.ResponseWriter, _ *http.Request, b []byte) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/*", probeBytes-1))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(b[:probeBytes])
		}, 0},
		"refuses ranges": {small, func(w http.ResponseWriter, r *http.Request, b []byte) {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			w.Write(b)
		}, len(small)},
	} {
		address := handle(t, func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, c.file) })
		p := Prober{Client: openClient()}
		got, err := p.Probe(t.Context(), address)
		if err != nil || got.Size != int64(c.size) || got.Width == 0 {
			t.Errorf("%s: got %+v, %v; want size %d", name, got, err, c.size)
		}
	}
}

// chunked serves a file without telling its length.
func chunked(w http.ResponseWriter, _ *http.Request, b []byte) {
	w.(http.Flusher).Flush()
	w.Write(b)
}

// A probe of a large file leaves most of it where it is.
func TestProbeReadsOnlyTheStart(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	done := make(chan struct{})
	address := handle(t, func(w http.ResponseWriter, _ *http.Request) { // knows no ranges
		defer close(done)
		w.Write(box("ftyp", []byte("isom\x00\x00\x02\x00isomiso2")))
		block := make([]byte, 64<<10)
		for range 1000 {
			n, err := w.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	p := Prober{Client: openClient()}
	if _, err := p.Probe(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	<-done
	if n := sent.Load(); n > 32<<20 {
		t.Errorf("%d bytes left the server", n)
	}
}

func TestProbeFaults(t *testing.T) {
	t.Parallel()
	photo := jpegOf(t, quarters(40, 20))
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	bytesOf := func(b string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, b) }
	}
	p := Prober{Client: openClient(), Timeout: 300 * time.Millisecond}
	for name, c := range map[string]struct {
		serve     http.HandlerFunc
		rule      string
		temporary bool
	}{
		"404":     {status(404), RuleNotFound, false},
		"410":     {status(410), RuleNotFound, false},
		"401":     {status(401), RuleUnreachable, false},
		"403":     {status(403), RuleUnreachable, false},
		"204":     {status(204), RuleUnreachable, false},
		"429":     {status(429), RuleUnreachable, true},
		"500":     {status(500), RuleUnreachable, true},
		"503":     {status(503), RuleUnreachable, true},
		"page":    {bytesOf("<!doctype html><title>Log in</title>"), RuleNotMedia, false},
		"text":    {bytesOf("hello"), RuleUnsupported, false},
		"empty":   {bytesOf(""), RuleUnsupported, false},
		"cut":     {bytesOf(string(photo[:30])), RuleUnsupported, false},
		"damaged": {bytesOf("\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100)), RuleUnsupported, false},
		"slow":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, RuleUnreachable, true},
		"loop":    {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", 302) }, RuleUnreachable, false},
		"scheme":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "file:///etc/passwd", 302) }, RuleBadURL, false},
		"stops": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			w.Write(photo[:100])
		}, RuleUnreachable, true},
		"another part": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(206)
		}, RuleUnreachable, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Probe(t.Context(), handle(t, c.serve)+"/x?signature=SECRET")
			wantFault(t, err, c.rule, c.temporary)
		})
	}
}

func wantFault(t *testing.T, err error, rule string, temporary bool) {
	t.Helper()
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a Fault", err)
	}
	if f.Rule != rule || f.Temporary != temporary || f.Message == "" || f.Remediation == "" {
		t.Errorf("got %+v, want rule %s, temporary %v, with texts", f, rule, temporary)
	}
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("the error shows the query: %v", err)
	}
}

func TestProbeAddresses(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	open, guarded := openClient(), outbound.NewGuarded(outbound.Options{})
	for _, c := range []struct {
		client        *http.Client
		address, rule string
		temporary     bool
	}{
		{open, "", RuleBadURL, false},
		{open, "photo.jpg", RuleBadURL, false},
		{open, "ftp://h.example/SECRET", RuleBadURL, false},
		{open, "javascript:alert(1)", RuleBadURL, false},
		{open, "http://", RuleBadURL, false},
		{open, "https:///SECRET", RuleBadURL, false},
		{open, "http://h.example:port/SECRET", RuleBadURL, false},
		{open, "http://h.example/%zz?SECRET", RuleBadURL, false},
		{open, "http://h.example/\x00?SECRET", RuleBadURL, false},
		{open, "http://h.example/" + strings.Repeat("a", maxURL), RuleBadURL, false},
		{open, closed.URL + "/?SECRET", RuleUnreachable, true},
		{open, tls.URL + "/?SECRET", RuleTLS, false},
		{open, "https://" + strings.TrimPrefix(handle(t, func(http.ResponseWriter, *http.Request) {}), "http://"), RuleTLS, false},
		{guarded, closed.URL + "/?SECRET", RulePrivateAddress, false},
		{guarded, "http://169.254.169.254/latest/meta-data/SECRET", RulePrivateAddress, false},
	} {
		t.Run(c.address[:min(len(c.address), 40)], func(t *testing.T) {
			p := Prober{Client: c.client}
			_, err := p.Probe(t.Context(), c.address)
			wantFault(t, err, c.rule, c.temporary)
		})
	}
}

func TestProbeAll(t *testing.T) {
	t.Parallel()
	var open, most, calls atomic.Int32
	photo := jpegOf(t, quarters(4, 4))
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		n := open.Add(1)
		defer open.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if r.URL.Path == "/stuck" {
			<-r.Context().Done()
			return
		}
		time.Sleep(10 * time.Millisecond) // long enough for the others to arrive
		w.Write(photo)
	})
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf("%s/%d", address, i))
	}
	p := Prober{Client: openClient(), Total: 400 * time.Millisecond}
	got := p.ProbeAll(t.Context(), append(append(list, list...), address+"/stuck", ""))
	if len(got) != 32 {
		t.Errorf("%d results, want 32", len(got))
	}
	for _, a := range list {
		if got[a].Err != nil || got[a].Info.Width != 4 {
			t.Errorf("%s: %+v", a, got[a])
		}
	}
	wantFault(t, got[address+"/stuck"].Err, RuleUnreachable, true)
	wantFault(t, got[""].Err, RuleBadURL, false)
	if n := calls.Load(); n != 31 {
		t.Errorf("%d calls for 31 addresses", n)
	}
	if n := most.Load(); n > probeWidth || n < 2 {
		t.Errorf("%d probes at the same time, want 2 to %d", n, probeWidth)
	}
	if n := len(p.ProbeAll(t.Context(), nil)); n != 0 {
		t.Errorf("%d results for no address", n)
	}
}

// Whoever is sent to a login is told so, and not merely that there is a page.
func TestLoginWalls(t *testing.T) {
	t.Parallel()
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/file.jpg":
			http.Redirect(w, r, "/users/sign_in?next=/file.jpg", http.StatusFound)
		case "/shared.jpg":
			http.Redirect(w, r, "/view", http.StatusFound)
		case "/catalogin.jpg":
		default:
			w.Header().Set("Content-Type", "text/html")
		}
		_, _ = w.Write([]byte("<!doctype html><title>Welcome</title>"))
	})
	p := Prober{Client: openClient()}
	for path, login := range map[string]bool{"/file.jpg": true, "/shared.jpg": false, "/login": true, "/catalogin.jpg": false, "/a/SSO/start": true} {
		_, err := p.Probe(t.Context(), address+path)
		wantFault(t, err, RuleNotMedia, false)
		if strings.Contains(err.Error(), "login") != login {
			t.Errorf("%s: %v", path, err)
		}
	}
}
