package facebook_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/facebook"
	"posthorn/internal/platforms/facebook/facebookfake"
	"posthorn/internal/platforms/farside"
)

// far is a Facebook on a clock of its own, and what was sent to it.
type far struct {
	t    *testing.T
	fake *facebookfake.Fake
	now  time.Time
	// sent are the bodies of the requests, by method and path without version.
	sent []sent
}

type sent struct {
	route string
	body  []byte
	size  string // the header of that name of an upload
}

func newFar(t *testing.T) *far {
	f := &far{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	f.fake = facebookfake.New(farside.Options{Now: func() time.Time { return f.now }, Fetch: &http.Client{Transport: pictures{}}})
	return f
}

// RoundTrip serves one request. An answer that the far side drops is lost.
func (f *far) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	f.sent = append(f.sent, sent{req.Method + " " + strings.TrimPrefix(req.URL.Path, "/v25.0/"), body, req.Header.Get("Offset")})
	in := httptest.NewRequest(req.Method, req.URL.RequestURI(), bytes.NewReader(body))
	in.Host, in.Header = req.URL.Host, req.Header.Clone()
	defer func() {
		if recover() != nil {
			resp, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	f.fake.ServeHTTP(w, in)
	return w.Result(), nil
}

// conn is the connection of a Page.
func (f *far) conn(page int) *platforms.Conn {
	a := f.fake.Accounts()[page]
	return &platforms.Conn{HTTP: &http.Client{Transport: f}, App: platforms.App{ID: "fb-app", Secret: platforms.NewSecret("fb-app-secret")}, Token: platforms.Token{Access: platforms.NewSecret(a.Access)},
		Account: platforms.Account{RemoteID: a.RemoteID, Username: a.Username}, Media: media{}, Now: func() time.Time { return f.now }}
}

// publish takes the steps of a post until it ends, and gives the last one.
func (f *far) publish(page int, c platforms.Content) (platforms.Step, error) {
	f.t.Helper()
	info := facebook.Platform{}.Info()
	task := platforms.Task{Content: c}
	for range 200 {
		step, err := facebook.Platform{}.Publish(context.Background(), f.conn(page), task)
		if err != nil {
			switch e := platforms.AsError(err); e.Kind {
			case platforms.Rejected, platforms.Duplicate, platforms.Unauthorized:
				return step, err
			case platforms.Ambiguous:
				task.InDoubt = info.IsVisible(task.State.Step)
			}
			f.now = f.now.Add(20 * time.Second)
			continue
		}
		if step.Done != nil && step.State.Step == "" {
			return step, nil
		}
		task.State, task.InDoubt = step.State, false
		f.now = f.now.Add(step.Wait)
	}
	f.t.Fatal("it never ends")
	return platforms.Step{}, nil
}

// form is what was sent last to a route.
func (f *far) form(route string) url.Values {
	f.t.Helper()
	for i := len(f.sent) - 1; i >= 0; i-- {
		if f.sent[i].route == route {
			q, err := url.ParseQuery(string(f.sent[i].body))
			if err != nil {
				f.t.Fatal(err)
			}
			q.Del("appsecret_proof")
			return q
		}
	}
	f.t.Fatalf("nothing was sent to %s: %v", route, f.sent)
	return nil
}

// times is how often a route was asked.
func (f *far) times(route string) (n int) {
	for _, s := range f.sent {
		if s.route == route {
			n++
		}
	}
	return n
}

// gif is the smallest picture.
var gif = []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;")

// film is a header and nothing else, which is long enough to be sent in pieces.
var film = append([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"), bytes.Repeat([]byte{0, 0, 0, 8, 'f', 'r', 'e', 'e'}, 1000)...)

type media struct{}

// URL gives an address.
func (media) URL(context.Context, platforms.Media, platforms.Fit) (string, error) {
	return "https://pictures.example/a.gif", nil
}

// Open gives a file of the item's type.
func (media) Open(_ context.Context, m platforms.Media, _ platforms.Fit) (*platforms.File, error) {
	data, mime := gif, "image/gif"
	if m.Type == platforms.Video {
		data, mime = film, "video/mp4"
	}
	return &platforms.File{Body: io.NopCloser(bytes.NewReader(data)), MIME: mime, Size: int64(len(data))}, nil
}

// Page has none.
func (media) Page(context.Context, string) (platforms.Page, error) {
	return platforms.Page{}, platforms.Errorf(platforms.Unavailable, "no page")
}

// pictures answers every address with the picture.
type pictures struct{}

// RoundTrip answers.
func (pictures) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"image/gif"}}, Body: io.NopCloser(bytes.NewReader(gif)), Request: req}, nil
}

var (
	onePicture = []platforms.Media{{Type: platforms.Image, URL: "https://pictures.example/a.gif"}}
	oneFilm    = []platforms.Media{{Type: platforms.Video, URL: "https://pictures.example/a.mp4"}}
)
