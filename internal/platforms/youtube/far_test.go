package youtube_test

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
	"posthorn/internal/platforms/platformtest"
	"posthorn/internal/platforms/youtube"
	"posthorn/internal/platforms/youtube/youtubefake"
)

// far is a fake, with a clock and its first channel.
type far struct {
	*youtubefake.Fake

	t     *testing.T
	now   time.Time
	film  []byte
	size  int64 // that the media source tells; zero: the film's
	conn  *platforms.Conn
	calls []string
	slow  int                                            // bytes after which every piece breaks off; zero: none does
	sent  int64                                          // bytes of files
	cut   func(r *http.Request, body []byte) (int, bool) // how much of a piece arrives before the worker dies
}

type died struct{}

func newFar(t *testing.T, account int) *far {
	t.Helper()
	f := &far{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), film: append([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"), make([]byte, 4096)...)}
	clock := func() time.Time { return f.now }
	f.Fake = youtubefake.New(farside.Options{Now: clock})
	a := f.Accounts()[account]
	f.conn = &platforms.Conn{HTTP: &http.Client{Transport: f, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, Media: f, Sealer: platformtest.Sealer{}, Now: clock,
		App: platforms.App{ID: "app", Secret: platforms.NewSecret("the secret of the app")}, Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username},
		Token: platforms.Token{Access: platforms.NewSecret(a.Access), Refresh: platforms.NewSecret(a.Refresh)}}
	return f
}

// Open reads the film, or an image.
func (f *far) Open(_ context.Context, m platforms.Media, _ platforms.Fit) (*platforms.File, error) {
	if m.Type == platforms.Image {
		return &platforms.File{Body: io.NopCloser(strings.NewReader("no image")), MIME: "image/png", Size: 8}, nil
	}
	file := &platforms.File{Body: struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(f.film), io.NopCloser(nil)}, MIME: "video/mp4", Size: int64(len(f.film))}
	if f.size > 0 {
		file.Size = f.size
	}
	return file, nil
}

func (*far) URL(context.Context, platforms.Media, platforms.Fit) (string, error) {
	return "", errors.New("not by address")
}

func (*far) Page(context.Context, string) (platforms.Page, error) {
	return platforms.Page{}, errors.New("no page")
}

// RoundTrip lets the fake answer. A worker that dies within a piece sends its beginning.
func (f *far) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/youtube/v3/")
	f.calls = append(f.calls, call)
	length, dies := len(body), false
	if r.Header.Get("Content-Range") != "" && f.cut != nil {
		length, dies = f.cut(r, body)
	}
	if f.slow > 0 && length > f.slow {
		length = f.slow
	}
	if r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/upload/") {
		f.sent += int64(length)
	}
	in := httptest.NewRequest(r.Method, r.URL.RequestURI(), bytes.NewReader(body[:length]))
	in.Host, in.Header, in.ContentLength = r.URL.Host, r.Header.Clone(), int64(len(body))
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	defer func() {
		lost := recover()
		if dies {
			panic(died{})
		}
		if lost != nil {
			resp, err = nil, errors.New("connection reset")
		}
	}()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, in)
	return w.Result(), nil
}

func (f *far) task(text, options string) platforms.Task {
	return platforms.Task{ID: "65f1c0a9e2b5af0012ab34cd", Content: platforms.Content{Text: text, Options: []byte(options), Media: []platforms.Media{{Type: platforms.Video, URL: "https://example.com/a.mp4"}}}}
}

// take takes one step, and says whether the worker died in it.
func (f *far) take(p youtube.Platform, t *platforms.Task) (s platforms.Step, err error, dead bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, dead = r.(died); !dead {
				panic(r)
			}
		}
	}()
	s, err = p.Publish(context.Background(), f.conn, *t)
	if err == nil {
		t.State, t.InDoubt = s.State, false
		if s.Done != nil {
			t.Published = s.Done
		}
	}
	return s, err, false
}

// until takes steps, as the engine would, until a step is reached, the target ends, or an error comes that is not waited out.
func (f *far) until(t *platforms.Task, step string) (s platforms.Step, err error) {
	f.t.Helper()
	for range 2000 {
		if step != "" && t.State.Step == step {
			return s, nil
		}
		info := youtube.Platform{}.Info()
		s, err, _ = f.take(youtube.Platform{}, t)
		switch e := platforms.AsError(err); {
		case e == nil:
			f.now = f.now.Add(s.Wait)
			if s.Done != nil && s.State.Step == "" {
				return s, nil
			}
		case e.Kind == platforms.NotReady:
			f.now = e.Reset
		case e.Kind == platforms.TokenExpired:
			fresh, err := youtube.Platform{}.Refresh(context.Background(), f.conn)
			if err != nil {
				return s, err
			}
			f.conn.Token = fresh
		case e.Kind == platforms.Ambiguous && info.IsVisible(t.State.Step):
			t.InDoubt = true
			f.now = f.now.Add(time.Minute)
		default:
			return s, err
		}
	}
	f.t.Fatal("it never ended")
	return s, nil
}
