package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	address := pgtest.NewURL(t)
	pool, err := postgres.Open(t.Context(), address, postgres.WithMaxConns(3), postgres.WithApplicationName("someone"),
		postgres.WithStatementTimeout(1500*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var name, timeout string
	err = pool.QueryRow(t.Context(), `SELECT current_setting('application_name'), current_setting('statement_timeout')`).Scan(&name, &timeout)
	if err != nil || name != "someone" || timeout != "1500ms" {
		t.Errorf("application_name %q, statement_timeout %q, %v", name, timeout, err)
	}
	if got := pool.Config().MaxConns; got != 3 {
		t.Errorf("MaxConns = %d", got)
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	own, err := postgres.Open(t.Context(), address+separator+"pool_max_conns=2&statement_timeout=900", postgres.WithMaxConns(3))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if got := own.Config().MaxConns; got != 2 {
		t.Errorf("MaxConns = %d, but the URL says 2", got)
	}
	if err := own.QueryRow(t.Context(), `SELECT current_setting('statement_timeout')`).Scan(&timeout); err != nil || timeout != "900ms" {
		t.Errorf("statement_timeout %q, %v, but the URL says 900", timeout, err)
	}
}

func TestOpenFaults(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, test := range map[string]struct{ address, says string }{
		"empty":         {" ", "URL is empty"},
		"garbage":       {"hunter2hunter2", "should look like"},
		"bad escape":    {"postgres://me:hunter2%zz@localhost/x", "not understood"},
		"space":         {"postgres://me:hunter2 x@localhost/x", "not understood"},
		"slash":         {"postgres://me:hunter2/x@localhost/x", "not understood"},
		"bad sslmode":   {"postgres://me:hunter2@localhost/x?sslmode=maybe", "sslmode"},
		"bad keyword":   {"host=localhost password='hunter2", "not understood"},
		"refused":       {"postgres://me:hunter2@" + closed.Addr().String() + "/x", "refused"},
		"never answers": {"postgres://me:hunter2@" + silent.Addr().String() + "/x", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), test.address, postgres.WithConnectWait(250*time.Millisecond))
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q lacks %q", err, test.says)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q holds the password", err)
			}
		})
	}
}

func TestOpenUnknownDatabaseFailsAtOnce(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.NewURL(t))
	if err != nil {
		t.Fatal(err)
	}
	address := strings.Replace(config.ConnString(), config.Database, "no_such_database", 1)
	began := time.Now()
	_, err = postgres.Open(t.Context(), address, postgres.WithConnectWait(time.Minute))
	if err == nil || !strings.Contains(err.Error(), "no_such_database") || time.Since(began) > 30*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestInTx(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx := t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE numbers (n int CONSTRAINT numbers_once UNIQUE)`); err != nil {
		t.Fatal(err)
	}
	insert := func(tx pgx.Tx, n int) error {
		_, err := tx.Exec(ctx, `INSERT INTO numbers VALUES ($1)`, n)
		return err
	}
	count := func() (n int) {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM numbers`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return insert(tx, 1) }); err != nil || count() != 1 {
		t.Errorf("commit: %v, %d rows", err, count())
	}
	no := errors.New("no")
	if err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return errors.Join(insert(tx, 2), no) }); !errors.Is(err, no) || count() != 1 {
		t.Errorf("roll back: %v, %d rows", err, count())
	}
	err := postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return insert(tx, 1) })
	if !postgres.IsUnique(err, "numbers_once") || !postgres.IsUnique(err, "") || postgres.IsUnique(err, "another") || postgres.IsUnavailable(err) {
		t.Errorf("unique violation: %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = postgres.InTx(ctx, pool, func(tx pgx.Tx) error { _ = insert(tx, 3); panic("halt") })
	}()
	if count() != 1 {
		t.Error("a panic committed")
	}
	tries := 0
	lost := &pgconn.PgError{Code: "40001"}
	if err := postgres.InTx(ctx, pool, func(pgx.Tx) error { tries++; return lost }); !errors.Is(err, lost) || tries != 5 {
		t.Errorf("a race always lost: %v after %d tries", err, tries)
	}
	cancelled, cancel := context.WithCancel(ctx)
	if err := postgres.InTx(cancelled, pool, func(pgx.Tx) error { cancel(); return lost }); !errors.Is(err, lost) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestInBatch(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx := t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE numbers (n int CONSTRAINT numbers_once UNIQUE)`); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM numbers`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	insert := func(n int) func(*pgx.Batch) error {
		return func(b *pgx.Batch) error { b.Queue(`INSERT INTO numbers VALUES ($1)`, n); return nil }
	}
	no := errors.New("no")
	seen := 0
	look := func(b *pgx.Batch) error {
		b.Queue(`SELECT count(*) FROM numbers`).QueryRow(func(row pgx.Row) error { return row.Scan(&seen) })
		return nil
	}
	if err := postgres.InBatch(ctx, pool, insert(1), look, insert(2)); err != nil || count() != 2 || seen != 1 {
		t.Errorf("commit: %v, %d rows, %d seen between", err, count(), seen)
	}
	for name, fills := range map[string][]func(*pgx.Batch) error{
		"a fill": {insert(3), func(*pgx.Batch) error { return no }},
		"a callback": {func(b *pgx.Batch) error {
			b.Queue(`INSERT INTO numbers VALUES (3)`).Exec(func(pgconn.CommandTag) error { return no })
			return nil
		}, insert(4)},
	} {
		if err := postgres.InBatch(ctx, pool, fills...); !errors.Is(err, no) || count() != 2 {
			t.Errorf("the error of %s: %v, %d rows", name, err, count())
		}
	}
	if err := postgres.InBatch(ctx, pool, insert(3), insert(1), insert(4)); !postgres.IsUnique(err, "numbers_once") || count() != 2 {
		t.Errorf("unique violation: %v, %d rows", err, count())
	}
	if n := pool.Stat().TotalConns(); n != 1 {
		t.Errorf("%d connections: one that failed is to be used again", n)
	}
	tries := 0
	lost := &pgconn.PgError{Code: "40001"}
	if err := postgres.InBatch(ctx, pool, func(*pgx.Batch) error { tries++; return lost }); !errors.Is(err, lost) || tries != 5 {
		t.Errorf("a race always lost: %v after %d tries", err, tries)
	}
}

// TestFullPool takes all connections: whoever wants one gives up after a while, although nobody has told it to.
func TestFullPool(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(t.Context(), pgtest.NewURL(t), postgres.WithMaxConns(1), postgres.WithAcquireWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	held, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `SELECT 1`); !errors.Is(err, context.DeadlineExceeded) || !postgres.IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
	held.Release()
	if _, err := pool.Exec(t.Context(), `SELECT pg_sleep(0.3)`); err != nil { // the wait is for the connection, not for the statement
		t.Errorf("afterwards: %v", err)
	}
}

func TestInTxSurvivesDeadlock(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx := t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE pair AS SELECT n, 0 AS hits FROM generate_series(0, 1) n`); err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int32
	bothHold := make(chan struct{}, 2)
	met := make(chan struct{})
	go func() { <-bothHold; <-bothHold; close(met) }()
	outcome := make(chan error, 2)
	for first := range 2 {
		go func() {
			outcome <- postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				tries.Add(1)
				for i, n := range []int{first, 1 - first} {
					if _, err := tx.Exec(ctx, `UPDATE pair SET hits = hits + 1 WHERE n = $1`, n); err != nil {
						return err
					}
					if i == 0 {
						select {
						case bothHold <- struct{}{}:
						default:
						}
						<-met // on the first try both hold one row and want the other
					}
				}
				return nil
			})
		}()
	}
	for range 2 {
		if err := <-outcome; err != nil {
			t.Fatal(err)
		}
	}
	var hits int
	if err := pool.QueryRow(ctx, `SELECT sum(hits) FROM pair`).Scan(&hits); err != nil || hits != 4 || tries.Load() < 3 {
		t.Errorf("%d hits after %d tries, %v", hits, tries.Load(), err)
	}
}

func TestIsUnavailable(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx := t.Context()
	for code, want := range map[string]bool{
		"57P01": true, "57P02": true, "57P03": true, "53300": true, "53100": true, "08006": true, "25006": true,
		"57014": true, "23505": false, "40001": false, "42601": false,
	} {
		if got := postgres.IsUnavailable(&pgconn.PgError{Code: code}); got != want {
			t.Errorf("code %s: %t", code, got)
		}
	}
	if postgres.IsUnavailable(errors.New("x")) {
		t.Error("any error counts as unavailable")
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `SELECT pg_terminate_backend($1, 5000)`, pid); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"first after the cut", "later"} {
		if _, err := conn.Exec(ctx, `SELECT 1`); !postgres.IsUnavailable(err) {
			t.Errorf("%s: %v", when, err)
		}
	}
	conn.Release()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := pool.Exec(cancelled, `SELECT 1`); err == nil || postgres.IsUnavailable(err) || postgres.IsUnavailable(nil) {
		t.Errorf("cancelled by the caller: %v", err)
	}
	pool.Close()
	if _, err := pool.Exec(ctx, `SELECT 1`); !postgres.IsUnavailable(err) {
		t.Errorf("closed pool: %v", err)
	}
}
