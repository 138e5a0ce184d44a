package instagramfake

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

// world is a Fake behind a real server, media on another, and a clock that the test owns.
type world struct {
	*Fake
	t       *testing.T
	ig, fb  farside.Account
	gateway *httptest.Server
	files   *httptest.Server
	mu      sync.Mutex
	clock   time.Time
}

// build starts a world. Images take a second, videos ten.
func build(t *testing.T, o farside.Options) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	w.files = httptest.NewServer(files())
	t.Cleanup(w.files.Close)
	o.Now, o.Fetch = w.now, w.files.Client()
	if o.Processing == 0 {
		o.Processing = time.Second
	}
	w.Fake = New(o)
	w.gateway = httptest.NewServer(w.Fake)
	t.Cleanup(w.gateway.Close)
	accounts := w.Accounts()
	w.ig, w.fb = accounts[0], accounts[1]
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// files are media of all sorts, named for what they are.
func files() http.Handler {
	all := map[string]struct {
		kind string
		body []byte
	}{
		"ok.jpg":       {"image/jpeg", picture(100, 100)},
		"other.jpg":    {"image/jpeg", picture(120, 100)},
		"tallest.jpg":  {"image/jpeg", picture(80, 100)},
		"widest.jpg":   {"image/jpeg", picture(191, 100)},
		"tootall.jpg":  {"image/jpeg", picture(79, 100)},
		"toowide.jpg":  {"image/jpeg", picture(192, 100)},
		"limit.jpg":    {"image/jpeg", append(picture(100, 100), make([]byte, maxImage-len(picture(100, 100)))...)},
		"toobig.jpg":   {"image/jpeg", make([]byte, maxImage+1)},
		"png.png":      {"image/png", pngPicture()},
		"broken.jpg":   {"image/jpeg", []byte("\xff\xd8 not really")},
		"page.html":    {"text/html; charset=utf-8", []byte("<html>log in</html>")},
		"unknown.jpg":  {"application/octet-stream", picture(100, 100)},
		"ok.mp4":       {"video/mp4", movie("isom", 5*time.Second)},
		"ok.mov":       {"video/quicktime", movie("qt  ", 5*time.Second)},
		"short.mp4":    {"video/mp4", movie("isom", 2*time.Second)},
		"minutes.mp4":  {"video/mp4", movie("isom", 2*time.Minute)},
		"nolength.mp4": {"video/mp4", movie("isom", 0)},
		"heic.mp4":     {"video/mp4", movie("heic", 5*time.Second)},
		"garbage.mp4":  {"video/mp4", []byte("garbage garbage")},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := all[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", f.kind)
		_, _ = w.Write(f.body)
	})
}

func picture(w, h int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil)
	return b.Bytes()
}

func pngPicture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 10, 10)))
	return b.Bytes()
}

// movie is the first boxes of a video file of a length; 0 leaves the length out.
func movie(brand string, length time.Duration) []byte {
	boxOf := func(kind string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
		return append(append(b, kind...), body...)
	}
	data := boxOf("ftyp", append([]byte(brand), 0, 0, 2, 0))
	if length == 0 {
		return append(data, boxOf("mdat", make([]byte, 32))...)
	}
	head := make([]byte, 100)
	binary.BigEndian.PutUint32(head[12:], 1000)
	binary.BigEndian.PutUint32(head[16:], uint32(length.Milliseconds()))
	data = append(data, boxOf("moov", boxOf("mvhd", head))...)
	return append(data, boxOf("mdat", make([]byte, 32))...)
}

// reply is an answer as a client sees it.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	lost   bool // the connection closed without an answer
}

// code is the answer's error code and subcode; zeros: none.
func (r reply) code() [2]int {
	e, _ := r.body["error"].(map[string]any)
	number := func(name string) int {
		n, _ := e[name].(float64)
		return int(n)
	}
	return [2]int{number("code"), number("error_subcode")}
}

func (r reply) text(name string) string {
	s, _ := r.body[name].(string)
	return s
}

func (r reply) data() []any {
	d, _ := r.body["data"].([]any)
	return d
}

// send makes a request to a real host.
func (w *world) send(method, host, path string, header http.Header, body io.Reader) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.gateway.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Host = host
	maps.Copy(req.Header, header)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return reply{lost: true}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			w.t.Errorf("%s %s: %v in %q", method, path, err, raw)
		}
	} else {
		r.body = map[string]any{"raw": string(raw)}
	}
	return r
}

// as makes a Graph call with an account's token at its own host.
func (w *world) as(a farside.Account, method, path string, form url.Values) reply {
	w.t.Helper()
	host := hostInstagram
	if a.Data["loginMethod"] == "facebook_login" {
		host = hostFacebook
	}
	header := http.Header{"Authorization": {"Bearer " + a.Access}}
	if method == http.MethodGet {
		return w.send(method, host, "/v25.0/"+path+"?"+form.Encode(), header, nil)
	}
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(method, host, "/v25.0/"+path, header, strings.NewReader(form.Encode()))
}

func (w *world) file(name string) string { return w.files.URL + "/" + name }

// form pairs names and values.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// create makes a container, which must work.
func (w *world) create(a farside.Account, pairs ...string) string {
	w.t.Helper()
	r := w.as(a, "POST", a.RemoteID+"/media", form(pairs...))
	if r.status != 200 || r.text("id") == "" {
		w.t.Fatalf("create %v: %d %v", pairs, r.status, r.body)
	}
	return r.text("id")
}

func (w *world) publishes(a farside.Account, container string) reply {
	w.t.Helper()
	return w.as(a, "POST", a.RemoteID+"/media_publish", form("creation_id", container))
}

// post takes a photo all the way and returns the media ID.
func (w *world) post(a farside.Account, caption string) string {
	w.t.Helper()
	id := w.create(a, "image_url", w.file("ok.jpg"), "caption", caption)
	w.pass(time.Second)
	r := w.publishes(a, id)
	if r.status != 200 {
		w.t.Fatalf("publish: %d %v", r.status, r.body)
	}
	return r.text("id")
}

// status is a container's status_code and status.
func (w *world) status(a farside.Account, container string) (string, string) {
	w.t.Helper()
	r := w.as(a, "GET", container, form("fields", "status_code,status"))
	return r.text("status_code"), r.text("status")
}

func (w *world) wantCode(what string, r reply, code, sub int) {
	w.t.Helper()
	if r.code() != [2]int{code, sub} {
		w.t.Errorf("%s: %d %v, want %d/%d", what, r.status, r.body, code, sub)
	}
}
