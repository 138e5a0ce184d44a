package postgres_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

func empty(t *testing.T, maxConns int32) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), pgtest.NewEmptyURL(t), postgres.WithMaxConns(maxConns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestMigrateAndCheck(t *testing.T) {
	t.Parallel()
	pool := empty(t, 1) // the caller's pool may be this small
	err := postgres.CheckSchema(t.Context(), pool)
	if schema := (*postgres.SchemaError)(nil); !errors.As(err, &schema) || schema.Have != 0 || !strings.Contains(err.Error(), "run posthorn migrate") {
		t.Errorf("an empty database: %v", err)
	}
	applied, err := postgres.Migrate(t.Context(), pool)
	if err != nil || !slices.Contains(applied, "0001_init") || !strings.HasPrefix(applied[0], "river 1 ") {
		t.Errorf("applied %q, %v", applied, err)
	}
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Error(err)
	}
	if again, err := postgres.Migrate(t.Context(), pool); len(again) > 0 || err != nil {
		t.Errorf("the second time applied %q, %v", again, err)
	}
	for name, test := range map[string]struct{ sql, says string }{
		"newer than we know": {`INSERT INTO schema_migrations VALUES (9999, 'later')`, ""},
		"newer queue":        {`INSERT INTO river_migration (line, version) VALUES ('main', 9999)`, ""},
		"older queue":        {`DELETE FROM river_migration WHERE version > 3`, "the job queue's schema is at version 3"},
		"older":              {`DELETE FROM schema_migrations`, "the database schema is at version 0"},
	} {
		t.Run(name, func(t *testing.T) {
			pool := pgtest.New(t)
			if _, err := pool.Exec(t.Context(), test.sql); err != nil {
				t.Fatal(err)
			}
			err := postgres.CheckSchema(t.Context(), pool)
			if (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	pool := empty(t, 4)
	type outcome struct {
		applied []string
		err     error
	}
	outcomes := make(chan outcome, 4)
	for range cap(outcomes) {
		go func() {
			applied, err := postgres.Migrate(t.Context(), pool)
			outcomes <- outcome{applied, err}
		}()
	}
	workers := 0
	for range cap(outcomes) {
		o := <-outcomes
		if o.err != nil {
			t.Error(o.err)
		}
		if len(o.applied) > 0 {
			workers++
		}
	}
	if workers != 1 {
		t.Errorf("%d of the callers applied migrations, not 1", workers)
	}
}

func TestMigrateFailureIsResumed(t *testing.T) {
	t.Parallel()
	pool := empty(t, 2)
	set := map[string]string{
		"0001_one.sql": `CREATE TABLE one (n int); INSERT INTO one VALUES (1);`,
		"0002_two.sql": `CREATE TABLE two (n int); SELECT broken;`,
	}
	applied, err := postgres.MigrateFiles(t, pool, set)
	if err == nil || !strings.Contains(err.Error(), "0002_two") || !slices.Contains(applied, "0001_one") {
		t.Errorf("applied %q, %v", applied, err)
	}
	var left bool
	if err := pool.QueryRow(t.Context(), `SELECT to_regclass('two') IS NOT NULL`).Scan(&left); err != nil || left {
		t.Errorf("half of a migration stayed: %t, %v", left, err)
	}
	set["0002_two.sql"] = `CREATE TABLE two (n int)`
	applied, err = postgres.MigrateFiles(t, pool, set)
	if err != nil || !slices.Equal(applied, []string{"0002_two"}) {
		t.Errorf("resumed with %q, %v", applied, err)
	}
}
