package pgtest_test

import (
	"testing"

	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for range 4 {
		t.Run("copy", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			if err := postgres.CheckSchema(t.Context(), pool); err != nil {
				t.Fatal(err)
			}
			// Every test writes the same row: it would collide if two shared a database.
			if _, err := pool.Exec(t.Context(), `CREATE TABLE mine (n int PRIMARY KEY)`); err != nil {
				t.Fatal(err)
			}
		})
	}
}
