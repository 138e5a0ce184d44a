package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/tokens"
)

func TestCreateKey(t *testing.T) { // not parallel: it sets the environment
	url := pgtest.NewURL(t)
	t.Setenv("DATABASE_URL", url)
	pool, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	people := &auth.Service{Pool: pool, Now: time.Now}
	create := func(args ...string) (auth.Principal, error) {
		var out bytes.Buffer
		if err := run(t.Context(), append([]string{"keys", "create", "-owner", "Acme"}, args...), &out); err != nil {
			return auth.Principal{}, err
		}
		p, err := people.Authenticate(t.Context(), strings.TrimSpace(out.String()))
		if err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
		return p, nil
	}
	first, err := create("-email", "anna@acme.example")
	if err != nil || first.ReadOnly || first.UserID != first.OwnerID {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := create("-read-only", "-days", "2", "-name", "reader")
	if err != nil || !second.ReadOnly || second.OwnerID != first.OwnerID {
		t.Fatalf("%+v, %v", second, err)
	}
	if u, err := people.User(t.Context(), second, first.UserID); err != nil || u.Email != "anna@acme.example" || u.Name != "Acme" {
		t.Errorf("%+v, %v", u, err)
	}
	keys, err := people.Keys(t.Context(), first)
	if err != nil || len(keys) != 2 || keys[0].Name != "reader" || keys[0].ExpiresAt == nil || keys[1].ExpiresAt != nil {
		t.Errorf("%+v, %v", keys, err)
	}
	for _, args := range [][]string{{"-email", "anna"}, {"-days", "-1"}, {"-name", ""}, {"-days", "soon"}, {"more"}} {
		if _, err := create(args...); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}

func TestRotateKeys(t *testing.T) { // not parallel: it sets the environment
	t.Setenv("DATABASE_URL", pgtest.NewURL(t))
	old, fresh := tokens.NewKey("k1"), tokens.NewKey("k2")
	before, err := tokens.ParseKeys(old)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := postgres.Open(t.Context(), os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	people := &auth.Service{Pool: pool, Now: time.Now}
	var owner string
	if err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) (err error) { owner, _, err = people.EnsureOwner(t.Context(), tx, "Acme"); return err }); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`insert into endpoints (id, owner_id, name, url, events, secret, headers, active, created_at, updated_at) values ('e1', $1, 'n', 'https://a.example', '{}', $2, $3, true, now(), now())`,
		`insert into connect_choices (hash, connect_hash, owner_id, user_id, key_id, profile_id, platform, method, redirect_url, sealed, created_at, expires_at)
			values ('\x01', $2, $1, $1, $1, 'p', 'instagram', '', '', $3, now(), now())`,
	} {
		bound := "e1"
		if strings.Contains(q, "connect_choices") {
			bound = "choice of " + owner
		}
		if _, err := pool.Exec(t.Context(), q, owner, before.Seal([]byte("one"), bound), before.Seal([]byte("two"), bound)); err != nil {
			t.Fatal(err)
		}
	}
	rotate := func(setting string) (string, error) {
		t.Setenv("POSTHORN_MASTER_KEYS", setting)
		var out bytes.Buffer
		err := run(t.Context(), []string{"keys", "rotate"}, &out)
		return out.String(), err
	}
	if _, err := rotate(fresh); err == nil || !strings.Contains(err.Error(), "3 values cannot be opened") {
		t.Errorf("without the old key: %v", err)
	}
	if out, err := rotate(fresh + "," + old); err != nil || !strings.Contains(out, "sealed 3 values anew with the key k2; 0 were already") {
		t.Errorf("%s %v", out, err)
	}
	if out, err := rotate(fresh); err != nil || !strings.Contains(out, "sealed 0 values anew with the key k2; 3 were already") {
		t.Errorf("again, without the old key: %s %v", out, err)
	}
	if _, err := rotate(""); err == nil || !strings.Contains(err.Error(), "POSTHORN_MASTER_KEYS") {
		t.Errorf("without keys: %v", err)
	}
}

// TestRotateKnowsEverySecret holds what is rotated against the schema: a column of bytes is a sealed value or something else that is named here.
func TestRotateKnowsEverySecret(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	rows, err := pool.Query(t.Context(), `select table_name || '.' || column_name from information_schema.columns where table_schema = 'public' and data_type = 'bytea' and table_name not like 'river%'`)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	open := []string{"idempotency_keys.body", "uploads.token", "uploads.sum", "media_files.token"} // answers of posts, and hashes whose names do not say so
	sealed := map[string]bool{}
	for _, c := range sealedColumns() {
		sealed[c.Table+"."+c.Sealed] = true
	}
	for _, column := range found {
		name := column[strings.Index(column, ".")+1:]
		if !sealed[column] && !strings.Contains(name, "hash") && !strings.Contains(name, "fingerprint") && !slices.Contains(open, column) {
			t.Errorf("%s holds bytes: are they sealed? Then keys rotate must know them", column)
		}
		delete(sealed, column)
	}
	if len(sealed) > 0 {
		t.Errorf("keys rotate knows columns that are not there: %v", sealed)
	}
}
