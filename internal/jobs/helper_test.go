package jobs

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/idempotency"
	"posthorn/internal/media"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/posts"
	"posthorn/internal/tokens"
	"posthorn/internal/verdict"
	"posthorn/internal/webhooks"
)

// echo is a platform of two steps, the second visible, over real HTTP. The server of the test plays its far side.
type echo struct{}

func (echo) Info() platforms.Info {
	return platforms.Info{Name: "echo", Title: "Echo", Visible: []string{"publishing"}, Rules: platforms.Rules{
		Text: platforms.TextLimit{Max: 1000, Count: platforms.CodePoints}, Source: "https://example.com",
		Kinds:  []platforms.PostKind{{Name: "text", Title: "text post", NeedText: true}},
		KindOf: func(platforms.Content) string { return "text" },
	}}
}

func (echo) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	call := func(path string, write bool) (id string, err error) {
		var out struct {
			ID string `json:"id"`
		}
		_, err = rest.Do(ctx, c, rest.Request{Method: "POST", URL: "https://echo.example" + path, Bearer: c.Token.Access,
			JSON: map[string]any{"text": t.Content.Text, "target": t.ID, "inDoubt": t.InDoubt}, Write: write}, &out, nil)
		return out.ID, err
	}
	if t.State.Step == "" {
		id, err := call("/prepare", false)
		return platforms.Step{State: platforms.State{Step: "publishing", Data: json.RawMessage(`{"draft":"` + id + `"}`)}}, err
	}
	id, err := call("/publish", true)
	if err != nil {
		return platforms.Step{}, err
	}
	return platforms.Step{Done: &platforms.Remote{ID: id, URL: "https://echo.example/" + id}}, nil
}

func (echo) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	var out struct {
		Token string `json:"token"`
	}
	_, err := rest.Do(ctx, c, rest.Request{Method: "POST", URL: "https://echo.example/refresh", Bearer: c.Token.Refresh}, &out, nil)
	return platforms.Token{Access: platforms.NewSecret(out.Token), Refresh: c.Token.Refresh, ExpiresAt: c.Now().Add(time.Hour)}, err
}

func (echo) Usage(h http.Header) (platforms.Usage, bool) {
	if h.Get("X-Full") == "" {
		return platforms.Usage{}, false
	}
	return platforms.Usage{Budget: "calls", Percent: 100, Regain: time.Hour}, true
}

type noMedia struct{}

func (noMedia) ProbeAll(context.Context, []string) map[string]media.Result { return nil }

// world is one database with an account at echo.
type world struct {
	pool     *pgxpool.Pool
	posts    *posts.Service
	accounts *accounts.Service
	owner    auth.Principal
	account  string
	log      zerolog.Logger

	mu    sync.Mutex
	calls []string // paths the far side has seen
}

func newWorld(t *testing.T, far http.HandlerFunc) *world {
	t.Helper()
	w := &world{pool: pgtest.New(t), log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)}
	if os.Getenv("POSTHORN_TEST_LOG") != "" {
		w.log = w.log.Level(zerolog.DebugLevel)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.calls = append(w.calls, r.URL.Path)
		w.mu.Unlock()
		far(rw, r)
	}))
	t.Cleanup(srv.Close)
	gateway, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	registry := platforms.NewRegistry(echo{})
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	w.accounts = &accounts.Service{Pool: w.pool, Platforms: registry, Vault: &tokens.Vault{Pool: w.pool, Keys: keys, Now: time.Now}, Budgets: &budget.Store{Pool: w.pool, Now: time.Now},
		Apps: func(string) platforms.App { return platforms.App{} }, Outbound: outbound.NewPlatforms(outbound.PlatformOptions{Gateway: gateway, Now: time.Now}), Now: time.Now}
	w.posts = &posts.Service{Pool: w.pool, Platforms: registry, Accounts: w.accounts, Prober: noMedia{}, Now: time.Now,
		Limits: verdict.Limits{Attempts: 5, Base: 20 * time.Millisecond, Max: 100 * time.Millisecond, Limited: time.Minute}, Ended: posts.NewNotifier()}
	w.seed(t, platforms.Token{Access: platforms.NewSecret("access-1"), Refresh: platforms.NewSecret("refresh-1"), ExpiresAt: time.Now().Add(time.Hour)})
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go w.posts.Listen(ctx, func(error) {})
	go w.posts.Ended.Run(ctx, w.posts.Notify, func(error) {})
	return w
}

func (w *world) seed(t *testing.T, token platforms.Token) {
	t.Helper()
	people := &auth.Service{Pool: w.pool, Now: time.Now}
	err := postgres.InTx(t.Context(), w.pool, func(tx pgx.Tx) (err error) {
		id, _, err := people.EnsureOwner(t.Context(), tx, "owner")
		if err != nil {
			return err
		}
		w.owner = auth.Root(id)
		profile, err := w.accounts.EnsureDefaultProfile(t.Context(), tx, id)
		if err != nil {
			return err
		}
		w.account, err = w.accounts.Connect(t.Context(), tx, id, profile, "echo", platforms.Account{RemoteID: "1", Username: "echo"}, token)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run starts a worker process's share, until stop is called or the test ends.
func (w *world) run(t *testing.T) (stop func()) {
	t.Helper()
	r, err := NewRunner(Config{Pool: w.pool, Posts: w.posts, Accounts: w.accounts, Webhooks: &webhooks.Service{Pool: w.pool, Now: time.Now}, Idempotency: &idempotency.Store{Pool: w.pool, Now: time.Now},
		Workers: 20, Uploaders: 2, Couriers: 5, Log: w.log, Slog: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the worker did not start: %v", err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the worker did not stop well: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (w *world) create(t *testing.T, p posts.NewPost) posts.Post {
	t.Helper()
	if p.Mode == "" {
		p.Mode = posts.Now
	}
	p.Targets = []posts.NewTarget{{Platform: "echo", AccountID: w.account}}
	created, err := w.posts.Create(t.Context(), w.owner, p)
	if err != nil {
		t.Fatal(err)
	}
	return created.Post
}

func (w *world) await(t *testing.T, p posts.Post) posts.Post {
	t.Helper()
	got, err := w.posts.Await(t.Context(), w.owner, p.ID, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (w *world) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.calls...)
}
