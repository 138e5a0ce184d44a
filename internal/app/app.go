// Package app wires the parts into the two processes that production runs, the API and the worker. cmd and the dev server start them.
package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	stdhttp "net/http"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/apilimit"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/bulk"
	"posthorn/internal/config"
	"posthorn/internal/connect"
	"posthorn/internal/errs"
	"posthorn/internal/http"
	"posthorn/internal/idempotency"
	"posthorn/internal/jobs"
	"posthorn/internal/logs"
	"posthorn/internal/media"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/all"
	"posthorn/internal/portrait"
	"posthorn/internal/postgres"
	"posthorn/internal/posts"
	"posthorn/internal/queues"
	"posthorn/internal/subreddit"
	"posthorn/internal/tokens"
	"posthorn/internal/usage"
	"posthorn/internal/verdict"
	"posthorn/internal/webhooks"
)

// The connections to the database of one process.
const (
	APIConns    = 16
	WorkerConns = 24
)

const (
	courierSlots  = 400 // deliveries to webhooks at a time: all of one is waiting for somebody else's server
	workerSlots   = 400 // steps at a time in one worker process: nearly all of a step is waiting for the platform
	uploadSlots   = 16  // steps at a time that send files
	shutdownGrace = 60 * time.Second
)

// App is one process's parts, on one database.
type App struct {
	Config      *config.Config
	Log         zerolog.Logger
	Pool        *pgxpool.Pool
	Platforms   *platforms.Registry
	Auth        *auth.Service
	Accounts    *accounts.Service
	Posts       *posts.Service
	Idempotency *idempotency.Store
	Queues      *queues.Service
	Webhooks    *webhooks.Service
	Connect     *connect.Service
	Uploads     *media.Uploads
	Logs        *logs.Service
	LogWriter   *logs.Writer
	Usage       *usage.Service
	Now         func() time.Time // the one clock of the process

	prober     *media.Prober
	gates      *media.Gates
	subreddits *subreddit.Service
	limiter    *apilimit.Limiter
	close      []func()
}

// Open connects to the database and makes the parts. name tells this process's connections from others. It fails with one clear
// sentence when the database cannot be reached or its schema is too old.
func Open(ctx context.Context, c *config.Config, log zerolog.Logger, name string, conns int32) (*App, error) {
	return OpenAt(ctx, c, log, name, conns, time.Now)
}

// OpenAt is Open with a clock of the caller's, and with platforms beside those that everyone has.
func OpenAt(ctx context.Context, c *config.Config, log zerolog.Logger, name string, conns int32, now func() time.Time, others ...platforms.Platform) (*App, error) {
	pool, err := postgres.Open(ctx, c.DatabaseURL, postgres.WithApplicationName(name), postgres.WithMaxConns(conns))
	if err != nil {
		return nil, err
	}
	a := &App{Config: c, Log: log, Pool: pool, Platforms: all.Registry(others...), Now: now, close: []func(){pool.Close}}
	if err := postgres.CheckSchema(ctx, pool); err != nil {
		a.Close()
		return nil, err
	}
	if err := a.wire(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) wire(ctx context.Context) error {
	now := a.Now
	store, err := media.OpenStore(ctx, a.Config.BlobURL, a.Config.PublicURL)
	if err != nil {
		return err
	}
	a.close = append(a.close, func() { _ = store.Close() })
	ways := outbound.NewPlatforms(outbound.PlatformOptions{Gateway: a.Config.Gateway, AllowPrivate: a.Config.AllowPrivate, Now: now})
	guarded := outbound.NewGuarded(outbound.Options{AllowPrivate: a.Config.AllowPrivate})
	var tariff *usage.Tariff
	if path := a.Config.PricingFile; path != "" {
		if tariff, err = usage.LoadTariff(path); err != nil {
			return fmt.Errorf("POSTHORN_PRICING_FILE: %w", err)
		}
	}
	if err := a.checkBudgets(); err != nil {
		return err
	}
	a.LogWriter = logs.NewWriter(a.Pool, a.Log)
	a.close = append(a.close, a.LogWriter.Close)
	a.Uploads = &media.Uploads{Pool: a.Pool, Store: store, Now: now}
	a.prober = &media.Prober{Client: guarded, Files: a.Uploads}
	a.Idempotency = &idempotency.Store{Pool: a.Pool, Now: now}
	a.subreddits = &subreddit.Service{Outbound: ways, Now: now}
	a.Auth = &auth.Service{Pool: a.Pool, Now: now}
	a.gates = &media.Gates{Source: media.NewSource(guarded, a.Uploads), Keys: a.Config.Keys, Now: now}
	a.Accounts = &accounts.Service{Pool: a.Pool, Platforms: a.Platforms, Vault: &tokens.Vault{Pool: a.Pool, Keys: a.Config.Keys, Now: now},
		Budgets: &budget.Store{Pool: a.Pool, Now: now, Limits: a.Config.Budgets}, Breaker: &outbound.Breaker{Now: now}, Apps: a.Config.App, Outbound: ways, Media: a.gates, Logs: a.LogWriter, Now: now}
	a.Auth.Profiles = a.Accounts
	a.Posts = &posts.Service{Pool: a.Pool, Platforms: a.Platforms, Accounts: a.Accounts, Dialer: a.Accounts, Prober: a.prober, Files: a.Uploads, Now: now, Limits: verdict.Defaults,
		Ended: posts.NewNotifier(), Budgets: a.Accounts.Budgets.Of, Pace: posts.PaceLimits{Hourly: a.Config.Velocity, Daily: a.Config.DailyCaps}}
	a.gates.IsOpen = a.Posts.IsOpen
	a.Queues = &queues.Service{Pool: a.Pool, Profiles: a.Accounts, Posts: a.Posts, Now: now}
	a.Posts.Queues, a.Posts.ReconnectGrace, a.Accounts.Held = a.Queues, a.Config.ReconnectGrace, a.Posts
	a.Webhooks = &webhooks.Service{Pool: a.Pool, Keys: a.Config.Keys, Client: guarded, Now: now, Retries: webhooks.DefaultRetries}
	a.Accounts.Events, a.Posts.Events = a.Webhooks, a.Webhooks
	a.Connect = &connect.Service{Pool: a.Pool, Platforms: a.Platforms, Accounts: a.Accounts, Keys: a.Config.Keys, Apps: a.Config.App, PublicURL: a.Config.PublicURL, Gateway: a.Config.Gateway, Now: now}
	a.Accounts.Visits = a.Connect
	a.Logs = &logs.Service{Pool: a.Pool, Accounts: a.Accounts, Now: now, Days: a.Config.LogDays}
	a.Usage = &usage.Service{Pool: a.Pool, Posts: a.Posts, Accounts: a.Accounts, Tariff: tariff, Now: now}
	l := a.Config.APILimits
	a.limiter = apilimit.New(a.Pool, a.Accounts, apilimit.Limits{Few: l[0], Some: l[1], Many: l[2]}, now)
	return nil
}

// Close releases what Open opened.
func (a *App) Close() {
	for i := len(a.close) - 1; i >= 0; i-- {
		a.close[i]()
	}
}

// Handler is the API, without a listener.
func (a *App) Handler() (*http.Server, error) {
	queue, err := jobs.NewQueue(a.Pool, slogger(a.Log))
	if err != nil {
		return nil, err
	}
	a.Webhooks.Queue = queue
	return http.New(http.Config{
		Posts:         a.Posts,
		Bulk:          a.bulk(),
		Accounts:      a.Accounts,
		Connect:       a.Connect,
		Queues:        a.Queues,
		Webhooks:      a.Webhooks,
		Idempotency:   a.Idempotency,
		Keys:          a.Auth,
		People:        a.Auth,
		Platforms:     a.Platforms,
		Health:        health{a},
		Media:         a.gates.Handler(a.Uploads.Handler()),
		Uploads:       a.Uploads,
		MediaLooker:   a.prober,
		Subreddits:    a.subreddits,
		Logs:          a.Logs,
		Usage:         a.Usage,
		Limiter:       a.limiter,
		Record:        a.LogWriter,
		Log:           a.Log,
		Now:           a.Now,
		PublicURL:     a.Config.PublicURL,
		PublishWait:   a.Config.PublishWait,
		Portraits:     portrait.New(a.Accounts.Outbound.Client(outbound.Hooks{}), a.Config.Keys, a.Now),
		Brand:         http.Brand{Name: a.Config.BrandName, Color: a.Config.BrandColor},
		IsUnavailable: postgres.IsUnavailable,
	})
}

func (a *App) bulk() *bulk.Service {
	return &bulk.Service{Posts: a.Posts, Accounts: a.Accounts, Budgets: a.Accounts.Budgets, Platforms: a.Platforms, Now: a.Now, OnFault: func(err error) {
		a.Log.Error().Err(err).Msg("a row of an upload was lost to a fault of this server")
	}}
}

// RunAPI serves the API on l until the context ends, and then until the requests in hand are answered.
func (a *App) RunAPI(ctx context.Context, l net.Listener) error {
	server, err := a.Handler()
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what reading openapi.yaml took is not needed again
	listening, stopListening := context.WithCancel(context.WithoutCancel(ctx))
	defer stopListening()
	go a.Posts.Listen(listening, func(err error) {
		a.Log.Warn().Err(err).Msg("not listening to the database; publishNow looks again every second")
	})
	go a.limiter.Run(listening, func(err error) {
		a.Log.Warn().Err(err).Msg("the processes of the API cannot tell each other how many requests they admit; each counts its own")
	})
	srv := &stdhttp.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the API stopped: %w", err)
	case <-ctx.Done():
	}
	server.Stop()
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := srv.Shutdown(bye); err != nil {
		return fmt.Errorf("the API did not stop in time: %w", err)
	}
	return nil
}

// RunWorker works on targets until the context ends, and then until the steps in hand are finished or handed back. ready is called once
// work has begun.
func (a *App) RunWorker(ctx context.Context, ready func()) error {
	runner, err := jobs.NewRunner(jobs.Config{Pool: a.Pool, Posts: a.Posts, Accounts: a.Accounts, Webhooks: a.Webhooks, Idempotency: a.Idempotency, Workers: workerSlots, Uploaders: uploadSlots, Couriers: courierSlots,
		Log: a.Log, Slog: slogger(a.Log), Logs: a.LogWriter, Tidy: a.tidy, Revoke: a.Accounts.Revoke, Now: a.Now})
	if err != nil {
		return err
	}
	a.Webhooks.Queue = runner.Queue()
	telling, stop := context.WithCancel(context.WithoutCancel(ctx)) // also of what ends during the shutdown
	defer stop()
	go a.Posts.Ended.Run(telling, a.Posts.Notify, func(err error) { a.Log.Warn().Err(err).Msg("could not tell the API that targets changed") })
	return runner.Run(ctx, ready)
}

// tidy is the hourly housekeeping of the worker processes. Each part may be done by several at once.
func (a *App) tidy(ctx context.Context) error {
	return errors.Join(a.Logs.Tidy(ctx), a.Usage.Roll(ctx), a.Uploads.Sweep(ctx), a.Connect.Sweep(ctx), a.Accounts.RenewTokens(ctx), a.Accounts.WarnOfEnds(ctx))
}

// Listen opens the API's address; its error says what to do.
func Listen(addr, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w): stop the program that uses it, or set %s to another address", addr, cause(err), setting)
	}
	return l, nil
}

func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// health is what /readyz asks.
type health struct{ app *App }

// Check asks the database, its schema, and whether some worker lives.
func (h health) Check(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	checks := map[string]error{"database": h.app.Pool.Ping(ctx)}
	if checks["database"] != nil {
		return checks
	}
	checks["schema"] = postgres.CheckSchema(ctx, h.app.Pool)
	n, err := jobs.Alive(ctx, h.app.Pool)
	if err == nil && n == 0 {
		err = errs.New(errs.Unavailable, "no worker is running; start one with cmd/worker")
	}
	checks["worker"] = err
	return checks
}
