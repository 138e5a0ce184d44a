package sandbox_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/sandbox"
	"posthorn/internal/sandbox/fault"
)

const patience = 10 * time.Second

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// fake is a small far side that tells what reached it.
type fake struct {
	hosts []string
	mu    sync.Mutex
	posts []farside.Post
	seen  []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.Host+" "+r.URL.Host+" "+r.URL.RequestURI()+" "+r.URL.Path+" "+r.RequestURI+" "+string(body))
	f.mu.Unlock()
	w.Header().Set("X-Request-Id", "far-1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write([]byte("by " + f.hosts[0]))
}

func (f *fake) Hosts() []string { return f.hosts }

func (f *fake) Accounts() []farside.Account {
	return []farside.Account{{RemoteID: "1", Username: "anna", DisplayName: "Anna", Access: "secret-access", Refresh: "secret-refresh", Password: "secret-word"}}
}

func (f *fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]farside.Post(nil), f.posts...)
}

func (f *fake) publish(p farside.Post) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append([]farside.Post{p}, f.posts...)
}

func (f *fake) reached() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.seen...)
}

// world is a sandbox with two fakes, served.
type world struct {
	*sandbox.Sandbox
	insta, blue *fake
	url         string
}

func newWorld(t *testing.T) world {
	t.Helper()
	insta := &fake{hosts: []string{"graph.instagram.com", "cdn.example.com"}}
	blue := &fake{hosts: []string{"bsky.social", "*.host.bsky.network"}}
	s := sandbox.New(sandbox.Options{
		Fakes:  map[string]farside.Server{"instagram": insta, "bluesky": blue},
		Titles: map[string]string{"instagram": "Insta & Co"},
		Now:    func() time.Time { return noon },
		Hint:   func() string { return `curl -d '{"a": "<b>"}' http://localhost:8080` },
	})
	server := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); server.Close() })
	return world{s, insta, blue, server.URL}
}

// call makes a request and returns status, header and body.
func (w world) call(t *testing.T, method, path, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func TestGatewayHandsOnExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want string }{
		{"/graph.instagram.com/v25.0/me?fields=id", "POST graph.instagram.com graph.instagram.com /v25.0/me?fields=id /v25.0/me /v25.0/me?fields=id hi"},
		{"/GRAPH.Instagram.com:443/x", "POST graph.instagram.com graph.instagram.com /x /x /x hi"},
		{"/graph.instagram.com", "POST graph.instagram.com graph.instagram.com / / / hi"},
		{"/graph.instagram.com/a%2Fb%20c//d/../e", "POST graph.instagram.com graph.instagram.com /a%2Fb%20c//d/../e /a/b c//d/../e /a%2Fb%20c//d/../e hi"},
		{"/graph.instagram.com/x?q=%23tag&r=a+b", "POST graph.instagram.com graph.instagram.com /x?q=%23tag&r=a+b /x /x?q=%23tag&r=a+b hi"},
		{"/cdn.example.com/_sandbox/posts", "POST cdn.example.com cdn.example.com /_sandbox/posts /_sandbox/posts /_sandbox/posts hi"},
	} {
		w := newWorld(t)
		status, _, body := w.call(t, http.MethodPost, c.path, "hi")
		if status != http.StatusAccepted || body != "by graph.instagram.com" {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
		if got := w.insta.reached(); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.path, got, c.want)
		}
	}
}

func TestGatewayFindsTheFake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, want := range map[string]int{
		"/bsky.social/xrpc/x":                202,
		"/morel.us-east.host.bsky.network/x": 202,
		"/host.bsky.network/x":               502,
		"/unknown.example/x":                 502,
		"/robots.txt":                        502,
		"//x":                                404,
		"/user@bsky.social/x":                404,
		"/a%2Fb/x":                           404,
		"/bsky.social%00/x":                  404,
	} {
		status, _, body := w.call(t, http.MethodGet, path, "")
		if status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
		if want == 502 && (!strings.Contains(body, "graph.instagram.com") || !strings.Contains(body, "*.host.bsky.network")) {
			t.Errorf("%s does not say which hosts there are: %s", path, body)
		}
		if want >= 400 {
			wantError(t, path, body)
		}
	}
}

// wantError checks the shape of an error.
func wantError(t *testing.T, what, body string) {
	t.Helper()
	var e struct{ Error, Message string }
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Error == "" || e.Message == "" {
		t.Errorf("%s: not an error in JSON: %s", what, body)
	}
}

func TestRequestsAreRecordedWithoutSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Add(fault.Rule{Path: "/two", Action: fault.Status, Status: 418}); err != nil {
		t.Fatal(err)
	}
	w.call(t, http.MethodPost, "/graph.instagram.com/one?access_token=secret-1", "secret-2", "Authorization", "Bearer secret-3", "X-Request-Id", "mine")
	w.call(t, http.MethodPost, "/bsky.social/two", "")
	w.call(t, http.MethodGet, "/bsky.social/bot12:secret-4/getMe", "")
	w.call(t, http.MethodGet, "/cdn.example.com/a.jpg", "", "Sec-Fetch-Dest", "image")
	_, _, body := w.call(t, http.MethodGet, "/_sandbox/requests", "")
	if strings.Contains(body, "secret") {
		t.Errorf("a secret is shown: %s", body)
	}
	var got struct {
		Requests []struct {
			Method, Host, Path, RequestID, Fault string
			PlatformRequestID                    string `json:"platformRequestId"`
			Status                               int
			Open                                 bool
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Requests) != 3 {
		t.Fatalf("%v: %s", err, body)
	}
	bot, two, one := got.Requests[0], got.Requests[1], got.Requests[2]
	if bot.Path != "/bot[redacted]/getMe" || two.Status != 418 || !strings.HasPrefix(two.Fault, "status before") {
		t.Errorf("%+v %+v", bot, two)
	}
	if one.Path != "/one" || one.Status != 202 || one.Open || one.RequestID != "mine" || one.PlatformRequestID != "far-1" {
		t.Errorf("%+v", one)
	}
}

func TestPostsAndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insta.publish(farside.Post{ID: "1", Username: "anna", Account: "11", Text: "First Light", At: noon.Add(-time.Hour)})
	w.blue.publish(farside.Post{ID: "2", Username: "bob", Account: "22", Text: "second", At: noon})
	w.insta.publish(farside.Post{ID: "3", Username: "carl", Account: "33", Text: "third", At: noon.Add(time.Hour)})
	for query, want := range map[string]string{
		"":                              "3 2 1",
		"?platform=instagram":           "3 1",
		"?account=ANNA":                 "1",
		"?account=22":                   "2",
		"?q=light":                      "1",
		"?q=light&platform=bluesky":     "",
		"?limit=1":                      "3",
		"?platform=nowhere&account=%00": "",
	} {
		_, _, body := w.call(t, http.MethodGet, "/_sandbox/posts"+query, "")
		var got struct{ Posts []farside.Post }
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Posts == nil {
			t.Fatalf("%v: %s", err, body)
		}
		ids := make([]string, 0, len(got.Posts))
		for _, p := range got.Posts {
			ids = append(ids, p.ID)
		}
		if strings.Join(ids, " ") != want {
			t.Errorf("%q: %v, want %s", query, ids, want)
		}
	}
	_, _, body := w.call(t, http.MethodGet, "/_sandbox/accounts", "")
	if strings.Contains(body, "secret") || strings.Count(body, `"anna"`) != 2 {
		t.Errorf("accounts: %s", body)
	}
}

func TestControlErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/_sandbox/nothing", "", 404},
		{"PUT", "/_sandbox/rules", "{}", 405},
		{"POST", "/_sandbox/posts", "", 405},
		{"POST", "/", "", 405},
		{"GET", "/_sandbox/posts?limit=x", "", 400},
		{"GET", "/_sandbox/requests?limit=0", "", 400},
		{"GET", "/_sandbox/rules/r9", "", 404},
		{"DELETE", "/_sandbox/rules/r9", "", 404},
		{"POST", "/_sandbox/rules/r9/release", "", 404},
		{"GET", "/_sandbox/rules/r9/wait", "", 404},
		{"POST", "/_sandbox/rules", "", 400},
		{"POST", "/_sandbox/rules", "[]", 400},
		{"POST", "/_sandbox/rules", `{"action":"hold"} {}`, 400},
		{"POST", "/_sandbox/rules", `{"action":"hold","pth":"/x"}`, 400},
		{"POST", "/_sandbox/rules", `{"action":"hold","times":-1}`, 400},
		{"POST", "/_sandbox/rules", `{"action":"delay","delayMs":9223372036854775807}`, 400},
		{"POST", "/_sandbox/rules", `{"action":"delay","delayMs":-9223372036854775808}`, 400},
		{"POST", "/_sandbox/rules", `{"action":"hold","host":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"GET", "/_sandbox/samples/nothing.jpg", "", 404},
		{"GET", "/_sandbox/assets/page.html", "", 404},
		{"GET", "/_sandbox/assets/..%2Fpage.go", "", 404},
	} {
		status, _, body := w.call(t, c.method, c.path, c.body)
		if status != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, status, body, c.want)
		}
		wantError(t, c.method+" "+c.path, body)
	}
	status, _, body := w.call(t, http.MethodPost, "/_sandbox/rules", `{"action":"drop"}`, "Origin", "https://evil.example")
	if status != http.StatusForbidden {
		t.Errorf("another origin: %d %s", status, body)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/_sandbox/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string { // the next event and its data
		event := ""
		for lines.Scan() && lines.Text() != "" {
			event += lines.Text() + " "
		}
		return event
	}
	if first := next(); !strings.HasPrefix(first, "event: posts") || !strings.Contains(first, `"count": 0`) {
		t.Errorf("first event %q", first)
	}
	if second := next(); !strings.HasPrefix(second, "event: requests") {
		t.Errorf("second event %q", second)
	}
	w.blue.publish(farside.Post{ID: "1", Text: "news", At: noon})
	if third := next(); !strings.HasPrefix(third, "event: posts") || !strings.Contains(third, `"count": 1`) {
		t.Errorf("after a post: %q", third)
	}
	w.call(t, http.MethodGet, "/bsky.social/x", "")
	if fourth := next(); !strings.HasPrefix(fourth, "event: requests") {
		t.Errorf("after a request: %q", fourth)
	}
	w.Close()
	if last := next(); last != "" || lines.Err() != nil {
		t.Errorf("after the end: %q, %v", last, lines.Err())
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, body := w.call(t, http.MethodGet, "/_sandbox/samples", "")
	var list struct {
		Samples []struct{ Name, Path, MimeType string }
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Samples) == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	first := list.Samples[0]
	status, header, data := w.call(t, http.MethodGet, first.Path, "")
	if status != 200 || header.Get("Content-Type") != first.MimeType || header.Get("Content-Length") != fmt.Sprint(len(data)) {
		t.Errorf("%s: %d %v", first.Path, status, header)
	}
}
