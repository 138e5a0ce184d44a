package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/postgres"
)

const (
	testPrefix     = "posthorn_test_"
	templatePrefix = "posthorn_template_"

	// templateLock is the key of the advisory lock under which one process makes the template and the others wait; the digits have no meaning.
	templateLock = 7_406_115_219
)

// order runs fn on a connection that is closed afterwards: orders are few, and idle connections would add up over many test processes.
func (s *server) order(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.Close(ctx))
}

// makeTemplate sets s.template to a database that has the schema of this binary, made by whichever process comes first. The name follows
// from the content of the migrations, so branches with different schemas get along on one server.
func (s *server) makeTemplate(ctx context.Context) error {
	fingerprint, err := postgres.Fingerprint()
	if err != nil {
		return err
	}
	s.template = templatePrefix + fingerprint
	return s.order(ctx, func(conn *pgx.Conn) error {
		// Held until the connection closes.
		if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
			return err
		}
		var exists bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, s.template).Scan(&exists)
		if err != nil || exists {
			return err
		}
		return s.migrateTemplate(ctx, conn)
	})
}

// migrateTemplate makes the template under another name and renames it when it is complete, so that a killed process leaves no half of one.
func (s *server) migrateTemplate(ctx context.Context, conn *pgx.Conn) error {
	draft := s.template + "_draft"
	if err := execf(ctx, conn, `DROP DATABASE IF EXISTS %s WITH (FORCE)`, draft); err != nil {
		return err
	}
	if err := execf(ctx, conn, `CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'`, draft); err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, s.databaseURL(draft), postgres.WithMaxConns(2))
	if err != nil {
		return err
	}
	_, err = postgres.Migrate(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	// Nobody may connect: a database with connections cannot be copied.
	if err := execf(ctx, conn, `ALTER DATABASE %s ALLOW_CONNECTIONS false`, draft); err != nil {
		return err
	}
	return execf(ctx, conn, `ALTER DATABASE %s RENAME TO %s`, draft, s.template)
}

func (s *server) createDatabase(ctx context.Context, template string) (string, error) {
	name := testPrefix + strings.ToLower(rand.Text())
	return name, s.order(ctx, func(conn *pgx.Conn) error {
		return execf(ctx, conn, `CREATE DATABASE %s TEMPLATE %s`, name, template)
	})
}

func (s *server) dropDatabase(ctx context.Context, name string) error {
	return s.order(ctx, func(conn *pgx.Conn) error {
		return execf(ctx, conn, `DROP DATABASE IF EXISTS %s WITH (FORCE)`, name)
	})
}

// dropLeftovers removes the databases of test processes that were killed, and templates of other schemas; only for a server that nobody uses.
func (s *server) dropLeftovers(ctx context.Context) error {
	fingerprint, err := postgres.Fingerprint()
	if err != nil {
		return err
	}
	return s.order(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1) OR (starts_with(datname, $2) AND datname <> $3)`,
			testPrefix, templatePrefix, templatePrefix+fingerprint)
		if err != nil {
			return err
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := execf(ctx, conn, `DROP DATABASE IF EXISTS %s WITH (FORCE)`, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// execf runs a statement about databases, whose names cannot be parameters.
func execf(ctx context.Context, conn *pgx.Conn, format string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	_, err := conn.Exec(ctx, fmt.Sprintf(format, quoted...))
	return err
}
