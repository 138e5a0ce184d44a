package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/config"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/sandbox"
	"posthorn/internal/tokens"
)

// world is a server on a port, with a worker, a database of its own and the sandbox behind it.
type world struct {
	t     *testing.T
	app   *app.App
	addr  string
	photo string
	fakes map[string]farside.Server
	log   *watchedLog
	close []func()
}

// settings beside what a server needs to run: no request waits long, and none is refused for being one of many.
var settings = map[string]string{"POSTHORN_PUBLISH_WAIT": "100ms", "POSTHORN_ALLOW_PRIVATE_NETWORKS": "true", "POSTHORN_API_RATE_LIMIT": "0", "POSTHORN_VELOCITY_LIMIT": "0",
	"POSTHORN_DAILY_CAPS": "*=0", "POSTHORN_BUDGETS": "*=0"}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, log: &watchedLog{}}
	w.fakes = all.Fakes(farside.Options{Now: time.Now, Fetch: http.DefaultClient, Processing: 20 * time.Millisecond, Generous: true})
	box := sandbox.New(sandbox.Options{Fakes: w.fakes, Now: time.Now})
	far := httptest.NewServer(box)
	w.close = append(w.close, box.Close, far.Close)
	w.photo = far.URL + "/_sandbox/samples/coast.jpg"
	env := map[string]string{"DATABASE_URL": pgtest.NewURL(t), "POSTHORN_MASTER_KEYS": tokens.NewKey("k1"), "POSTHORN_PLATFORM_GATEWAY": far.URL, "POSTHORN_DATA_DIR": t.TempDir()}
	c, err := config.Load(func(name string) string { return env[name] + settings[name] }, false)
	if err != nil {
		t.Fatal(err)
	}
	if w.app, err = app.Open(t.Context(), c, zerolog.New(w.log), "fuzz", 24); err != nil {
		t.Fatal(err)
	}
	w.close = append(w.close, w.app.Close)
	handler, err := w.app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(handler)
	w.addr = strings.TrimPrefix(api.URL, "http://")
	w.close = append(w.close, w.work(), api.Close)
	return w
}

// work runs a worker and the API's listener, and returns what ends them.
func (w *world) work() func() {
	ctx, stop := context.WithCancel(context.WithoutCancel(w.t.Context()))
	var running sync.WaitGroup
	ready := make(chan struct{})
	running.Go(func() { w.app.Posts.Listen(ctx, func(error) {}) })
	running.Go(func() {
		if err := w.app.RunWorker(ctx, func() { close(ready) }); err != nil {
			w.t.Errorf("the worker: %v", err)
		}
	})
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		w.t.Fatal("the worker did not start")
	}
	return func() {
		stop()
		running.Wait()
	}
}

// shut ends everything, the newest first.
func (w *world) shut() {
	for i := len(w.close) - 1; i >= 0; i-- {
		w.close[i]()
	}
	http.DefaultClient.CloseIdleConnections()
	w.fakes, w.app = nil, nil
}

// owner makes an owner with a key and an account at each platform, and returns the key and the IDs of what it has, by kind.
func (w *world) owner(name string) (key string, things map[string]string) {
	w.t.Helper()
	ctx := w.t.Context()
	key, things = auth.NewKey(), map[string]string{}
	err := postgres.InTx(ctx, w.app.Pool, func(tx pgx.Tx) error {
		owner, _, err := w.app.Auth.EnsureOwner(ctx, tx, name)
		if err != nil {
			return err
		}
		things["user"] = owner
		if things["profile"], err = w.app.Accounts.EnsureDefaultProfile(ctx, tx, owner); err != nil {
			return err
		}
		if err := w.app.Auth.StoreKey(ctx, tx, owner, name, key); err != nil {
			return err
		}
		for platform, fake := range w.fakes {
			all := fake.Accounts()
			if len(all) == 0 { // nobody connects to it
				continue
			}
			far := all[0]
			data, err := json.Marshal(far.Data)
			if err != nil {
				return err
			}
			id, err := w.app.Accounts.Connect(ctx, tx, owner, things["profile"], platform, platforms.Account{RemoteID: far.RemoteID, Username: far.Username, Data: data},
				platforms.Token{Access: platforms.NewSecret(far.Access), Refresh: platforms.NewSecret(far.Refresh)})
			if err != nil {
				return err
			}
			things[platform] = id
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return key, things
}

// watchedLog looks through a log for what must not be in it, and keeps nothing else.
type watchedLog struct {
	mu  sync.Mutex
	bad []string
}

// Write reads one line of the log.
func (l *watchedLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("panic")) || bytes.Contains(line, []byte(`"level":"error"`)) || bytes.Contains(line, []byte(`"level":"fatal"`)) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.bad) < 20 {
			l.bad = append(l.bad, fmt.Sprintf("%.4000s", line))
		}
	}
	return len(line), nil
}

func (l *watchedLog) faults() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bad
}
