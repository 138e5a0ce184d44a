package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"posthorn/internal/app"
	"posthorn/internal/config"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// instant is a platform that answers at once and publishes in one visible step: what is measured with it is the engine.
type instant struct{}

func (instant) Info() platforms.Info {
	return platforms.Info{Name: "instant", Title: "Instant", Visible: []string{""}, Rules: platforms.Rules{
		Text: platforms.TextLimit{Max: 1000, Count: platforms.CodePoints}, Source: "https://instant.example",
		Kinds:  []platforms.PostKind{{Name: "text", Title: "text post", NeedText: true}},
		KindOf: func(platforms.Content) string { return "text" },
	}, Budgets: []platforms.Budget{{Name: "calls", Scope: "account", Limit: 1_000_000_000, Window: time.Hour, Source: "https://instant.example", EveryCall: true}}}
}

func (instant) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	var out struct {
		ID string `json:"id"`
	}
	_, err := rest.Do(ctx, c, rest.Request{Method: "POST", URL: "https://instant.example/posts", Bearer: c.Token.Access, JSON: map[string]string{"id": t.ID, "text": t.Content.Text}, Write: true}, &out, nil)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{Done: &platforms.Remote{ID: out.ID, URL: "https://instant.example/" + out.ID}}, nil
}

// farSide is where instant's posts arrive. It keeps when each did, and how often.
type farSide struct {
	url      string
	server   *http.Server
	mu       sync.Mutex
	arrivals map[string]time.Time
	twice    int
}

func newFarSide() (*farSide, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &farSide{url: "http://" + l.Addr().String(), arrivals: map[string]time.Time{}}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(l) }()
	return f, nil
}

func (f *farSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	var in struct{ ID string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	if _, ok := f.arrivals[in.ID]; ok {
		f.twice++
	} else {
		f.arrivals[in.ID] = at
	}
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"id":"` + in.ID + `"}`))
}

// reset forgets what has arrived.
func (f *farSide) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.arrivals, f.twice = map[string]time.Time{}, 0
}

// count is how many have arrived, and how many of them more than once.
func (f *farSide) count() (all, twice int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.arrivals), f.twice
}

// role is what this program does when it is started again as a process that is measured; nil: it measures.
func role() func(context.Context) error {
	switch os.Getenv("POSTHORN_BENCH_ROLE") {
	case "worker":
		return func(ctx context.Context) error {
			return runAs(ctx, "worker", app.WorkerConns, func(a *app.App) error { return a.RunWorker(ctx, func() {}) })
		}
	case "bare":
		return func(ctx context.Context) error {
			return runAs(ctx, "bare", 2, func(a *app.App) error { return runBare(ctx, a) })
		}
	case "api":
		return func(ctx context.Context) error {
			return runAs(ctx, "api", app.APIConns, func(a *app.App) error {
				l, err := app.Listen(a.Config.Addr, "POSTHORN_ADDR")
				if err != nil {
					return err
				}
				return a.RunAPI(ctx, l)
			})
		}
	}
	return nil
}

// runAs is the program of that name, which knows instant too.
func runAs(ctx context.Context, name string, conns int32, run func(*app.App) error) error {
	c, err := config.Load(os.Getenv, false)
	if err != nil {
		return err
	}
	if dir := os.Getenv("POSTHORN_BENCH_PROFILES"); dir != "" {
		f, err := os.Create(filepath.Join(dir, name+".prof"))
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	a, err := app.OpenAt(ctx, c, zerolog.New(os.Stderr).Level(zerolog.WarnLevel), "bench "+name, conns, time.Now, instant{})
	if err != nil {
		return err
	}
	defer a.Close()
	return run(a)
}
