package tokens_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"posthorn/internal/tokens"
)

// TestReseal changes the key of many tokens while one of them is read and another one renewed all the time.
func TestReseal(t *testing.T) {
	t.Parallel()
	n := 1200
	if text := os.Getenv("POSTHORN_TEST_TOKENS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	old := tokens.NewKey("old")
	v := vault(t, old)
	_, err := v.Pool.Exec(t.Context(), `
		insert into accounts (id, owner_id, profile_id, platform, remote_id, username, created_at, updated_at)
		select 'a' || lpad(i::text, 23, '0'), $1, $1, 'demo', 'r' || i, 'u', now(), now() from generate_series(1, $2::int) i`, owner, n)
	if err != nil {
		t.Fatal(err)
	}
	account := func(i int) string { return fmt.Sprintf("a%023d", i) }
	seed := make([][]byte, n)
	ids := make([]string, n)
	put(t, v, first, token("one", now.Add(time.Hour)))
	for i := range n {
		ids[i] = account(i + 1)
		seed[i] = v.Keys.Seal([]byte(`{"a":"token of `+ids[i]+`"}`), ids[i])
	}
	if _, err := v.Pool.Exec(t.Context(), `insert into tokens (account_id, owner_id, sealed, version, updated_at) select a, $1, s, 1, now() from unnest($2::text[], $3::bytea[]) u (a, s)`, owner, ids, seed); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Pool.Exec(t.Context(), `update tokens set sealed = '\x0177' where account_id = $1`, account(7)); err != nil { // by a key that is gone
		t.Fatal(err)
	}
	fresh := tokens.NewKey("fresh")
	keys, err := tokens.ParseKeys(fresh + "," + old)
	if err != nil {
		t.Fatal(err)
	}
	running := &tokens.Vault{Pool: v.Pool, Keys: keys, Now: v.Now}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			put(t, running, first, token("one", now.Add(time.Duration(i)*time.Minute)))
			if got, err := running.Token(t.Context(), account(n/2), nil); err != nil || got.Access.Reveal() != "token of "+account(n/2) {
				t.Errorf("while keys rotate: %v", err)
				return
			}
		}
	})
	begun := time.Now()
	r, err := keys.Reseal(t.Context(), v.Pool, tokens.Columns()[0])
	took := time.Since(begun)
	close(stop)
	busy.Wait()
	if err != nil || r.Changed+r.Already != n || r.Lost != 1 || r.Changed < n-1 {
		t.Fatalf("%+v, %v", r, err)
	}
	t.Logf("%d tokens in %v", n, took.Round(time.Millisecond))
	alone, err := tokens.ParseKeys(fresh)
	if err != nil {
		t.Fatal(err)
	}
	without := &tokens.Vault{Pool: v.Pool, Keys: alone, Now: v.Now}
	for _, id := range []string{first, account(1), account(n)} {
		if _, err := without.Token(t.Context(), id, nil); err != nil {
			t.Errorf("%s without the old key: %v", id, err)
		}
	}
	if again, err := keys.Reseal(t.Context(), v.Pool, tokens.Columns()[0]); err != nil || again.Changed != 0 || again.Already != n || again.Lost != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
}
