// Package pgtest gives each test a real, migrated Postgres database of its own.
//
// The server is the one of TEST_DATABASE_URL when that is set; else a private one on binaries that are installed, shared by all
// test processes of a run and gone when the last has ended, however it ended; else one container. A test that
// needs a database and finds none of these fails; it is never skipped.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/postgres"
)

const (
	maxConns     = 8 // of each test's pool; many tests run at once
	setupWait    = 3 * time.Minute
	databaseWait = time.Minute
)

// New returns a pool on a database that only this test uses, with the whole schema in it. The database is dropped when the test ends,
// unless it failed and POSTHORN_KEEP_TEST_DB=1. Tests that use it may be parallel.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	address := NewURL(t)
	pool, err := postgres.Open(t.Context(), address, postgres.WithMaxConns(maxConns), postgres.WithApplicationName(t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// NewURL is New for a test that opens its own connections, or has another process open them. What is still connected when the test ends is cut off.
func NewURL(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

// NewEmptyURL is NewURL with a database that holds nothing: for tests of migrations.
func NewEmptyURL(t testing.TB) string {
	t.Helper()
	return create(t, "template0")
}

// Describe says in one line which server tests use on this machine, starting it if need be: what `make test` prints before it begins.
func Describe() (string, error) {
	s, err := theServer()
	if err != nil {
		return "", err
	}
	return s.describe, nil
}

var announce sync.Once

func create(t testing.TB, template string) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	announce.Do(func() { t.Logf("Postgres for tests: %s", s.describe) })
	ctx, cancel := context.WithTimeout(context.Background(), databaseWait)
	defer cancel()
	if template == "" {
		template = s.template
	}
	name, err := s.createDatabase(ctx, template)
	if err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("POSTHORN_KEEP_TEST_DB") == "1" {
			t.Logf("kept the test's database: %s", redact(s.databaseURL(name)))
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), databaseWait)
		defer cancel()
		if err := s.dropDatabase(ctx, name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return s.databaseURL(name)
}

// A server is where this process makes its databases.
type server struct {
	describe string   // for people
	admin    *url.URL // of a database to give orders from
	template string   // name of the migrated database that others are copied from
}

// theServer finds or starts the server on first use and has the template made; every test of the process shares the outcome.
var theServer = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setupWait)
	defer cancel()
	s, err := find(ctx)
	if err != nil {
		return nil, fmt.Errorf("no Postgres for tests: %w", err)
	}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, fmt.Errorf("prepare Postgres for tests (%s): %w", s.describe, err)
	}
	return s, nil
})

func find(ctx context.Context) (*server, error) {
	if address := os.Getenv("TEST_DATABASE_URL"); address != "" {
		s, err := newServer("", address)
		if err != nil {
			return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
		}
		s.describe = "TEST_DATABASE_URL, " + redact(s.admin.String())
		return s, nil
	}
	address, describe, localErr := sharedCluster(ctx)
	if localErr == nil {
		return newServer(describe, address)
	}
	address, describe, containerErr := container(ctx)
	if containerErr == nil {
		return newServer(describe, address)
	}
	return nil, fmt.Errorf("no local one (%w), no container (%s); install PostgreSQL 14 or newer, start Docker, "+
		"or set TEST_DATABASE_URL to a server whose user may create databases", localErr, firstLine(containerErr))
}

func newServer(describe, address string) (*server, error) {
	admin, err := url.Parse(address)
	if err != nil || (admin.Scheme != "postgres" && admin.Scheme != "postgresql") {
		return nil, fmt.Errorf("it must look like postgres://user:password@host:5432/name")
	}
	return &server{describe: describe, admin: admin}, nil
}

func (s *server) databaseURL(name string) string {
	u := *s.admin
	u.Path = "/" + name
	return u.String()
}

// redact leaves host, user and database of an address, without password and settings.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres://..."
	}
	u.RawQuery = ""
	return u.Redacted()
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
