package outbound

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var rewrites = []struct{ gateway, real, want string }{
	{"http://g:1", "https://graph.instagram.com/v23.0/me/media", "http://g:1/graph.instagram.com/v23.0/me/media"},
	{"http://g:1/", "https://h.example/a", "http://g:1/h.example/a"},
	{"http://g:1/in/to", "https://h.example/a/", "http://g:1/in/to/h.example/a/"},
	{"http://g:1/in/", "https://h.example", "http://g:1/in/h.example/"},
	{"http://g:1", "https://h.example?x=1", "http://g:1/h.example/?x=1"},
	{"http://g:1", "https://h.example/", "http://g:1/h.example/"},
	{"http://g:1", "https://h.example:8443/a", "http://g:1/h.example:8443/a"},
	{"http://g:1", "http://[2001:db8::1]:80/a", "http://g:1/[2001:db8::1]:80/a"},
	{"http://g:1", "https://h.example/a%2Fb/c", "http://g:1/h.example/a%2Fb/c"},
	{"http://g:1", "https://h.example/urn%3Ali%3Ashare%3A1", "http://g:1/h.example/urn%3Ali%3Ashare%3A1"},
	{"http://g:1", "https://h.example/a%20b/%C3%A9/%41", "http://g:1/h.example/a%20b/%C3%A9/%41"},
	{"http://g:1", "https://h.example/a//b/../c/.", "http://g:1/h.example/a//b/../c/."},
	{"http://g:1", "https://h.example/a;b=1/@me/x+y", "http://g:1/h.example/a;b=1/@me/x+y"},
	{"http://g:1/p%2Fq", "https://h.example/a", "http://g:1/p%2Fq/h.example/a"},
	{"http://g:1", "https://h.example/a?x=%2F&y=a+b&&z", "http://g:1/h.example/a?x=%2F&y=a+b&&z"},
	{"http://g:1", "https://h.example/a?", "http://g:1/h.example/a?"},
	{"http://g:1", "https://h.example/a#b", "http://g:1/h.example/a#b"},
	{"https://g", "https://h.example/a", "https://g/h.example/a"},
	{"http://g:1", "https://user:pw@h.example/a", "http://g:1/h.example/a"},
	{"http://g:1", "http://g:1/h.example/a?page=2", "http://g:1/h.example/a?page=2"},
	{"http://g:1/in", "http://g:1/elsewhere", "http://g:1/in/g:1/elsewhere"},
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	for _, c := range rewrites {
		real := mustParse(t, c.real)
		before := *real
		if got := Rewrite(mustParse(t, c.gateway), real).String(); got != c.want {
			t.Errorf("Rewrite(%s, %s) = %s, want %s", c.gateway, c.real, got, c.want)
		}
		if *real != before {
			t.Errorf("Rewrite changed %s", c.real)
		}
	}
	real := mustParse(t, "https://h.example/a")
	if got := Rewrite(nil, real); got != real {
		t.Errorf("without a gateway: %s", got)
	}
}

// What arrives at the gateway is byte for byte what the rewritten address says.
func TestGatewayWire(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var uri, host, body string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		uri, host, body = r.RequestURI, r.Host, string(b)
	})
	client := NewPlatforms(PlatformOptions{Gateway: mustParse(t, s.URL+"/p")}).Client(Hooks{})
	for _, c := range rewrites {
		if c.gateway != "http://g:1" || strings.HasPrefix(c.real, c.gateway) {
			continue
		}
		resp, err := client.Post(c.real, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Errorf("%s: %v", c.real, err)
			continue
		}
		resp.Body.Close()
		if got := resp.Request.URL.String(); got != c.real {
			t.Errorf("%s: the response names %s", c.real, got)
		}
		want, _, _ := strings.Cut("/p"+strings.TrimPrefix(c.want, c.gateway), "#")
		mu.Lock()
		if uri != want || host != s.Listener.Addr().String() || body != "body" {
			t.Errorf("%s arrived as %s at %s with %q, want %s", c.real, uri, host, body, want)
		}
		mu.Unlock()
	}
}

func TestPlatformFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "next?x=1", http.StatusSeeOther) })
	client := NewPlatforms(PlatformOptions{Gateway: mustParse(t, s.URL)}).Client(Hooks{})
	resp, err := client.Get("https://h.example/a/b")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d, want the redirect itself", resp.StatusCode)
	}
	if resp.Header.Get("Location") == "" {
		t.Error("no Location")
	}
}

func TestPlatformWithoutGateway(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	var scheme *SchemeError
	if _, err := NewPlatforms(PlatformOptions{}).Client(Hooks{}).Get(s.URL); !errors.As(err, &scheme) {
		t.Errorf("plain http: %v", err)
	}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	var blocked *BlockedError
	if _, err := NewPlatforms(PlatformOptions{}).Client(Hooks{}).Get(tls.URL); !errors.As(err, &blocked) {
		t.Errorf("private address: %v", err)
	}
	resp, err := NewPlatforms(PlatformOptions{AllowPrivate: true}).Client(Hooks{}).Get(s.URL)
	if err != nil {
		t.Fatalf("with AllowPrivate: %v", err)
	}
	resp.Body.Close()
}

// closing notes whether the body was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestHooks(t *testing.T) {
	t.Parallel()
	calls := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { calls++; w.WriteHeader(http.StatusTeapot) })
	now := time.Unix(0, 0)
	p := NewPlatforms(PlatformOptions{Gateway: mustParse(t, s.URL), Now: func() time.Time { now = now.Add(time.Second); return now }})

	var before, after []string
	var took time.Duration
	watch := Hooks{
		Before: func(r *http.Request) error { before = append(before, r.URL.String()); return nil },
		After: func(r *http.Request, resp *http.Response, err error, d time.Duration) {
			after, took = append(after, r.URL.String()+" "+resp.Status), d
		},
	}
	resp, err := p.Client(watch).Get("https://h.example/a?b")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(before) != 1 || before[0] != "https://h.example/a?b" {
		t.Errorf("Before saw %q", before)
	}
	if len(after) != 1 || after[0] != "https://h.example/a?b 418 I'm a teapot" || took != time.Second {
		t.Errorf("After saw %q in %s", after, took)
	}

	refusal := &platforms.Error{Kind: platforms.RateLimited}
	afterRefusal := false
	body := &closing{Reader: strings.NewReader("x")}
	req, _ := http.NewRequest(http.MethodPost, "https://h.example/a", body)
	_, err = p.Client(Hooks{
		Before: func(*http.Request) error { return refusal },
		After:  func(*http.Request, *http.Response, error, time.Duration) { afterRefusal = true },
	}).Do(req)
	var got *platforms.Error
	if !errors.As(err, &got) || got != refusal {
		t.Errorf("got %v, want the hook's own error", err)
	}
	if calls != 1 || afterRefusal || !body.closed {
		t.Errorf("calls %d, After called %v, body closed %v", calls, afterRefusal, body.closed)
	}
}

func TestAfterSeesFailures(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	gateway := mustParse(t, s.URL)
	s.Close()
	var seen error
	_, err := NewPlatforms(PlatformOptions{Gateway: gateway, Now: func() time.Time { return time.Time{} }}).Client(Hooks{
		After: func(_ *http.Request, resp *http.Response, err error, _ time.Duration) { seen = err },
	}).Get("https://h.example/")
	if err == nil || seen == nil {
		t.Errorf("the call gave %v, After saw %v", err, seen)
	}
}

// TestDoneSeesTheWholeExchange reads answers in several ways; each is reported once, with no more kept than there is room for.
func TestDoneSeesTheWholeExchange(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 3*KeptAnswer)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/h.example/large":
			io.WriteString(w, large)
		case "/h.example/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/h.example/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "begun")
		default:
			io.WriteString(w, "small")
		}
	})
	p := NewPlatforms(PlatformOptions{Gateway: mustParse(t, s.URL), Now: func() time.Time { return time.Time{} }})
	for path, want := range map[string]struct {
		kept   string
		size   int64
		failed bool
	}{"/small": {"small", 5, false}, "/large": {large[:KeptAnswer], int64(len(large)), false}, "/empty": {"", 0, false}, "/cut": {"begun", 5, true}} {
		var seen []Exchange
		resp, err := p.Client(Hooks{Done: func(e Exchange) { seen = append(seen, e) }}).Get("https://h.example" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		resp.Body.Close()
		if len(seen) != 1 || string(seen[0].Body) != want.kept || seen[0].Size != want.size || int64(len(body)) != want.size || (seen[0].Err != nil) != want.failed || seen[0].Request.URL.Host != "h.example" {
			t.Errorf("%s: %d reports, %d bytes read", path, len(seen), len(body))
		}
	}
	s.Close()
	var seen []Exchange
	if _, err := p.Client(Hooks{Done: func(e Exchange) { seen = append(seen, e) }}).Get("https://h.example/gone"); err == nil || len(seen) != 1 || seen[0].Err == nil || seen[0].Response != nil {
		t.Errorf("without a far side: %v, %d reports", err, len(seen))
	}
	seen = nil
	_, err := p.Client(Hooks{Before: func(*http.Request) error { return errors.New("no") }, Done: func(e Exchange) { seen = append(seen, e) }}).Get("https://h.example/unsent")
	if err == nil || len(seen) != 0 {
		t.Errorf("a call that was not sent: %v, %d reports", err, len(seen))
	}
}
