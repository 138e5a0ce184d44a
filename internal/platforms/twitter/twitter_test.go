package twitter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/twitter/twitterfake"
)

func TestSameText(t *testing.T) {
	t.Parallel()
	type link struct{ short, expanded, unwound string }
	for _, tt := range []struct {
		sent, read string
		links      []link
		same       bool
	}{
		{"plain", "plain", nil, true},
		{"plain", "other", nil, false},
		{"one & <two>", "one &amp; &lt;two&gt;", nil, true},
		{"see https://example.com/a?b=1 now", "see https://t.co/abc now", []link{{"https://t.co/abc", "https://example.com/a?b=1", ""}}, true},
		{"see example.com", "see https://t.co/abc", []link{{"https://t.co/abc", "http://example.com", "https://example.com/"}}, true},
		{"see https://bit.example/1", "see https://t.co/abc", []link{{"https://t.co/abc", "https://bit.example/2", ""}}, false},
		{"a picture", "a picture https://t.co/pic", []link{{"https://t.co/pic", "https://x.com/u/status/1/photo/1", ""}}, true},
		{"  two\n\nlines ", "two\n\nlines", nil, true},
		{"Cafe\u0301", "Caf\u00e9", nil, true},
	} {
		p := post{Text: tt.read}
		for _, l := range tt.links {
			p.Entities.URLs = append(p.Entities.URLs, struct {
				URL      string `json:"url"`
				Expanded string `json:"expanded_url"`
				Unwound  string `json:"unwound_url"`
			}{l.short, l.expanded, l.unwound})
		}
		if got := folded(p.plain()) == folded(tt.sent); got != tt.same {
			t.Errorf("%q and %q: %t", tt.sent, tt.read, got)
		}
	}
}

func TestIDOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"123": "123", "https://x.com/a_b/status/123": "123", "https://twitter.com/a/status/123?s=20": "123", "https://www.x.com/i/web/status/123#m": "123", "https://mobile.twitter.com/a/status/123/photo/1": "123",
		"": "", "x": "", "https://example.com/a/status/1": "", "https://x.com/a": "", "https://x.com.example.com/a/status/1": "", "-1": "", "123456789012345678901": ""} {
		if got := idOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestResetIsThatOfTheBucketThatIsEmpty(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	h := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for name, tt := range map[string]struct {
		h    http.Header
		want time.Duration
	}{
		"no headers":          {h(), 15 * time.Minute},
		"the quarter":         {h("x-rate-limit-remaining", "0", "x-rate-limit-reset", "1800000060"), time.Minute},
		"the day":             {h("x-rate-limit-remaining", "5", "x-rate-limit-reset", "1800000060", "x-user-limit-24hour-remaining", "0", "x-user-limit-24hour-reset", "1800007200"), 2 * time.Hour},
		"both, the later one": {h("x-rate-limit-remaining", "0", "x-rate-limit-reset", "1800000060", "x-app-limit-24hour-remaining", "0", "x-app-limit-24hour-reset", "1800007200"), 2 * time.Hour},
		"in the past":         {h("x-rate-limit-remaining", "0", "x-rate-limit-reset", "1700000000"), 15 * time.Minute},
		"absurd":              {h("x-rate-limit-remaining", "0", "x-rate-limit-reset", "9223372036854775807"), 15 * time.Minute},
	} {
		if got := resetOf(tt.h, now).Sub(now); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// film is a media source of one large video.
type film struct{ data []byte }

func (film) URL(context.Context, platforms.Media, platforms.Fit) (string, error) {
	return "", errors.New("not by address")
}
func (film) Page(context.Context, string) (platforms.Page, error) {
	return platforms.Page{}, errors.New("no page")
}
func (f film) Open(context.Context, platforms.Media, platforms.Fit) (*platforms.File, error) {
	return &platforms.File{Body: io.NopCloser(bytes.NewReader(f.data)), MIME: "video/mp4", Size: int64(len(f.data))}, nil
}

// counter sends requests to a fake, counts the bytes of pieces, and dies at one of them.
type counter struct {
	fake  http.Handler
	sent  int64
	calls int
	dieAt int // the piece, from 1; 0: none
}

type died struct{}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/append") {
		c.calls++
		if c.calls == c.dieAt {
			panic(died{})
		}
		c.sent += r.ContentLength
	}
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	c.fake.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestUploadGoesOn kills the worker at 60 % of a large video: what X has is not sent again, save the pieces of the step that died.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	data := append([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), make([]byte, 40<<20)...)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	fake := twitterfake.New(farside.Options{Now: func() time.Time { return now }, Processing: time.Millisecond})
	a := fake.Accounts()[0]
	pieces := (len(data) + segment - 1) / segment
	far := &counter{fake: fake, dieAt: pieces * 6 / 10}
	c := &platforms.Conn{HTTP: &http.Client{Transport: far}, Media: film{data}, Now: func() time.Time { return now }, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Token: platforms.Token{Access: platforms.NewSecret(a.Access)}}
	task := platforms.Task{Content: platforms.Content{Text: "A film", Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4"}}}}
	take := func() (s platforms.Step, dead bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, dead = r.(died); !dead {
					panic(r)
				}
			}
		}()
		s, err := Platform{}.Publish(context.Background(), c, task)
		if err != nil {
			t.Fatal(err)
		}
		return s, false
	}
	deaths := 0
	for range 100 {
		s, dead := take()
		if dead {
			deaths++
			continue // another worker takes the step from what was stored
		}
		if s.Done != nil {
			resent := far.sent - int64(len(data))
			t.Logf("%d pieces of %d MB; %d MB were sent again", pieces, segment>>20, resent>>20)
			if deaths != 1 || resent < 0 || resent > atOnce*segment+int64(pieces)*1024 {
				t.Errorf("%d deaths, %d bytes sent again", deaths, resent)
			}
			return
		}
		task.State = s.State
		now = now.Add(s.Wait)
	}
	t.Fatal("it never ended")
}

// TestAnAppWithoutCreditWaits posts for an app whose credit is gone: it is the operator's affair, not the account's, and it is tried again.
func TestAnAppWithoutCreditWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	fake := twitterfake.New(farside.Options{Now: func() time.Time { return now }})
	fake.Broke(true)
	a := fake.Accounts()[0]
	c := &platforms.Conn{HTTP: &http.Client{Transport: &counter{fake: fake}}, Now: func() time.Time { return now }, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Token: platforms.Token{Access: platforms.NewSecret(a.Access)}}
	task := platforms.Task{Content: platforms.Content{Text: "broke"}}
	step, err := Platform{}.Publish(context.Background(), c, task)
	if err != nil {
		t.Fatal(err)
	}
	task.State = step.State
	_, err = Platform{}.Publish(context.Background(), c, task)
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.RateLimited || e.Category != platforms.QuotaExhausted || !e.Reset.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v", e)
	}
	fake.Broke(false)
	if step, err := (Platform{}).Publish(context.Background(), c, task); err != nil || step.Done == nil {
		t.Errorf("with credit again: %+v, %v", step, err)
	}
}

// TestRevoke ends both tokens of a pair, whatever had become of them before, and tells what is the app's fault.
func TestRevoke(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(c *platforms.Conn){
		"a pair":                     func(*platforms.Conn) {},
		"an access token that ended": func(*platforms.Conn) { now = now.Add(3 * time.Hour) },
		"a login without a refresh token": func(c *platforms.Conn) {
			c.Token.Refresh = platforms.Secret{}
		},
	} {
		fake := twitterfake.New(farside.Options{Now: func() time.Time { return now }})
		a := fake.Accounts()[0]
		c := &platforms.Conn{HTTP: &http.Client{Transport: &counter{fake: fake}}, Now: func() time.Time { return now }, App: platforms.App{ID: "app", Secret: platforms.NewSecret("app secret")},
			Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Token: platforms.Token{Access: platforms.NewSecret(a.Access), Refresh: platforms.NewSecret(a.Refresh)}}
		if !fake.Opens(a.Access) || !fake.Opens(a.Refresh) || !fake.Opens(fake.Accounts()[1].Access) {
			t.Fatalf("%s: it opens nothing from the start", name)
		}
		change(c)
		for range 2 { // a worker may die and another repeat it
			if err := (Platform{}).Revoke(context.Background(), c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if fake.Opens(a.Access) || !c.Token.Refresh.IsZero() && fake.Opens(a.Refresh) {
			t.Errorf("%s: the access token opens: %t, the refresh token: %t", name, fake.Opens(a.Access), fake.Opens(a.Refresh))
		}
		if _, err := (Platform{}).Refresh(context.Background(), c); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Unauthorized {
			t.Errorf("%s: a refresh afterwards: %v", name, err)
		}
		c.App.Secret = platforms.Secret{}
		if err := (Platform{}).Revoke(context.Background(), c); platforms.AsError(err) == nil || platforms.AsError(err).Status != http.StatusUnauthorized {
			t.Errorf("%s: an app that X does not know: %v", name, err)
		}
	}
}
