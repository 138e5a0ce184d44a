package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/tokens"
)

const owner, first, second = "65f1c0a9e2b5af0012ab34c0", "65f1c0a9e2b5af0012ab34c1", "65f1c0a9e2b5af0012ab34c2"

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func vault(t *testing.T, setting string) *tokens.Vault {
	t.Helper()
	keys, err := tokens.ParseKeys(setting)
	if err != nil {
		t.Fatal(err)
	}
	pool := pgtest.New(t)
	_, err = pool.Exec(t.Context(), `
		with o as (insert into owners (id, name, created_at) values ($1, 'o', now()) returning id),
		p as (insert into profiles (id, owner_id, name, created_at) select $1, id, 'p', now() from o returning id)
		insert into accounts (id, owner_id, profile_id, platform, remote_id, username, created_at, updated_at) select a, $1, p.id, 'demo', a, a, now(), now() from p, unnest($2::text[]) a`,
		owner, []string{first, second})
	if err != nil {
		t.Fatal(err)
	}
	return &tokens.Vault{Pool: pool, Keys: keys, Now: func() time.Time { return now }}
}

func token(value string, expires time.Time) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(value), Refresh: platforms.NewSecret("refresh of " + value), ExpiresAt: expires, Scopes: []string{"a", "b"}}
}

func put(t *testing.T, v *tokens.Vault, account string, tok platforms.Token) {
	t.Helper()
	if err := postgres.InTx(t.Context(), v.Pool, func(tx pgx.Tx) error { return v.Put(t.Context(), tx, owner, account, tok) }); err != nil {
		t.Fatal(err)
	}
}

func sealed(t *testing.T, pool *pgxpool.Pool, account string) (b []byte) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `select sealed from tokens where account_id = $1`, account).Scan(&b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTokenIsSealedAndOpened(t *testing.T) {
	t.Parallel()
	v := vault(t, tokens.NewKey("k1"))
	put(t, v, first, token("the access token", now.Add(time.Hour)))
	if b := sealed(t, v.Pool, first); bytes.Contains(b, []byte("access")) || !bytes.HasPrefix(b, []byte("\x02k1")) {
		t.Errorf("it is stored as %q", b)
	}
	got, err := v.Token(t.Context(), first, nil)
	if err != nil || got.Access.Reveal() != "the access token" || got.Refresh.Reveal() != "refresh of the access token" || !got.ExpiresAt.Equal(now.Add(time.Hour)) || len(got.Scopes) != 2 || got.Version != 1 {
		t.Errorf("opened as %+v, %v", got, err)
	}
	var e *platforms.Error
	if _, err := v.Token(t.Context(), second, nil); !errors.As(err, &e) || e.Kind != platforms.Unauthorized {
		t.Errorf("an account without a token: %v", err)
	}
}

func TestSealBelongsToItsAccountAndKey(t *testing.T) {
	t.Parallel()
	k1, k2 := tokens.NewKey("k1"), tokens.NewKey("k2")
	v := vault(t, k1)
	put(t, v, first, token("one", time.Time{}))
	put(t, v, second, token("two", time.Time{}))
	open := func(setting string) error {
		keys, err := tokens.ParseKeys(setting)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&tokens.Vault{Pool: v.Pool, Keys: keys, Now: v.Now}).Token(t.Context(), first, nil)
		return err
	}
	if err := open(k2 + "," + k1); err != nil {
		t.Errorf("with the old key in second place: %v", err)
	}
	if open(k2) == nil {
		t.Error("another key opened it")
	}
	if _, err := v.Pool.Exec(t.Context(), `update tokens set sealed = $1 where account_id = $2`, sealed(t, v.Pool, second), first); err != nil {
		t.Fatal(err)
	}
	if open(k1) == nil {
		t.Error("a token sealed for one account was opened for another")
	}
	for _, damaged := range [][]byte{{}, {200, 1}, {2, 'k', '1'}, append([]byte("\x02k1"), make([]byte, 40)...)} {
		if _, err := v.Pool.Exec(t.Context(), `update tokens set sealed = $1 where account_id = $2`, damaged, first); err != nil {
			t.Fatal(err)
		}
		if open(k1) == nil {
			t.Errorf("%q was opened", damaged)
		}
	}
}

// TestACancelledRefreshIsStored cancels the request while the platform changes the pair: the old one is spent, so the new one must not be lost.
func TestACancelledRefreshIsStored(t *testing.T) {
	t.Parallel()
	v := vault(t, tokens.NewKey("k1"))
	put(t, v, first, token("old", now.Add(time.Minute)))
	ctx, cancel := context.WithCancel(t.Context())
	got, err := v.Token(ctx, first, func(ctx context.Context, _ platforms.Token) (platforms.Token, error) {
		cancel()
		return token("new", now.Add(2*time.Hour)), ctx.Err()
	})
	if err != nil || got.Access.Reveal() != "new" {
		t.Errorf("got %+v, %v", got, err)
	}
	if stored, err := v.Token(t.Context(), first, nil); err != nil || stored.Access.Reveal() != "new" || stored.Version != 2 {
		t.Errorf("stored is %+v, %v", stored, err)
	}
	// Who has given up before anything began changes nothing.
	put(t, v, second, token("old", now.Add(time.Minute)))
	if _, err := v.Token(ctx, second, func(context.Context, platforms.Token) (platforms.Token, error) {
		t.Error("it was refreshed")
		return platforms.Token{}, nil
	}); err == nil {
		t.Error("a cancelled request got a token")
	}
}

func TestTenWorkersRefreshOnce(t *testing.T) {
	t.Parallel()
	v := vault(t, tokens.NewKey("k1"))
	put(t, v, first, token("old", now.Add(time.Minute)))
	var calls atomic.Int32
	refresh := func(_ context.Context, old platforms.Token) (platforms.Token, error) {
		if old.Access.Reveal() != "old" {
			return platforms.Token{}, fmt.Errorf("asked to refresh what is new")
		}
		calls.Add(1)
		time.Sleep(50 * time.Millisecond)
		return token("new", now.Add(2*time.Hour)), nil
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			got, err := v.Token(t.Context(), first, refresh)
			if err != nil || got.Access.Reveal() != "new" || got.Version != 2 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("refreshed %d times", n)
	}
	// The platform calls it stale before its time: the next use refreshes, but not for a report on a token that is gone.
	if err := v.Expire(t.Context(), first, 1); err != nil {
		t.Fatal(err)
	}
	never := func(context.Context, platforms.Token) (platforms.Token, error) {
		return platforms.Token{}, errors.New("refreshed")
	}
	if _, err := v.Token(t.Context(), first, never); err != nil {
		t.Errorf("a late report on an old token: %v", err)
	}
	if err := v.Expire(t.Context(), first, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Token(t.Context(), first, never); err == nil {
		t.Error("a stale token was not refreshed")
	}
	if got, err := v.Token(t.Context(), first, nil); err != nil || got.Access.Reveal() != "new" {
		t.Errorf("a refresh that failed changed the token: %+v, %v", got, err)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	good := tokens.NewKey("k1")
	for setting, ok := range map[string]bool{good: true, good + ", " + tokens.NewKey("k2"): true, "": false, "k1": false, ":" + good[3:]: false, "k1:AAAA": false, "k1:" + good: false, good + "," + good: false} {
		if _, err := tokens.ParseKeys(setting); (err == nil) != ok {
			t.Errorf("%q: %v", setting, err)
		}
	}
}

func TestStatesTellWithoutShowing(t *testing.T) {
	t.Parallel()
	v := vault(t, tokens.NewKey("k1"))
	put(t, v, first, token("one", now.Add(time.Hour)))
	put(t, v, second, token("two", time.Time{}))
	if _, err := v.Pool.Exec(t.Context(), `update tokens set sealed = $1 where account_id = $2`, sealed(t, v.Pool, first), second); err != nil {
		t.Fatal(err)
	}
	states, err := v.States(t.Context(), []string{first, second, owner})
	if err != nil || len(states) != 2 || !states[first].Opens || !states[first].ExpiresAt.Equal(now.Add(time.Hour)) || states[second].Opens || !states[second].ExpiresAt.IsZero() {
		t.Errorf("states %+v, %v", states, err)
	}
}

// TestDropDuringRefresh drops a token while it is renewed: the account has none afterwards, whoever comes first.
func TestDropDuringRefresh(t *testing.T) {
	t.Parallel()
	v := vault(t, tokens.NewKey("k1"))
	drop := func() error {
		return postgres.InTx(t.Context(), v.Pool, func(tx pgx.Tx) error { return v.Drop(t.Context(), tx, first) })
	}
	put(t, v, first, token("old", now))
	dropped := make(chan error, 1)
	_, err := v.Token(t.Context(), first, func(context.Context, platforms.Token) (platforms.Token, error) {
		go func() { dropped <- drop() }()
		time.Sleep(50 * time.Millisecond) // it waits for us
		return token("new", now.Add(time.Hour)), nil
	})
	if err := errors.Join(err, <-dropped); err != nil {
		t.Fatal(err)
	}
	if states, err := v.States(t.Context(), []string{first}); err != nil || len(states) != 0 {
		t.Errorf("there is a token still: %+v, %v", states, err)
	}
	put(t, v, first, token("old", now))
	tx, err := v.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Drop(t.Context(), tx, first); err != nil {
		t.Fatal(err)
	}
	refreshed := make(chan error, 1)
	go func() { // it still sees the token, and then waits for the drop to end
		_, err := v.Token(t.Context(), first, func(context.Context, platforms.Token) (platforms.Token, error) {
			return token("new", now.Add(time.Hour)), nil
		})
		refreshed <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := (*platforms.Error)(nil); !errors.As(<-refreshed, &e) || e.Kind != platforms.Unauthorized {
		t.Errorf("a refresh that came too late: %v", e)
	}
}
