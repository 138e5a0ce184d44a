package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"posthorn/migrations"
)

// migrateLock is the key of the advisory lock that lets one process at a time migrate a database; the digits have no meaning.
const migrateLock = 7_406_115_218

// A migration is one file: 0001_init.sql has version 1 and name "init".
type migration struct {
	version   int
	name, sql string
}

// Migrate brings the schema of the database up to what this binary carries and returns what it applied, as "river 6 name" and
// "0001_init", in order; an empty list means that there was nothing to do. River's own migrations come first, so that ours may build on its
// tables. Each runs in its own transaction, so a failure leaves the ones before it in place and a second call goes on from there.
// Several processes may call it at once: one works, the others wait for it.
func Migrate(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	return migrate(ctx, pool, migrations.FS())
}

func migrate(ctx context.Context, pool *pgxpool.Pool, files fs.FS) (applied []string, err error) {
	todo, err := load(files)
	if err != nil {
		return nil, err
	}
	// Connections of its own: the lock is held on one while River works on another, whatever the size of the caller's pool, and a
	// migration may take longer than the statement timeout of ordinary queries.
	config := pool.Config()
	config.MaxConns, config.MinConns, config.MinIdleConns = 2, 0, 0
	config.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	own, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer own.Close() // closes the connection that holds the lock, and with it the lock

	conn, err := own.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
		return nil, fmt.Errorf("migrate: wait for the migration lock: %w", err)
	}
	applied, err = migrateRiver(ctx, own)
	if err != nil {
		return applied, fmt.Errorf("migrate the job queue's tables: %w", err)
	}
	names, err := migrateOurs(ctx, conn.Conn(), todo)
	return append(applied, names...), err
}

func migrateRiver(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	river, err := newRiverMigrator(pool)
	if err != nil {
		return nil, err
	}
	result, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, err
	}
	var applied []string
	for _, v := range result.Versions {
		applied = append(applied, fmt.Sprintf("river %d %s", v.Version, v.Name))
	}
	return applied, nil
}

func newRiverMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

func migrateOurs(ctx context.Context, conn *pgx.Conn, todo []migration) ([]string, error) {
	_, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`)
	if err != nil {
		return nil, fmt.Errorf("migrate: make schema_migrations: %w", err)
	}
	have, err := queryVersion(ctx, conn, `SELECT coalesce(max(version), 0) FROM schema_migrations`)
	if err != nil {
		return nil, fmt.Errorf("migrate: read schema_migrations: %w", err)
	}
	var applied []string
	for _, m := range todo {
		if m.version <= have {
			continue
		}
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, m.sql); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO schema_migrations (version, name) VALUES ($1, $2)`, m.version, m.name)
			return err
		})
		if err != nil {
			return applied, fmt.Errorf("migrate: %s: %w", m, err)
		}
		applied = append(applied, m.String())
	}
	return applied, nil
}

// String is the name of the file without its ending.
func (m migration) String() string { return fmt.Sprintf("%04d_%s", m.version, m.name) }

// load reads the SQL files in order and insists on versions 1, 2, 3 and so on, so that two branches cannot both add the same number.
func load(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	slices.Sort(names)
	var all []migration
	for _, file := range names {
		digits, name, _ := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
		version, err := strconv.Atoi(digits)
		if err != nil || len(digits) != 4 || name == "" {
			return nil, fmt.Errorf("migration %s is not named like 0001_init.sql", file)
		}
		if version != len(all)+1 {
			return nil, fmt.Errorf("migration %s: expected number %04d here", file, len(all)+1)
		}
		sql, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", file, err)
		}
		all = append(all, migration{version: version, name: name, sql: string(sql)})
	}
	return all, nil
}

// Fingerprint identifies the schema this binary carries, River's part included: 12 hex digits that change with any migration's text.
func Fingerprint() (string, error) {
	ours, err := load(migrations.FS())
	if err != nil {
		return "", err
	}
	river, err := newRiverMigrator(nil)
	if err != nil {
		return "", fmt.Errorf("read the job queue's migrations: %w", err)
	}
	sum := sha256.New()
	for _, v := range river.AllVersions() {
		fmt.Fprintf(sum, "river %d %d\n%s", v.Version, len(v.SQLUp), v.SQLUp)
	}
	for _, m := range ours {
		fmt.Fprintf(sum, "%s %d\n%s", m, len(m.sql), m.sql)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}
