package instagram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/verdict"
)

const (
	accountID = "17841400000000001"
	token     = "IGAA-secret-access-token"
	appSecret = "app-secret-0123456789"
)

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// answer is one scripted answer of the far side.
type answer struct {
	status int // zero: 200
	body   string
	header http.Header
	drop   bool // act, and hang up
}

func ok(body string) answer { return answer{body: body} }

func refusal(code, subcode int) answer {
	return answer{status: 400, body: fmt.Sprintf(`{"error":{"message":"(#%d) refused","type":"OAuthException","code":%d,"error_subcode":%d,"is_transient":false,"fbtrace_id":"Afake"}}`, code, code, subcode)}
}

// call is one request that the far side saw.
type call struct {
	host, route string // route: "POST 1784.../media"
	version     string
	values      url.Values // form of a POST, query of a GET
	header      http.Header
}

// far is a far side that answers by script: for each route the answers in order, the last one for ever.
type far struct {
	t      *testing.T
	mu     sync.Mutex
	now    time.Time
	script map[string][]answer
	calls  []call
	server *httptest.Server
	pace   time.Duration // how much time passes with each call
}

func newFar(t *testing.T, script map[string][]answer) *far {
	f := &far{t: t, now: start, script: script}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	c := call{host: r.Host, version: version, route: r.Method + " " + path, values: r.URL.Query(), header: r.Header}
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		if err != nil {
			f.t.Errorf("%s: the form cannot be read: %v", c.route, err)
		}
		c.values = form
	}
	f.mu.Lock()
	f.calls = append(f.calls, c)
	f.now = f.now.Add(f.pace)
	list := f.script[c.route]
	if len(list) > 1 {
		f.script[c.route] = list[1:]
	}
	f.mu.Unlock()
	if len(list) == 0 {
		f.t.Errorf("unexpected call %s %v", c.route, c.values)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	a := list[0]
	if a.drop {
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			c.Close()
		}
		return
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/json")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	io.WriteString(w, a.body)
}

// RoundTrip sends every host to the server and leaves the Host header as it was.
func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		f.t.Errorf("a call to %s is not encrypted", r.URL)
	}
	to := r.Clone(r.Context())
	to.Host = r.URL.Host
	to.URL.Scheme, to.URL.Host = "http", strings.TrimPrefix(f.server.URL, "http://")
	return http.DefaultTransport.RoundTrip(to)
}

func (f *far) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// wait lets time pass.
func (f *far) wait(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *far) routes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, c := range f.calls {
		list = append(list, c.route)
	}
	return list
}

// count is how often a route was called.
func (f *far) count(route string) int {
	n := 0
	for _, r := range f.routes() {
		if r == route {
			n++
		}
	}
	return n
}

// last is the latest call of a route.
func (f *far) last(route string) call {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.calls) - 1; i >= 0; i-- {
		if f.calls[i].route == route {
			return f.calls[i]
		}
	}
	f.t.Errorf("%s was never called", route)
	return call{}
}

func (f *far) conn() *platforms.Conn {
	return &platforms.Conn{HTTP: &http.Client{Transport: f}, Media: media{}, Now: f.clock,
		App:     platforms.App{ID: "1", Secret: platforms.NewSecret(appSecret)},
		Account: platforms.Account{RemoteID: accountID, Username: "harbour.coffee"},
		Token:   platforms.Token{Access: platforms.NewSecret(token)}}
}

// media hands out addresses that tell what was asked for.
type media struct{}

func (media) URL(_ context.Context, m platforms.Media, fit platforms.Fit) (string, error) {
	if m.URL == "https://example.com/gone.jpg" {
		return "", platforms.Errorf(platforms.Rejected, "the media is gone")
	}
	if fit.MoovFirst && fit.NoEdits {
		return m.URL + "?as=film", nil
	}
	if len(fit.Formats) > 0 {
		return m.URL + "?as=jpeg", nil
	}
	return m.URL, nil
}

func (media) Open(context.Context, platforms.Media, platforms.Fit) (*platforms.File, error) {
	return nil, platforms.Errorf(platforms.Rejected, "not used")
}

func (media) Page(context.Context, string) (platforms.Page, error) {
	return platforms.Page{}, platforms.Errorf(platforms.Rejected, "not used")
}

// outcome is how a target ended, and what happened on the way.
type outcome struct {
	verdict.Verdict
	steps []string
	waits []time.Duration
	notes []string
	doubt int // how often a step began in doubt
}

// drive takes a target through all its steps as the engine does, with the state through JSON and the clock moved on by each wait.
func drive(t *testing.T, f *far, c *platforms.Conn, content platforms.Content) outcome {
	t.Helper()
	p := Platform{}
	var o outcome
	for range 400 {
		task := platforms.Task{ID: "t1", Content: content, State: o.State, InDoubt: o.InDoubt, Published: o.Remote}
		if o.InDoubt {
			o.doubt++
		}
		o.steps = append(o.steps, task.State.Step)
		s, err := p.Publish(context.Background(), c, task)
		noSecrets(t, s, err)
		situation := verdict.Situation{Now: f.clock(), Info: p.Info(), State: o.State, Remote: o.Remote, InDoubt: o.InDoubt, Attempts: o.Attempts}
		o.Verdict = verdict.Decide(situation, s, err, verdict.Defaults, 0.5)
		o.notes = append(o.notes, s.Note)
		if o.Done {
			return o
		}
		wait := o.Next.Sub(f.clock())
		o.waits = append(o.waits, wait)
		f.wait(max(wait, 0) + 100*time.Millisecond)
	}
	t.Fatalf("no end after %d steps: %v, last error %v", len(o.steps), o.steps[:20], o.Error)
	return o
}

func noSecrets(t *testing.T, s platforms.Step, err error) {
	t.Helper()
	b, _ := json.Marshal(s)
	if err != nil {
		e := platforms.AsError(err)
		b = append(b, fmt.Sprintf("%v %s %s", e, e.Body, e.Endpoint)...)
	}
	for _, secret := range []string{token, appSecret} {
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("a secret shows in %s", b)
		}
	}
}

func photo() platforms.Content {
	return platforms.Content{Text: "Harbour in the morning", Media: []platforms.Media{image(1)}}
}

func image(n int) platforms.Media {
	return platforms.Media{Type: platforms.Image, URL: fmt.Sprintf("https://example.com/%d.jpg", n)}
}

func video(n int) platforms.Media {
	return platforms.Media{Type: platforms.Video, URL: fmt.Sprintf("https://example.com/%d.mp4", n)}
}

// The routes of the account and of the objects in most scripts.
const (
	routeMedia   = "POST " + accountID + "/media"
	routePublish = "POST " + accountID + "/media_publish"
	routeLimit   = "GET " + accountID + "/content_publishing_limit"
	routeRecent  = "GET " + accountID + "/media"
	routeStories = "GET " + accountID + "/stories"
	routeStatus  = "GET c1"
	routePost    = "GET m1"
	routeComment = "POST m1/comments"
)

// script is one in which a photo goes through; changes replace single routes.
func script(changes map[string][]answer) map[string][]answer {
	s := map[string][]answer{
		routeMedia:   {ok(`{"id":"c1"}`)},
		routeStatus:  {ok(`{"id":"c1","status_code":"FINISHED","status":"Finished: Media has been uploaded and it is ready to be published."}`)},
		routeLimit:   {limit(3, 50)},
		routePublish: {ok(`{"id":"m1"}`)},
		routePost:    {ok(`{"id":"m1","permalink":"https://www.instagram.com/p/abc/","media_type":"IMAGE","media_product_type":"FEED","timestamp":"2026-11-23T10:00:05+0000"}`)},
	}
	for k, v := range changes {
		s[k] = v
	}
	return s
}

func status(code string) answer { return ok(fmt.Sprintf(`{"id":"c1","status_code":%q}`, code)) }

func limit(used, total int) answer {
	return ok(fmt.Sprintf(`{"data":[{"quota_usage":%d,"config":{"quota_total":%d,"quota_duration":86400}}]}`, used, total))
}

// listed is the account's list with one post of the caption, published at a time.
func listed(id, caption string, at time.Time) string {
	return fmt.Sprintf(`{"id":%q,"caption":%q,"timestamp":%q,"permalink":"https://www.instagram.com/p/abc/","media_type":"IMAGE","media_product_type":"FEED"}`,
		id, caption, at.Format("2006-01-02T15:04:05-0700"))
}

// more is a page of a list that goes on.
func more(items ...string) answer {
	return ok(`{"data":[` + strings.Join(items, ",") + `],"paging":{"cursors":{"after":"c"},"next":"https://graph.instagram.com/next"}}`)
}

func list(items ...string) answer { return ok(`{"data":[` + strings.Join(items, ",") + `]}`) }
