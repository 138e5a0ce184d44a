package linkedin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/linkedin/linkedinfake"
	"posthorn/internal/platforms/rest"
)

// film is a media source of one file.
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

// far sends requests to a fake and counts the bytes of uploads. What before answers with true never arrives.
type far struct {
	fake   http.Handler
	sent   int64
	before func(*http.Request) (lost bool)
	after  func(*http.Request) (lost bool)
}

type died struct{}

func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.before != nil && f.before(r) {
		return nil, errors.New("refused")
	}
	if strings.HasPrefix(r.URL.Path, "/dms-uploads/") {
		f.sent += r.ContentLength
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.WroteHeaders() // as a real transport does; what is lost afterwards may have happened
	}
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	f.fake.ServeHTTP(w, r)
	if f.after != nil && f.after(r) {
		return nil, errors.New("lost")
	}
	return w.Result(), nil
}

// bench is a target at one of the fake's accounts, and a clock.
type bench struct {
	t    *testing.T
	now  time.Time
	fake *linkedinfake.Fake
	far  *far
	conn *platforms.Conn
	task platforms.Task
}

func newBench(t *testing.T, account int, c platforms.Content) *bench {
	b := &bench{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), task: platforms.Task{Content: c}}
	b.fake = linkedinfake.New(farside.Options{Now: func() time.Time { return b.now }, Processing: time.Millisecond})
	b.far = &far{fake: b.fake}
	a := b.fake.Accounts()[account]
	b.conn = &platforms.Conn{HTTP: &http.Client{Transport: b.far}, Now: func() time.Time { return b.now }, App: platforms.App{ID: "app", Secret: platforms.NewSecret("its secret")}, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Token: platforms.Token{Access: platforms.NewSecret(a.Access)}}
	return b
}

// take takes one step. A worker that dies leaves the doubt that the engine's claim had set.
func (b *bench) take() (s platforms.Step, err error, dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, dead = r.(died); !dead {
				panic(r)
			}
			b.task.InDoubt = Platform{}.Info().IsVisible(b.task.State.Step)
		}
	}()
	s, err = Platform{}.Publish(context.Background(), b.conn, b.task)
	return s, err, false
}

// run goes on until the post is there, or an error.
func (b *bench) run() (platforms.Step, error) {
	b.t.Helper()
	for range 100 {
		s, err, dead := b.take()
		switch {
		case dead:
			continue
		case err != nil:
			return s, err
		case s.Done != nil && s.State.Step == "":
			return s, nil
		}
		b.task.State, b.task.InDoubt, b.task.Published = s.State, false, s.Done
		b.now = b.now.Add(s.Wait)
	}
	b.t.Fatal("it never ended")
	return platforms.Step{}, nil
}

const (
	member = 0
	page   = 1
)

// TestUploadGoesOn kills the worker at 60 % of a large video: what LinkedIn has is not sent again, save the parts of the step that died.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	data := append([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), make([]byte, 90<<20)...)
	b := newBench(t, page, platforms.Content{Text: "A film", Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4"}}})
	b.conn.Media = film{data}
	const part = 4 << 20
	parts, puts, deaths := (len(data)+part-1)/part, 0, 0
	b.far.before = func(r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/dms-uploads/") {
			if puts++; puts == parts*6/10 {
				deaths++
				panic(died{})
			}
		}
		return false
	}
	if _, err := b.run(); err != nil {
		t.Fatal(err)
	}
	resent := b.far.sent - int64(len(data))
	t.Logf("%d parts of %d MB; %d MB were sent again", parts, part>>20, resent>>20)
	if deaths != 1 || resent < 0 || resent > atOnce*part {
		t.Errorf("%d deaths, %d bytes sent again", deaths, resent)
	}
	if n := len(b.task.State.Data); n > 8<<10 {
		t.Errorf("the state took %d bytes", n)
	}
	if p := b.fake.Posts(); len(p) != 1 || p[0].Kind != "video" {
		t.Errorf("the public sees %+v", p)
	}
}

// TestTheStateOfALongVideoIsSmall keeps the addresses of a video of 500 MB.
func TestTheStateOfALongVideoIsSmall(t *testing.T) {
	t.Parallel()
	var b begun
	for first := int64(0); first < 500<<20; first += 4 << 20 {
		b.Instructions = append(b.Instructions, instruction{"https://www.linkedin.com/dms-uploads/sp/D4D05AQF" + strings.Repeat("x", 200) + "/uploaded-video/" + time.Duration(first).String() + "?ut=" + strings.Repeat("y", 40), first, first + 4<<20 - 1})
	}
	p, err := partsOf(b, 500<<20)
	if err != nil || len(p.To) != 125 {
		t.Fatalf("%d parts: %v", len(p.To), err)
	}
	for i, in := range b.Instructions {
		if p.Prefix+p.To[i] != in.URL || p.begins(i) != in.First || p.Ends[i] != in.Last {
			t.Fatalf("part %d is %s from %d to %d", i, p.Prefix+p.To[i], p.begins(i), p.Ends[i])
		}
	}
	n := len(p.Prefix)
	for _, to := range p.To {
		n += len(to)
	}
	if n > 12<<10 {
		t.Errorf("the addresses take %d bytes", n)
	}
	b.Instructions[3].First++
	if _, err := partsOf(b, 500<<20); err == nil {
		t.Error("parts with a hole between them were taken")
	}
}

// TestAMemberIsProbedWithinTheWindow loses the answer to a member's text and asks again: the refusal that names the post is the proof. Once the window is over, nothing
// is sent, and nobody knows.
func TestAMemberIsProbedWithinTheWindow(t *testing.T) {
	t.Parallel()
	for after, confirmed := range map[time.Duration]bool{time.Second: true, 7 * time.Minute: true, 9 * time.Minute: false, 11 * time.Minute: false} {
		b := newBench(t, member, platforms.Content{Text: "Lost (once)"})
		writes := 0
		b.far.after = func(r *http.Request) bool {
			if r.URL.Path == "/rest/posts" {
				writes++
			}
			return writes == 1
		}
		_, err := b.run()
		if e := platforms.AsError(err); e == nil || e.Kind != platforms.Ambiguous {
			t.Fatalf("the lost answer: %v", err)
		}
		b.task.InDoubt = true
		b.now = b.now.Add(after)
		s, err := b.run()
		posts := b.fake.Posts()
		if len(posts) != 1 {
			t.Errorf("after %v the public sees %d posts", after, len(posts))
		}
		if confirmed && (err != nil || s.Done == nil || s.Done.ID != posts[0].ID) {
			t.Errorf("after %v: %+v, %v", after, s, err)
		}
		if e := platforms.AsError(err); !confirmed && (e == nil || e.Rule != "linkedin.unconfirmed" || writes != 1) {
			t.Errorf("after %v: %d writes, %v", after, writes, err)
		}
	}
}

// TestAnOlderPostIsNoProof has another post of the same text at the account when the answer is lost: what LinkedIn names is not ours, and it says that ours is not there.
func TestAnOlderPostIsNoProof(t *testing.T) {
	t.Parallel()
	b := newBench(t, member, platforms.Content{Text: "The same"})
	if _, err := b.run(); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(5 * time.Minute)
	b.task = platforms.Task{Content: b.task.Content}
	lost := false
	b.far.before = func(r *http.Request) bool {
		if r.URL.Path == "/rest/posts" && !lost {
			lost = true
			panic(died{})
		}
		return false
	}
	_, err := b.run()
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Duplicate || b.task.InDoubt || b.task.State.Step != stepRefused {
		t.Errorf("it ended at %q, in doubt %t, with %v", b.task.State.Step, b.task.InDoubt, err)
	}
	if n := len(b.fake.Posts()); n != 1 {
		t.Errorf("the public sees %d posts", n)
	}
}

// TestAnAnswerWithoutAName publishes although LinkedIn does not tell the ID.
func TestAnAnswerWithoutAName(t *testing.T) {
	t.Parallel()
	b := newBench(t, page, platforms.Content{Text: "Nameless"})
	b.fake.Nameless(1)
	_, err := b.run()
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.Ambiguous {
		t.Fatalf("without the header: %v", err)
	}
	b.task.InDoubt, b.now = true, b.now.Add(10*time.Second)
	if s, err := b.run(); err != nil || s.Done.ID != b.fake.Posts()[0].ID {
		t.Errorf("looked for: %+v, %v", s, err)
	}
	m := newBench(t, member, platforms.Content{Text: "Vote", Options: []byte(`{"poll":{"question":"q","options":["a","b"]}}`)})
	m.fake.Nameless(1)
	if s, err := m.run(); err != nil || s.Done == nil || s.Done.ID != "" || len(m.fake.Posts()) != 1 {
		t.Errorf("of a member's poll: %+v, %v", s, err)
	}
}

// TestARetiredVersionWaits is told that the version of the API is gone: it waits, and no account is to blame.
func TestARetiredVersionWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t, page, platforms.Content{Text: "Too old"})
	b.fake.Retire("202610")
	_, err := b.run()
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.RateLimited || e.Category != platforms.SystemError || e.Code != codeRetired || !e.Reset.Equal(b.now.Add(time.Hour)) || e.APIVersion != apiVersion {
		t.Errorf("%+v", err)
	}
	b.conn.App.Version = "202610"
	if _, err := b.run(); err != nil {
		t.Errorf("with the version that its operator set: %v", err)
	}
}

// TestAnAudienceIsForPages restricts a page's post, and a member's.
func TestAnAudienceIsForPages(t *testing.T) {
	t.Parallel()
	options := []byte(`{"audience":{"countries":["DE"],"industries":["4","urn:li:industry:6"],"staffCountRanges":["SIZE_1"],"interfaceLocales":[{"language":"de","country":"DE"}]},"geoRestriction":{"countries":["DE","FR"]}}`)
	b := newBench(t, page, platforms.Content{Text: "For some", Options: options})
	if _, err := b.run(); err != nil {
		t.Fatal(err)
	}
	if p := b.fake.Posts()[0]; len(p.Extra) != 1 || p.Extra[0] != "for some members only" {
		t.Errorf("the public sees %+v", p)
	}
	m := newBench(t, member, platforms.Content{Text: "For some", Options: options})
	if _, err := m.run(); platforms.AsError(err) == nil || platforms.AsError(err).Rule != "linkedin.audience.organization" {
		t.Errorf("a member's: %v", err)
	}
}

// TestAFreshTokenIsWaitedFor uses a token at once that was refreshed: LinkedIn calls it revoked for two seconds. One that is older is.
func TestAFreshTokenIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t, page, platforms.Content{Text: "Fresh"})
	b.conn.Token.Refresh = platforms.NewSecret(b.fake.Accounts()[page].Refresh)
	token, err := Platform{}.Refresh(context.Background(), b.conn)
	if err != nil || token.Refresh.Reveal() != b.conn.Token.Refresh.Reveal() {
		t.Fatalf("refreshed: %v", err)
	}
	b.conn.Token = token
	_, err = b.run()
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.NotReady || !e.Reset.Equal(b.now.Add(5*time.Second)) {
		t.Errorf("at once: %+v", e)
	}
	b.conn.Token.ExpiresAt = b.now.Add(tokenLife - time.Hour)
	_, err = b.run()
	if e := platforms.AsError(err); e == nil || e.Kind != platforms.TokenExpired {
		t.Errorf("an hour old: %+v", e)
	}
	b.now = b.now.Add(5 * time.Second)
	if _, err = b.run(); err != nil {
		t.Errorf("after five seconds: %v", err)
	}
}

// TestIDOf reads the header under both names that it was seen under, encoded or not.
func TestIDOf(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"x-restli-id": "urn:li:share:1", "X-LinkedIn-Id": "urn%3Ali%3Ashare%3A1"} {
		h := http.Header{}
		h.Set(name, value)
		if got := idOf(rest.Response{Header: h}); got != "urn:li:share:1" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestReset is when LinkedIn takes calls again, of which it says nothing.
func TestReset(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC)
	midnight := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	day := resetOf(&platforms.Error{Kind: platforms.RateLimited, Message: "Resource level throttle limit for calls to this resource is reached."}, "urn:li:person:x", now)
	if day.Before(midnight) || day.After(midnight.Add(10*time.Minute)) {
		t.Errorf("of a day: %v", day)
	}
	if got := resetOf(&platforms.Error{Kind: platforms.RateLimited, Message: "Comment create throttled: creation rate limit exceeded for member"}, "", now); got.Sub(now) != 5*time.Minute {
		t.Errorf("of comments: %v", got)
	}
	if got := resetOf(&platforms.Error{Kind: platforms.Rejected, Message: "throttled"}, "", now); !got.IsZero() {
		t.Errorf("of a refusal: %v", got)
	}
}
