// Package api drives the whole API over HTTP, on a real database and against the sandbox, and holds every answer to openapi.yaml.
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/http/wiretest"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/sandbox"
	"posthorn/internal/tokens"
)

// start is where a world's clock begins: a Thursday morning, UTC.
var start = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// world is one API on a database of its own, with the sandbox behind it and two owners. The first has every account of the sandbox in
// its default profile, and a second, empty profile. Its clock stands still until it is moved.
type world struct {
	t       *testing.T
	app     *app.App
	handler http.Handler
	fakes   map[string]farside.Server
	sandbox string // its address
	log     *syncBuffer

	owner, stranger   auth.Principal
	key, strangerKey  string // with all rights
	profile, second   string // of owner: its default profile and another one
	strangerProfile   string
	accounts          map[string]string // of owner, by "platform/username"
	bluesky           string            // the first account of owner's at Bluesky
	instagram, photos string            // the first at Instagram; where sample photos lie

	mu  sync.Mutex
	now time.Time
}

// A setting changes the environment of a world, as "NAME=value".
func newWorld(t *testing.T, settings ...string) *world {
	t.Helper()
	return newWorldWith(t, nil, settings...)
}

// newWorldWith is newWorld with platforms beside those that everyone has.
func newWorldWith(t *testing.T, others []platforms.Platform, settings ...string) *world {
	t.Helper()
	w := &world{t: t, now: start, accounts: map[string]string{}, log: &syncBuffer{}}
	w.open(others, settings)
	w.seed()
	return w
}

func (w *world) open(others []platforms.Platform, settings []string) {
	w.t.Helper()
	w.fakes = all.Fakes(farside.Options{Now: time.Now, Fetch: http.DefaultClient, Processing: 50 * time.Millisecond, Generous: true})
	box := sandbox.New(sandbox.Options{Fakes: w.fakes, Now: time.Now})
	srv := httptest.NewServer(box)
	w.t.Cleanup(srv.Close)
	w.t.Cleanup(box.Close)
	w.sandbox = srv.URL
	pictures := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/nothing.jpg" { // where a test wants no file
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(photo())
	}))
	w.t.Cleanup(pictures.Close)
	w.photos = pictures.URL + "/"
	env := append([]string{"POSTHORN_INSTAGRAM_CLIENT_ID=ig-app", "POSTHORN_INSTAGRAM_CLIENT_SECRET=ig-app-secret", "POSTHORN_FACEBOOK_CLIENT_ID=fb-app", "POSTHORN_FACEBOOK_CLIENT_SECRET=fb-app-secret", "POSTHORN_THREADS_CLIENT_ID=th-app", "POSTHORN_THREADS_CLIENT_SECRET=th-app-secret", "POSTHORN_TIKTOK_CLIENT_ID=tt-app", "POSTHORN_TIKTOK_CLIENT_SECRET=tt-app-secret", "POSTHORN_TWITTER_CLIENT_ID=x-app", "POSTHORN_TWITTER_CLIENT_SECRET=x-app-secret",
		"POSTHORN_YOUTUBE_CLIENT_ID=yt-app", "POSTHORN_YOUTUBE_CLIENT_SECRET=yt-app-secret",
		"DATABASE_URL=" + pgtest.NewURL(w.t), "POSTHORN_MASTER_KEYS=" + tokens.NewKey("k1"), "POSTHORN_PLATFORM_GATEWAY=" + srv.URL,
		"POSTHORN_DATA_DIR=" + w.t.TempDir(), "POSTHORN_ALLOW_PRIVATE_NETWORKS=true",
		"POSTHORN_API_RATE_LIMIT=1000000", "POSTHORN_VELOCITY_LIMIT=0", "POSTHORN_DAILY_CAPS=*=0", "POSTHORN_BUDGETS=*=0"}, settings...) // the clock stands still: all requests are made within one minute
	c, err := config.Load(func(name string) (value string) {
		for _, kv := range env { // the last counts
			if k, v, _ := strings.Cut(kv, "="); k == name {
				value = v
			}
		}
		return value
	}, false)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.app, err = app.OpenAt(w.t.Context(), c, zerolog.New(w.log), "api test", 8, w.clock, others...); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.app.Close)
	if w.handler, err = w.app.Handler(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// advance moves the clock.
func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) seed() {
	w.t.Helper()
	ctx := w.t.Context()
	w.key, w.strangerKey = auth.NewKey(), auth.NewKey()
	err := postgres.InTx(ctx, w.app.Pool, func(tx pgx.Tx) error {
		for _, o := range []struct {
			name, key string
			who       *auth.Principal
			profile   *string
		}{{"owner", w.key, &w.owner, &w.profile}, {"stranger", w.strangerKey, &w.stranger, &w.strangerProfile}} {
			id, _, err := w.app.Auth.EnsureOwner(ctx, tx, o.name)
			if err != nil {
				return err
			}
			*o.who = auth.Root(id)
			if *o.profile, err = w.app.Accounts.EnsureDefaultProfile(ctx, tx, id); err != nil {
				return err
			}
			if err := w.app.Auth.StoreKey(ctx, tx, id, o.name, o.key); err != nil {
				return err
			}
		}
		w.second = id.New(w.now)
		if _, err := tx.Exec(ctx, `insert into profiles (id, owner_id, name, created_at) values ($1, $2, 'Second', $3)`, w.second, w.owner.OwnerID, w.now); err != nil {
			return err
		}
		for name, fake := range w.fakes {
			for _, f := range fake.Accounts() {
				data, err := json.Marshal(f.Data)
				if err != nil {
					return err
				}
				id, err := w.app.Accounts.Connect(ctx, tx, w.owner.OwnerID, w.profile, name, platforms.Account{RemoteID: f.RemoteID, Username: f.Username, Data: data},
					platforms.Token{Access: platforms.NewSecret(f.Access), Refresh: platforms.NewSecret(f.Refresh)})
				if err != nil {
					return err
				}
				w.accounts[name+"/"+f.Username] = id
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.bluesky, w.instagram = w.account("bluesky"), w.account("instagram")
}

// account is the first account of owner's at a platform.
func (w *world) account(platform string) string {
	w.t.Helper()
	var names []string
	for name := range w.accounts {
		if strings.HasPrefix(name, platform+"/") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		w.t.Fatalf("the sandbox has no account at %s", platform)
	}
	return w.accounts[slices.Min(names)]
}

// work runs a worker and the API's listener until the test ends, on the real clock: what is published needs them.
func (w *world) work() {
	w.t.Helper()
	w.mu.Lock()
	w.now = time.Now()
	w.mu.Unlock()
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ticking, ended, ready := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() { // the world's clock follows the real one
		defer close(ticking)
		last := time.Now()
		for ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
			now := time.Now()
			w.advance(now.Sub(last))
			last = now
		}
	}()
	go w.app.Posts.Listen(ctx, func(error) {})
	go func() {
		defer close(ended)
		if err := w.app.RunWorker(ctx, func() { close(ready) }); err != nil {
			w.t.Errorf("the worker: %v", err)
		}
	}()
	select {
	case <-ready:
	case <-ended:
	}
	w.t.Cleanup(func() { // before the pool is closed, which was opened earlier
		stop()
		<-ended
		<-ticking
	})
}

// answer is what the API said.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

// do sends a request with the owner's key and holds the answer to openapi.yaml. body is nil, a string, a url.Values for a query, or
// what is sent as JSON. Headers come as name, value.
func (w *world) do(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	return w.as(w.key, method, path, body, headers...)
}

// as is do with another key; an empty one sends none.
func (w *world) as(key, method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		sent = strings.NewReader(b)
	case url.Values:
		path += "?" + b.Encode()
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, "http://posthorn.test"+path, sent)
	if sent != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return w.send(key, r, headers...)
}

// upload sends a file as multipart/form-data, as the clients do.
func (w *world) upload(path, field, name, contents string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.WriteString(part, contents); err != nil {
		w.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://posthorn.test"+path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return w.send(w.key, r)
}

func (w *world) send(key string, r *http.Request, headers ...string) answer {
	w.t.Helper()
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	patience := 2 * time.Minute
	if strings.HasSuffix(r.URL.Path, "/stream") {
		patience = 700 * time.Millisecond // it has no end of its own
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	rec := httptest.NewRecorder()
	wiretest.Wrap(w.t, w.handler).ServeHTTP(rec, r.WithContext(ctx))
	return answer{w.t, rec.Code, rec.Header(), rec.Body.Bytes()}
}

// want fails the test unless the answer has a status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// at is a value within the answer's body: names and indexes joined by dots, as in "post.platforms.0.status". What is not there is nil.
func (a answer) at(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	for _, name := range strings.Split(path, ".") {
		switch c := v.(type) {
		case map[string]any:
			v = c[name]
		case []any:
			var i int
			if err := json.Unmarshal([]byte(name), &i); err != nil || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

// text is at for a text.
func (a answer) text(path string) string {
	a.t.Helper()
	s, _ := a.at(path).(string)
	return s
}

// target is an entry of a request's platforms.
func target(platform, accountID string) map[string]any {
	return map[string]any{"platform": platform, "accountId": accountID}
}

// photo is a picture that every platform takes, made once: those of the sandbox are large, and painting one takes long under the race
// detector.
var photo = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 640)), nil); err != nil {
		panic(err) // a buffer takes what it is given
	}
	return b.Bytes()
})

// syncBuffer is a log that several goroutines write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps what is written.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written so far.
func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
