package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/migrations"
)

// A SchemaError says that the database is older than the program: `posthorn migrate` has not run yet.
type SchemaError struct {
	What       string // "the database schema" or "the job queue's schema"
	Have, Need int    // versions; Have is 0 for an empty database
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s is at version %d, this program needs %d: run posthorn migrate", e.What, e.Have, e.Need)
}

// CheckSchema returns a *SchemaError when the database lacks migrations that this binary carries, ours or River's. A database that is newer is
// fine: migrations are made so that the release before still runs on them.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	ours, err := load(migrations.FS())
	if err != nil {
		return err
	}
	river, err := newRiverMigrator(pool)
	if err != nil {
		return fmt.Errorf("read the job queue's migrations: %w", err)
	}
	queue := river.AllVersions()
	for _, part := range []struct {
		what  string
		need  int
		query string
	}{
		{"the database schema", len(ours), `SELECT coalesce(max(version), 0) FROM schema_migrations`},
		{"the job queue's schema", queue[len(queue)-1].Version, `SELECT coalesce(max(version), 0) FROM river_migration WHERE line = 'main'`},
	} {
		have, err := queryVersion(ctx, pool, part.query)
		if err != nil {
			return fmt.Errorf("check %s: %w", part.what, err)
		}
		if have < part.need {
			return &SchemaError{What: part.what, Have: have, Need: part.need}
		}
	}
	return nil
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// queryVersion reads one number; a table that does not exist counts as 0.
func queryVersion(ctx context.Context, db querier, query string) (int, error) {
	var version int64
	err := db.QueryRow(ctx, query).Scan(&version)
	if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) && pgErr.Code == codeUndefinedTable {
		return 0, nil
	}
	return int(version), err
}
