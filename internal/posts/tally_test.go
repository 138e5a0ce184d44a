package posts_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// recount holds every total that comes from the ledger against the posts themselves.
func (w *world) recount(t *testing.T) {
	t.Helper()
	for _, status := range []posts.Status{"", posts.Draft, posts.Scheduled, posts.Publishing, posts.Published, posts.Failed} {
		for _, platform := range []string{"", "demo", "other", "none"} {
			for _, hidden := range []bool{false, true} {
				_, total, err := w.List(t.Context(), w.owner, posts.Filter{Status: status, Platform: platform, Hidden: hidden, Limit: 1})
				if err != nil {
					t.Fatal(err)
				}
				var want int
				if err := w.pool.QueryRow(t.Context(), `
					select count(*) from posts p where owner_id = $1 and ($2 = '' or status = $2) and ($4 or metadata is null or not metadata @> '{"hidden": true}')
						and ($3 = '' or exists (select 1 from targets t where t.post_id = p.id and t.platform = $3))`,
					w.owner.OwnerID, status, platform, hidden).Scan(&want); err != nil {
					t.Fatal(err)
				}
				if total != want {
					t.Errorf("status %q, platform %q, hidden %t: the ledger says %d, there are %d", status, platform, hidden, total, want)
				}
			}
		}
	}
}

func TestTheLedgerIsExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := rand.New(rand.NewPCG(1, 2))
	var ids []string
	for i := range 30 {
		p := posts.NewPost{Content: fmt.Sprint("post ", i), Mode: posts.At, ScheduledFor: "2026-12-01T10:00:00Z"}
		if r.IntN(3) == 0 {
			p.Mode = posts.AsDraft
		}
		if r.IntN(3) == 0 {
			p.Metadata = []byte(`{"hidden":true}`)
		}
		for _, account := range []string{w.account, w.second} {
			if r.IntN(2) == 0 || account == w.second && len(p.Targets) == 0 {
				p.Targets = append(p.Targets, w.target(account))
			}
		}
		created, err := w.Create(t.Context(), w.owner, p)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, created.Post.ID)
	}
	w.recount(t)
	for i, at := range r.Perm(len(ids)) {
		post := w.get(t, ids[at])
		switch {
		case i%3 == 0:
			if err := w.Delete(t.Context(), w.owner, post.ID); err != nil {
				t.Fatal(err)
			}
		case post.Status == posts.Scheduled && i%3 == 1:
			w.settle(t, w.claimLater(t, post.ID), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
		case i%3 == 2: // as an update does
			if _, err := w.pool.Exec(t.Context(), `update posts set metadata = $2 where id = $1`, post.ID, []byte(`{"hidden": true}`)); err != nil {
				t.Fatal(err)
			}
			if _, err := w.pool.Exec(t.Context(), `delete from targets where post_id = $1 and platform = 'demo'`, post.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := w.pool.Exec(t.Context(), `
				insert into targets (id, owner_id, post_id, position, platform, account_id, status, open, next_at, created_at, updated_at)
				values (left(md5($1), 24), $2, $1, 5, 'other', $3, 'pending', false, $4, $4, $4)`, post.ID, w.owner.OwnerID, w.second, w.clock()); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.recount(t)
	for range 2 {
		if err := w.FoldTallies(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.recount(t)
	}
	var lines, kinds int
	if err := w.pool.QueryRow(t.Context(), `select count(*), count(distinct (owner_id, status, hidden, platforms)) from post_tallies`).Scan(&lines, &kinds); err != nil || lines != kinds {
		t.Errorf("%d lines of %d kinds are left (%v)", lines, kinds, err)
	}
}

func TestTotalsHoldWhileTheLedgerIsFolded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 40
	var wg, folding sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		folding.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := w.FoldTallies(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	folding.Go(func() { // a total never falls, and is never more than there are
		last := 0
		for {
			select {
			case <-stop:
				return
			default:
			}
			_, total, err := w.List(t.Context(), w.owner, posts.Filter{Limit: 1})
			if err != nil || total < last || total > n {
				t.Errorf("the total went from %d to %d (%v)", last, total, err)
				return
			}
			last = total
		}
	})
	for k := range 4 {
		wg.Go(func() {
			for i := range n / 4 {
				w.create(t, fmt.Sprint("post ", k, " ", i), w.account)
			}
		})
	}
	wg.Wait()
	close(stop)
	folding.Wait()
	w.recount(t)
}

func TestHiddenPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for i, metadata := range []string{`{"hidden":true}`, `{"hidden":false}`, `{"hidden":"true"}`, `[1]`, `{"hidden":true,"x":1}`, ``} {
		created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: fmt.Sprint(i), Mode: posts.AsDraft, Metadata: []byte(metadata)})
		if err != nil {
			t.Fatal(err)
		}
		if i%4 != 0 {
			want = append(want, created.Post.ID)
		}
		w.get(t, created.Post.ID) // by its ID it is there
	}
	list, total, err := w.List(t.Context(), w.owner, posts.Filter{Limit: 10})
	var got []string
	for _, p := range list {
		got = append(got, p.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || total != len(want) || !slices.Equal(got, want) {
		t.Errorf("got %v of %d, want %v (%v)", got, total, want, err)
	}
	if _, total, err := w.List(t.Context(), w.owner, posts.Filter{UserID: w.owner.UserID, Limit: 10}); err != nil || total != len(want) {
		t.Errorf("counted one by one there are %d (%v)", total, err)
	}
	if list, total, err := w.List(t.Context(), w.owner, posts.Filter{Hidden: true, Limit: 10}); err != nil || total != 6 || len(list) != 6 {
		t.Errorf("with hidden ones %d of %d (%v)", len(list), total, err)
	}
}
