package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
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
