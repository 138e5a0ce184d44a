package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms"
)

const (
	aliceDID = "did:plc:aliceaaaaaaaaaaaaaaaaaaa"
	bobDID   = "did:plc:bobbbbbbbbbbbbbbbbbbbbbb"
	pdsHost  = "pds.example.com"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// world is the far side of one test: answers by method, host and path, and what was asked.
type world struct {
	mu       sync.Mutex
	answers  map[string]http.HandlerFunc
	calls    []string
	records  map[string]stored // by record key
	uploads  int
	lastBody []byte
	srv      *httptest.Server
}

type stored struct {
	cid   string
	value json.RawMessage
}

// newWorld answers for the directory and for a host with the rules that matter to a writer.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{records: map[string]stored{}, answers: map[string]http.HandlerFunc{}}
	w.srv = httptest.NewServer(w)
	t.Cleanup(w.srv.Close)
	w.on("GET plc.directory/"+aliceDID, answer(200, didDoc(aliceDID, "https://"+pdsHost+"/", "alice.example.com")))
	w.on("GET "+pdsHost+"/xrpc/com.atproto.identity.resolveHandle", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("handle") != "bob.example.com" {
			answer(400, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`)(rw, r)
			return
		}
		answer(200, `{"did":"`+bobDID+`"}`)(rw, r)
	})
	w.on("POST "+pdsHost+"/xrpc/com.atproto.repo.uploadBlob", w.uploadBlob)
	w.on("POST "+pdsHost+"/xrpc/com.atproto.repo.putRecord", w.putRecord)
	w.on("GET "+pdsHost+"/xrpc/com.atproto.repo.getRecord", w.getRecord)
	return w
}

func didDoc(did, pds string, handles ...string) string {
	aka := []string{}
	for _, h := range handles {
		aka = append(aka, "at://"+h)
	}
	b, _ := json.Marshal(map[string]any{"id": did, "alsoKnownAs": aka, "service": []any{
		map[string]any{"id": "#other", "type": "Other", "serviceEndpoint": map[string]any{"uri": "https://elsewhere.example.com"}},
		map[string]any{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": pds},
	}})
	return string(b)
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		c.Close()
	}
}

func (w *world) on(call string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[call] = h
}

// once answers one call in another way; h may be nil to let the usual answer be lost after the deed.
func (w *world) once(call string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	usual := w.answers[call]
	w.answers[call] = func(rw http.ResponseWriter, r *http.Request) {
		w.on(call, usual)
		if h == nil {
			usual(httptest.NewRecorder(), r)
			h = hangUp
		}
		h(rw, r)
	}
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/")
	w.mu.Lock()
	w.calls = append(w.calls, call)
	h := w.answers[call]
	w.mu.Unlock()
	if h == nil {
		h = answer(404, `{"error":"XRPCNotSupported","message":"not here"}`)
	}
	h(rw, r)
}

func (w *world) count(part string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if strings.Contains(c, part) {
			n++
		}
	}
	return n
}

func (w *world) uploadBlob(rw http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	if r.Header.Get("Authorization") != "Bearer access-token" || int64(len(b)) != r.ContentLength {
		answer(400, `{"error":"InvalidRequest","message":"bad upload"}`)(rw, r)
		return
	}
	w.mu.Lock()
	w.uploads++
	w.mu.Unlock()
	fmt.Fprintf(rw, `{"blob":{"$type":"blob","ref":{"$link":"bafk-%s"},"mimeType":%q,"size":%d}}`, b, r.Header.Get("Content-Type"), len(b))
}

func (w *world) putRecord(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct {
		Repo, Rkey string
		SwapRecord json.RawMessage
		Record     json.RawMessage
	}
	if err := json.Unmarshal(body, &in); err != nil || string(in.SwapRecord) != "null" || in.Repo != aliceDID || r.Header.Get("Authorization") != "Bearer access-token" {
		answer(400, `{"error":"InvalidRequest","message":"not a put with swapRecord null"}`)(rw, r)
		return
	}
	w.mu.Lock()
	w.lastBody = body
	had, there := w.records[in.Rkey]
	if !there {
		had = stored{cid: fmt.Sprintf("bafy-%d", len(w.records)), value: in.Record}
		w.records[in.Rkey] = had
	}
	w.mu.Unlock()
	if !bytes.Equal(had.value, in.Record) {
		answer(400, `{"error":"InvalidSwap","message":"Record was at `+had.cid+`"}`)(rw, r)
		return
	}
	fmt.Fprintf(rw, `{"uri":"at://%s/app.bsky.feed.post/%s","cid":%q}`, in.Repo, in.Rkey, had.cid)
}

func (w *world) getRecord(rw http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("rkey")
	w.mu.Lock()
	had, there := w.records[key]
	w.mu.Unlock()
	if !there {
		answer(400, `{"error":"RecordNotFound","message":"Could not locate record"}`)(rw, r)
		return
	}
	fmt.Fprintf(rw, `{"uri":"at://%s/app.bsky.feed.post/%s","cid":%q,"value":%s}`, aliceDID, key, had.cid, had.value)
}

// posts are the written records in the order of their keys.
func (w *world) posts(t *testing.T) []map[string]any {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	byKey := make([]string, 0, len(w.records))
	for k := range w.records {
		byKey = append(byKey, k)
	}
	slices.Sort(byKey)
	var list []map[string]any
	for _, k := range byKey {
		var m map[string]any
		if err := json.Unmarshal(w.records[k].value, &m); err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

// byHost sends every request to the world, its host in front of the path.
type byHost struct{ to *url.URL }

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Path = "/" + r.URL.Host + r.URL.Path
	r.URL.Scheme, r.URL.Host = b.to.Scheme, b.to.Host
	return http.DefaultTransport.RoundTrip(r)
}

func (w *world) conn(t *testing.T) *platforms.Conn {
	t.Helper()
	to, err := url.Parse(w.srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &platforms.Conn{
		HTTP:    &http.Client{Transport: byHost{to}},
		Account: platforms.Account{RemoteID: aliceDID, Username: "alice.example.com", Data: json.RawMessage(`{"pds":"https://old.example.com"}`)},
		Token:   platforms.Token{Access: platforms.NewSecret("access-token"), Refresh: platforms.NewSecret("refresh-token")},
		Media:   gallery{}, Now: func() time.Time { return now },
	}
}

// gallery is media by address: the bytes are the name of the file, and "missing" is gone. Every page but "missing" has a card.
type gallery struct{}

func (gallery) URL(context.Context, platforms.Media, platforms.Fit) (string, error) {
	return "", platforms.Errorf(platforms.Rejected, "no public addresses here")
}

func (gallery) Open(_ context.Context, m platforms.Media, fit platforms.Fit) (*platforms.File, error) {
	name := m.URL[strings.LastIndexByte(m.URL, '/')+1:]
	if strings.Contains(name, "missing") {
		return nil, platforms.Errorf(platforms.Rejected, "the file is gone")
	}
	f := &platforms.File{Body: io.NopCloser(strings.NewReader(name)), MIME: fit.Formats[0], Size: int64(len(name)), Width: 800, Height: 600}
	return f, nil
}

func (gallery) Page(_ context.Context, address string) (platforms.Page, error) {
	if strings.Contains(address, "missing") {
		return platforms.Page{}, platforms.Errorf(platforms.Unavailable, "no page")
	}
	p := platforms.Page{URL: address, Title: "A page", Description: "About it", ImageURL: "https://example.com/thumb.png"}
	if strings.Contains(address, "no-thumb") {
		p.ImageURL = "https://example.com/missing.png"
	}
	return p, nil
}

// publish takes steps to the end, each state going through JSON as it does in the database. An error that may pass is met by the
// same step again, in doubt where that step is visible, and is counted.
func publish(t *testing.T, c *platforms.Conn, content platforms.Content) (done *platforms.Remote, steps []platforms.Step, err error) {
	t.Helper()
	task := platforms.Task{ID: "t1", Content: content}
	for range 60 {
		s, err := Platform{}.Publish(context.Background(), c, task)
		if err != nil {
			e := platforms.AsError(err)
			if e.Kind != platforms.Ambiguous && e.Kind != platforms.Unavailable {
				return done, steps, err
			}
			task.InDoubt = (Platform{}).Info().IsVisible(task.State.Step) && (task.InDoubt || e.Kind == platforms.Ambiguous)
			continue
		}
		steps = append(steps, s)
		if s.Done != nil {
			done = s.Done
		}
		b, err := json.Marshal(s.State)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("-token")) {
			t.Errorf("the state holds a secret: %s", b)
		}
		task.State, task.InDoubt, task.Published = platforms.State{}, false, done
		if err := json.Unmarshal(b, &task.State); err != nil {
			t.Fatal(err)
		}
		if s.State.Step == "" {
			return done, steps, nil
		}
	}
	t.Fatalf("no end after 60 steps, at %q", task.State.Step)
	return nil, nil, nil
}

func image1(name string) platforms.Media {
	return platforms.Media{Type: platforms.Image, URL: "https://example.com/" + name, AltText: "alt of " + name}
}

func wantKind(t *testing.T, err error, want platforms.Kind) *platforms.Error {
	t.Helper()
	e := platforms.AsError(err)
	if e == nil || e.Kind != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	return e
}
