// Package postgres opens the database, runs transactions and migrations, and sorts Postgres's errors into the few kinds that callers act on.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultMaxConns         = 16
	defaultConnectWait      = 5 * time.Second
	defaultStatementTimeout = 30 * time.Second
	defaultAcquireWait      = 10 * time.Second
	connectRetryEvery       = 100 * time.Millisecond
)

type options struct {
	maxConns         int32
	applicationName  string
	statementTimeout time.Duration
	connectWait      time.Duration
	acquireWait      time.Duration
}

// An Option changes one default of Open.
type Option func(*options)

// WithMaxConns bounds the pool to n connections; 16 unless said. A pool_max_conns in the URL wins, for that is the operator's word.
func WithMaxConns(n int32) Option { return func(o *options) { o.maxConns = n } }

// WithApplicationName is what pg_stat_activity shows for the pool's connections; "posthorn" unless said.
func WithApplicationName(name string) Option { return func(o *options) { o.applicationName = name } }

// WithStatementTimeout bounds each statement; 30 s unless said, zero for no bound. A statement_timeout in the URL wins.
func WithStatementTimeout(d time.Duration) Option {
	return func(o *options) { o.statementTimeout = d }
}

// WithConnectWait is how long Open waits for a database that does not answer yet; 5 s unless said.
func WithConnectWait(d time.Duration) Option { return func(o *options) { o.connectWait = d } }

// WithAcquireWait is how long a call waits for a connection while all are in use; 10 s unless said. Then it fails as unavailable.
func WithAcquireWait(d time.Duration) Option { return func(o *options) { o.acquireWait = d } }

// Open returns a pool of connections to the database at url (postgres://user:password@host:port/name, or key=value pairs) after one of
// them has answered. A server that refuses connections or is still starting is tried again until the wait is over; any other fault
// (unknown database, wrong password) is returned at once. Errors name the host and the database, never the password.
func Open(ctx context.Context, url string, opts ...Option) (*pgxpool.Pool, error) {
	o := options{
		maxConns: defaultMaxConns, applicationName: "posthorn",
		statementTimeout: defaultStatementTimeout, connectWait: defaultConnectWait, acquireWait: defaultAcquireWait,
	}
	for _, opt := range opts {
		opt(&o)
	}
	config, err := parse(url, o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	if err := await(ctx, pool, o.connectWait); err != nil {
		pool.Close()
		return nil, fmt.Errorf("cannot use the Postgres database %q at %s:%d as user %q: %w",
			config.ConnConfig.Database, config.ConnConfig.Host, config.ConnConfig.Port, config.ConnConfig.User, err)
	}
	return pool, nil
}

func parse(url string, o options) (*pgxpool.Config, error) {
	if strings.TrimSpace(url) == "" {
		return nil, errors.New("the database URL is empty")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL is not understood: %s", parseFault(err))
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = max(o.maxConns, 1)
	}
	config.ConnConfig.Tracer = patience{o.acquireWait}
	params := config.ConnConfig.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = o.applicationName
	}
	if _, set := params["statement_timeout"]; !set && o.statementTimeout > 0 {
		params["statement_timeout"] = fmt.Sprint(o.statementTimeout.Milliseconds())
	}
	return config, nil
}

// parseFault says why a URL was refused without repeating any of it: a malformed URL may hold its password anywhere.
func parseFault(err error) string {
	if cause := (*pgconn.ParseConfigError)(nil); errors.As(err, &cause) {
		text := cause.Error()
		if i := strings.LastIndex(text, "`: "); i >= 0 && !strings.Contains(text, "failed to parse as keyword/value") &&
			!strings.Contains(text, "failed to parse as URL") {
			return text[i+len("`: "):]
		}
	}
	return "it should look like postgres://user:password@host:5432/name, with special characters in the password percent-encoded"
}

func await(ctx context.Context, pool *pgxpool.Pool, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	var last error
	for {
		err := pool.Ping(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil {
			last = err // the fault itself says more than the deadline that ended the waiting
		}
		if !IsUnavailable(err) {
			return last
		}
		timer := time.NewTimer(connectRetryEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return last
		case <-timer.C:
		}
	}
}

// patience bounds how long the pool's callers wait for a connection, which pgxpool has no setting for: a tracer may give a call of Acquire
// a context of its own.
type patience struct{ wait time.Duration }

type stopWaiting struct{}

func (p patience) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	ctx, cancel := context.WithTimeout(ctx, p.wait)
	return context.WithValue(ctx, stopWaiting{}, cancel)
}

func (patience) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if cancel, ok := ctx.Value(stopWaiting{}).(context.CancelFunc); ok {
		cancel()
	}
}

// TraceQueryStart and TraceQueryEnd trace nothing; a tracer must have them.
func (patience) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (patience) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
