package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"
)

// These are the parts of migrating that need no database; migrate_db_test.go has the rest.

func files(all map[string]string) fstest.MapFS {
	fs := fstest.MapFS{"readme.txt": {Data: []byte("not SQL")}}
	for name, sql := range all {
		fs[name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return fs
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		want  string // the migrations, or what the error says
	}{
		"none":       {nil, "[]"},
		"in order":   {map[string]string{"0002_more.sql": "", "0001_init.sql": ""}, "[0001_init 0002_more]"},
		"a gap":      {map[string]string{"0001_init.sql": "", "0003_more.sql": ""}, "expected number 0002"},
		"twice":      {map[string]string{"0001_a.sql": "", "0001_b.sql": ""}, "expected number 0002"},
		"no number":  {map[string]string{"init.sql": ""}, "not named like"},
		"no name":    {map[string]string{"0001_.sql": ""}, "not named like"},
		"few digits": {map[string]string{"1_init.sql": ""}, "not named like"},
	} {
		all, err := load(files(test.files))
		if got := fmt.Sprint(all, err); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestFingerprintIsStable(t *testing.T) {
	t.Parallel()
	one, err := Fingerprint()
	two, again := Fingerprint()
	if one != two || len(one) != 12 || errors.Join(err, again) != nil {
		t.Errorf("%q, %q, %v", one, two, errors.Join(err, again))
	}
}

// MigrateFiles lets the tests of the package outside run other migrations than ours.
func MigrateFiles(t *testing.T, pool *pgxpool.Pool, all map[string]string) ([]string, error) {
	return migrate(t.Context(), pool, files(all))
}
