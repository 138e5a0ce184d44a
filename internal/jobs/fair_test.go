package jobs

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/posts"
)

// TestOneOwnerDoesNotHoldUpAnother has one owner with thousands of targets that are due, at a platform that takes its time, and another one with a
// single post: its first request comes before all but a few of theirs.
func TestOneOwnerDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	arrived := make(chan bool, 1)
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer of the other" {
			select {
			case arrived <- true:
			default:
			}
		}
		if strings.HasSuffix(r.URL.Path, "/prepare") {
			time.Sleep(100 * time.Millisecond)
		}
		fine(rw, r)
	})
	const many = 5000
	if _, err := w.pool.Exec(t.Context(), `
		with made as (
			insert into posts (id, owner_id, content, scheduled_for, status, created_at, updated_at, platforms)
			select lpad(to_hex(i), 24, '0'), $1, 'one of many ' || i, now(), 'scheduled', now(), now(), '{echo}' from generate_series(1, $2::int) i returning id
		)
		insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, created_at, updated_at)
		select id, $1, id, 0, 'echo', $3, 'pending', true, now() - interval '1 second', now(), now() from made`, w.owner.OwnerID, many, w.account); err != nil {
		t.Fatal(err)
	}
	other, account := w.another(t)
	w.run(t)
	for len(w.seen()) < 60 {
		time.Sleep(10 * time.Millisecond)
	}
	before, begun := len(w.seen()), time.Now()
	if _, err := w.posts.Create(t.Context(), other, posts.NewPost{Content: "a single one", Mode: posts.Now, Targets: []posts.NewTarget{{Platform: "echo", AccountID: account}}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Fatal("the other owner's post has not begun after a minute")
	}
	n := len(w.seen()) - before
	t.Logf("the first request came after %v and %d requests of the backlog", time.Since(begun).Round(time.Millisecond), n)
	if n > many/10 { // the whole backlog takes more than twice as many as it has posts
		t.Errorf("%d requests of the backlog went first", n)
	}
}

// another makes a second owner with an account.
func (w *world) another(t *testing.T) (owner auth.Principal, account string) {
	t.Helper()
	people := &auth.Service{Pool: w.pool, Now: time.Now}
	err := postgres.InTx(t.Context(), w.pool, func(tx pgx.Tx) error {
		id, _, err := people.EnsureOwner(t.Context(), tx, "another")
		if err != nil {
			return err
		}
		owner = auth.Root(id)
		profile, err := w.accounts.EnsureDefaultProfile(t.Context(), tx, id)
		if err != nil {
			return err
		}
		account, err = w.accounts.Connect(t.Context(), tx, id, profile, "echo", platforms.Account{RemoteID: "2", Username: "other"}, platforms.Token{Access: platforms.NewSecret("of the other")})
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("a second owner: %w", err))
	}
	return owner, account
}
