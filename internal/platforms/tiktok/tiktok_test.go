package tiktok

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/rest"
	"posthorn/internal/platforms/tiktok/tiktokfake"
)

func TestTitleOf(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 30)
	for in, want := range map[string]string{
		"":                      "",
		"short":                 "short",
		strings.Repeat("a", 90): strings.Repeat("a", 90),
		strings.Repeat("a", 91): strings.Repeat("a", 89) + "…",
		long:                    strings.TrimSpace(strings.Repeat("word ", 17)) + "…",
		strings.Repeat("😀", 46): strings.Repeat("😀", 44) + "…", // two units each
	} {
		got := titleOf(in)
		if got != want || platforms.UTF16Units.Of(got) > maxTitle {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestOptionsInAllTheirPlaces(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"privacyLevel":"SELF_ONLY","allowComment":false}`:                                           "SELF_ONLY false",
		`{"privacy_level":"SELF_ONLY","allow_comment":true}`:                                          "SELF_ONLY true",
		`{"tiktokSettings":{"privacy_level":"SELF_ONLY","allowComment":true}}`:                        "SELF_ONLY true",
		`{"tiktok_settings":{"privacyLevel":"SELF_ONLY"},"privacyLevel":"X","allowComment":true}`:     "SELF_ONLY true",
		`{"tiktokSettings":null,"privacyLevel":"SELF_ONLY","privacy_level":"X","allow_comment":true}`: "SELF_ONLY true",
		`{"privacyLevel":"SELF_ONLY","later":{"a":1},"allowComment":true}`:                            "SELF_ONLY true",
	} {
		o, problems := platforms.DecodeOptions[Options]([]byte(in))
		if got := string(o.PrivacyLevel) + " " + map[bool]string{true: "true", false: "false"}[allowed(o.AllowComment)]; got != want || len(problems) > 0 || o.AllowComment == nil {
			t.Errorf("%s: %s, %v", in, got, problems)
		}
	}
	for in, field := range map[string]string{`{"allow_comment":"yes"}`: "platformSpecificData.allowComment", `{"tiktokSettings":"x"}`: "platformSpecificData.tiktokSettings", `[]`: "platformSpecificData"} {
		if _, problems := platforms.DecodeOptions[Options]([]byte(in)); len(problems) != 1 || problems[0].Field != field {
			t.Errorf("%s: %+v, want one at %s", in, problems, field)
		}
	}
}

// TestFailuresThatAreToldWithSuccess reads refusals that come with 200, and success.
func TestFailuresThatAreToldWithSuccess(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]platforms.Kind{
		`{"data":{},"error":{"code":"spam_risk_too_many_posts","message":"m","log_id":"l"}}`: platforms.RateLimited,
		`{"data":{},"error":{"code":"reached_active_user_cap"}}`:                             platforms.RateLimited,
		`{"data":{},"error":{"code":"spam_risk_user_banned_from_posting"}}`:                  platforms.Rejected,
		`{"error":"invalid_grant","error_description":"Refresh token is invalid."}`:          platforms.Unauthorized,
		`{"data":{},"error":{"code":"ok","message":"","log_id":"l"}}`:                        "",
		`{"access_token":"a"}`:  "",
		`<html>`:                "",
		`{"error":[]}`:          "",
		`{"error":{"code":""}}`: "",
	} {
		e := Classify(rest.Response{Status: 200, Body: []byte(body)})
		if (e == nil) != (want == "") || e != nil && (e.Kind != want || e.Message == "" || e.Code == "") {
			t.Errorf("%s: %+v, want %s", body, e, want)
		}
	}
}

// film is a media source of one video.
type film struct{ data []byte }

func (*film) URL(context.Context, platforms.Media, platforms.Fit) (string, error) {
	return "", errors.New("not by address")
}
func (*film) Page(context.Context, string) (platforms.Page, error) {
	return platforms.Page{}, errors.New("no page")
}
func (f *film) Open(context.Context, platforms.Media, platforms.Fit) (*platforms.File, error) {
	return &platforms.File{Body: io.NopCloser(bytes.NewReader(f.data)), MIME: "video/mp4", Size: int64(len(f.data))}, nil
}

func movie(size int) []byte {
	return append([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), make([]byte, size-16)...)
}

// line sends requests to a fake, and lets a test get in the way of one: ahead gives an answer in place of the fake's.
type line struct {
	fake  http.Handler
	ahead func(*http.Request) (int, string)
	lost  bool  // the fake does its work, and a gateway answers for it
	sent  int64 // bytes of pieces
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if l.ahead != nil {
		if status, body := l.ahead(r); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return w.Result(), nil
		}
	}
	if r.Method == http.MethodPut {
		l.sent += r.ContentLength
	}
	r.Host = r.URL.Host
	l.fake.ServeHTTP(w, r)
	if l.lost {
		w = httptest.NewRecorder()
		w.WriteHeader(http.StatusBadGateway)
	}
	return w.Result(), nil
}

// try is one post to a fake, taken step by step.
type try struct {
	t       *testing.T
	now     time.Time
	fake    *tiktokfake.Fake
	line    *line
	film    *film
	task    platforms.Task
	keyless bool // what is sealed cannot be opened
}

func newTry(t *testing.T, size int, text, privacy string) *try {
	x := &try{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), film: &film{movie(size)}}
	x.fake = tiktokfake.New(farside.Options{Now: func() time.Time { return x.now }, Processing: time.Second})
	x.line = &line{fake: x.fake}
	x.task = platforms.Task{ID: "t1", Content: platforms.Content{Text: text, Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4"}},
		Options: json.RawMessage(`{"privacyLevel":"` + privacy + `","allowComment":true,"allowDuet":true,"allowStitch":true,"contentPreviewConfirmed":true,"expressConsentGiven":true}`)}}
	return x
}

func (x *try) conn() *platforms.Conn {
	a := x.fake.Accounts()[0]
	return &platforms.Conn{HTTP: &http.Client{Transport: x.line}, Media: x.film, Sealer: platformtest.Sealer{Lost: x.keyless}, Now: func() time.Time { return x.now }, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Token: platforms.Token{Access: platforms.NewSecret(a.Access)}}
}

type died struct{}

// step takes one step, and keeps what it says; a worker that dies leaves what was there.
func (x *try) step() (step platforms.Step, err error, dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, dead = r.(died); !dead {
				panic(r)
			}
			x.task.InDoubt = Platform{}.Info().IsVisible(x.task.State.Step)
		}
	}()
	step, err = Platform{}.Publish(context.Background(), x.conn(), x.task)
	if err != nil {
		if e := platforms.AsError(err); e.Kind == platforms.Ambiguous && (Platform{}).Info().IsVisible(x.task.State.Step) {
			x.task.InDoubt = true
		}
		return step, err, false
	}
	x.task.State, x.task.InDoubt = step.State, false
	if step.Done != nil {
		x.task.Published = step.Done
	}
	x.now = x.now.Add(step.Wait)
	return step, nil, false
}

// until takes steps until it stands at one.
func (x *try) until(name string) platforms.Step {
	x.t.Helper()
	for range 200 {
		step, err, dead := x.step()
		if err != nil || dead {
			x.t.Fatalf("at %q: %v, %t", x.task.State.Step, err, dead)
		}
		if step.State.Step == name && (name != "" || step.Done != nil) {
			return step
		}
	}
	x.t.Fatalf("it never came to %q, and stands at %q", name, x.task.State.Step)
	return platforms.Step{}
}

// TestUploadGoesOn kills the worker within a large video: what TikTok has is not sent again, save the pieces of the step that died.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	x := newTry(t, 95<<20+123, "A long film", "PUBLIC_TO_EVERYONE")
	pieces, deaths := 0, 0
	x.line.ahead = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPut {
			if pieces++; pieces == 6 {
				panic(died{})
			}
			if r.Header.Get("Authorization") != "" {
				t.Error("the token goes to the upload host")
			}
		}
		return 0, ""
	}
	for range 100 {
		step, err, dead := x.step()
		if err != nil {
			t.Fatal(err)
		}
		if dead {
			deaths++
			continue
		}
		if strings.Contains(string(step.State.Data), "upload_token") {
			t.Fatalf("the address to write to can be read: %s", step.State.Data)
		}
		if step.Done != nil && step.State.Step == "" {
			again := x.line.sent - int64(len(x.film.data))
			if deaths != 1 || again < 0 || again > atOnce*pieceSize || x.fake.Leaks() > 0 || len(x.fake.Posts()) != 1 {
				t.Errorf("%d deaths, %d bytes sent again, %d leaks, %d posts", deaths, again, x.fake.Leaks(), len(x.fake.Posts()))
			}
			return
		}
	}
	t.Fatal("it never ended")
}

// TestALostAddress begins a video anew whose address nobody can open any more.
func TestALostAddress(t *testing.T) {
	t.Parallel()
	x := newTry(t, 95<<20, "A film without a key", "PUBLIC_TO_EVERYONE")
	x.until(stepUploading)
	x.keyless = true
	step, err, _ := x.step()
	if err != nil || step.State.Step != "" || step.Done != nil {
		t.Fatalf("it goes on at %q: %v", step.State.Step, err)
	}
	x.keyless = false
	if x.until(""); len(x.fake.Posts()) != 1 {
		t.Errorf("there are %d posts", len(x.fake.Posts()))
	}
}

// TestTheLastPiece loses the last piece, or its answer, and comes back soon or when the address has expired.
func TestTheLastPiece(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrives bool
		later   time.Duration
		changed bool // the media is another one by then
	}{"arrived": {true, 0, false}, "lost": {false, 0, false}, "arrived, late": {true, 3 * time.Hour, false}, "lost, late": {false, 3 * time.Hour, false}, "lost, and changed": {false, 0, true}, "arrived, and changed": {true, 0, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTry(t, 25<<20, "The last piece", "PUBLIC_TO_EVERYONE")
			x.until(stepCommitting)
			if x.line.lost = c.arrives; !c.arrives {
				x.line.ahead = func(*http.Request) (int, string) { return 502, "" }
			}
			if _, err, _ := x.step(); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Ambiguous || !x.task.InDoubt {
				t.Fatalf("the lost answer: %v", err)
			}
			x.line.ahead, x.line.lost = nil, false
			if x.now = x.now.Add(c.later); c.changed {
				x.film.data = movie(26 << 20)
			}
			x.until("")
			if seen := x.fake.Posts(); len(seen) != 1 || x.task.Published == nil || seen[0].ID != x.task.Published.ID {
				t.Errorf("the public sees %+v, the post is %+v", seen, x.task.Published)
			}
		})
	}
}

// TestAPostThatTikTokForgets lets TikTok lose track of a post: one that everybody sees is found; of any other nothing is known, and only a day later is it
// published anew.
func TestAPostThatTikTokForgets(t *testing.T) {
	t.Parallel()
	forget := func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.Path, pathStatus) {
			return 400, `{"data":{},"error":{"code":"invalid_publish_id","message":"?","log_id":"l"}}`
		}
		return 0, ""
	}
	x := newTry(t, 1<<20, strings.Repeat("A film that is found again, though its text is long. ", 8), "PUBLIC_TO_EVERYONE")
	x.until(stepProcessing)
	x.line.ahead, x.now = forget, x.now.Add(time.Minute)
	x.until("")
	if seen := x.fake.Posts(); len(seen) != 1 || x.task.Published == nil || x.task.Published.ID != seen[0].ID || x.task.Published.URL == "" {
		t.Errorf("the public sees %+v, the post is %+v", seen, x.task.Published)
	}

	x = newTry(t, 1<<20, "For oneself", "SELF_ONLY")
	x.until(stepProcessing)
	x.line.ahead, x.now = forget, x.now.Add(time.Minute)
	x.until(stepConfirming)
	for range 3 {
		if _, err, _ := x.step(); platforms.AsError(err) == nil || platforms.AsError(err).Kind != platforms.Ambiguous || !strings.Contains(platforms.AsError(err).Remediation, "inbox") {
			t.Fatalf("what nobody can know: %v", err)
		}
		x.now = x.now.Add(time.Hour)
	}
	x.line.ahead = nil // TikTok remembers
	x.until("")
	if seen := x.fake.Posts(); len(seen) != 1 || x.task.Published == nil {
		t.Errorf("the public sees %+v, the post is %+v", seen, x.task.Published)
	}

	x = newTry(t, 1<<20, "For oneself", "SELF_ONLY")
	x.until(stepProcessing)
	x.line.ahead = forget
	x.until(stepConfirming)
	x.now = x.now.Add(forgotten + time.Hour)
	if step, err, _ := x.step(); err != nil || step.State.Step != "" || step.Done != nil {
		t.Errorf("a day later: %+v, %v", step, err)
	}
}

// TestReasons is what becomes of a post that TikTok took and did not publish.
func TestReasons(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"spam_risk_text": stepRefused, "auth_removed": stepRefused, "duration_check_failed": stepRefused, "": stepRefused, "a_new_one": stepRefused, codeCap: "", "internal": "", "photo_pull_failed": ""} {
		x := newTry(t, 1<<20, "x", "SELF_ONLY")
		f, err := begin(x.conn(), x.task)
		if err != nil {
			t.Fatal(err)
		}
		f.st = state{PublishID: "v1"}
		step, err := f.refused(reason)
		if err != nil || step.State.Step != want || step.Done != nil {
			t.Errorf("%q: %+v, %v", reason, step, err)
		}
		if want == stepRefused {
			x.task.State = step.State
			if _, err, _ := x.step(); platforms.AsError(err) == nil || platforms.AsError(err).Message == "" || reason == "auth_removed" && platforms.AsError(err).Kind != platforms.Unauthorized {
				t.Errorf("%q: %v", reason, err)
			}
			continue
		}
		f.st = state{PublishID: "v1", Restarts: maxRestarts}
		if step, err = f.refused(reason); err != nil || (step.State.Step == stepRefused) != (reason != codeCap) {
			t.Errorf("%q, once too often: %+v, %v", reason, step, err)
		}
	}
}

// TestWhatTheCreatorSwitchedOff asks for comments at an account that takes none.
func TestWhatTheCreatorSwitchedOff(t *testing.T) {
	t.Parallel()
	f := flow{opts: Options{AllowComment: is(true), AllowDuet: is(true), PrivacyLevel: alone, CommercialContentType: promotesOwn}}
	p := f.info(creator{NoComment: true, NoStitch: true})
	if !*p.NoComment || *p.NoDuet || !*p.NoStitch || *p.Branded || !*p.Organic || *p.CoverAt != defaultCover {
		t.Errorf("%+v", p)
	}
}

// TestProgress reads how much TikTok has from what it says with a 416.
func TestProgress(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]int{"bytes 0-20971519/52428800": 2, "bytes 0-20971520/52428800": 2, "bytes 0-0/52428800": 0, "bytes 0-52428799/52428800": 4, "": 0, "bytes */52428800": 0} {
		f := flow{st: state{Size: 50 << 20, Piece: 10 << 20, Pieces: 5, Sent: 3}}
		if _, err := f.catchUp(rest.Response{Header: http.Header{"Content-Range": {header}}}); err != nil || f.st.Sent != want {
			t.Errorf("%q: %d pieces, want %d; %v", header, f.st.Sent, want, err)
		}
	}
}
