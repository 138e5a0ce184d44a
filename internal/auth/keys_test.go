package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := &auth.Service{Pool: pgtest.New(t), Now: func() time.Time { return now }}
	key, foreign := auth.NewKey(), auth.NewKey()
	var owner, again, other string
	inTx := func(fn func(pgx.Tx) error) error { return postgres.InTx(t.Context(), s.Pool, fn) }
	err := inTx(func(tx pgx.Tx) (err error) {
		var made bool
		if owner, made, err = s.EnsureOwner(t.Context(), tx, "one"); err != nil || !made {
			t.Errorf("made %t, %v", made, err)
		}
		if again, made, err = s.EnsureOwner(t.Context(), tx, "one"); err != nil || made || again != owner {
			t.Errorf("the second time: %s, made %t, %v", again, made, err)
		}
		if other, _, err = s.EnsureOwner(t.Context(), tx, "two"); err != nil {
			return err
		}
		for range 2 { // twice is once
			if err := s.StoreKey(t.Context(), tx, owner, "k", key); err != nil {
				return err
			}
		}
		return s.StoreKey(t.Context(), tx, other, "k", foreign)
	})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Authenticate(t.Context(), key); err != nil || p.OwnerID != owner || p.KeyID == "" {
		t.Errorf("the key stands for %+v, %v", p, err)
	}
	if p, err := s.Authenticate(t.Context(), foreign); err != nil || p.OwnerID != other {
		t.Errorf("the other key stands for %+v, %v", p, err)
	}
	for _, bad := range []string{"", "sk_", auth.NewKey(), strings.ToUpper(key), key + "0", "zrk_" + key[3:], "sk_" + strings.Repeat("\x00", 64)} {
		if _, err := s.Authenticate(t.Context(), bad); errs.CodeOf(err) != errs.Unauthorized {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := inTx(func(tx pgx.Tx) error { return s.StoreKey(t.Context(), tx, other, "k", key) }); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("another owner's key: %v", err)
	}
	if err := inTx(func(tx pgx.Tx) error { return s.StoreKey(t.Context(), tx, other, "k", "secret") }); errs.CodeOf(err) != errs.Invalid {
		t.Errorf("no key at all: %v", err)
	}
	var stored string
	if err := s.Pool.QueryRow(t.Context(), `select string_agg(k::text, ' ') from api_keys k`).Scan(&stored); err != nil || strings.Contains(stored, key[11:50]) {
		t.Errorf("the key can be read in the table: %s, %v", stored, err)
	}
	if _, err := s.Pool.Exec(t.Context(), `update api_keys set expires_at = $1`, now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), key); errs.CodeOf(err) != errs.Unauthorized {
		t.Errorf("an expired key: %v", err)
	}
}
