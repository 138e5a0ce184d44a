package posts_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

func TestOwnersSeeOnlyTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "hello", w.account)
	for _, id := range []string{p.ID, "65f1c0a9e2b5af0012ab34cd", "nonsense", "\x00"} {
		if _, err := w.Get(t.Context(), w.stranger, id); codeOf(err) != errs.NotFound {
			t.Errorf("Get(%q) by a stranger: %v", id, err)
		}
		if _, err := w.Timeline(t.Context(), w.stranger, id); codeOf(err) != errs.NotFound {
			t.Errorf("Timeline(%q) by a stranger: %v", id, err)
		}
		if err := w.Delete(t.Context(), w.stranger, id); codeOf(err) != errs.NotFound {
			t.Errorf("Delete(%q) by a stranger: %v", id, err)
		}
	}
	if list, n, err := w.List(t.Context(), w.stranger, posts.Filter{Limit: 10}); err != nil || n != 0 || len(list) != 0 {
		t.Errorf("a stranger's list has %d (%v)", n, err)
	}
	w.get(t, p.ID)
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for i := range 5 {
		account := w.account
		if i == 4 {
			account = w.second
		}
		created, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: fmt.Sprintf("post %d 50%%_off", i), Mode: posts.At, Targets: []posts.NewTarget{w.target(account)},
			ScheduledFor: fmt.Sprintf("2026-11-2%dT10:00:00Z", 8-i)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, created.Post.ID)
		w.advance(time.Second)
	}
	w.settle(t, w.claimLater(t, ids[4]), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		name  string
		f     posts.Filter
		want  []int
		total int
	}{
		{"all, latest first", posts.Filter{Limit: 10}, []int{0, 1, 2, 3, 4}, 5},
		{"earliest first", posts.Filter{Sort: "scheduled-asc", Limit: 2}, []int{4, 3}, 5},
		{"by creation", posts.Filter{Sort: "created-asc", Limit: 2, Offset: 1}, []int{1, 2}, 5},
		{"newest first", posts.Filter{Sort: "created-desc", Limit: 1}, []int{4}, 5},
		{"past the end", posts.Filter{Limit: 10, Offset: 10}, nil, 5},
		{"by status", posts.Filter{Status: posts.Published, Limit: 10}, []int{4}, 1},
		{"by platform", posts.Filter{Platform: "other", Limit: 10}, []int{4}, 1},
		{"by account", posts.Filter{AccountID: w.account, Sort: "created-asc", Limit: 1}, []int{0}, 4},
		{"by window", posts.Filter{From: day(25), To: day(27), Limit: 10}, []int{2, 3}, 2},
		{"by text", posts.Filter{Search: "POST 3", Limit: 10}, []int{3}, 1},
		{"percent and underscore are letters", posts.Filter{Search: "50%_OFF", Limit: 10, Sort: "platform"}, []int{0, 1, 2, 3, 4}, 5},
		{"which match nothing else", posts.Filter{Search: "5_%", Limit: 10}, nil, 0},
		{"a profile that is not there", posts.Filter{ProfileID: "65f1c0a9e2b5af0012ab34cd", Limit: 10}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, total, err := w.List(t.Context(), w.owner, tt.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range list {
				got = append(got, p.ID)
			}
			var want []string
			for _, i := range tt.want {
				want = append(want, ids[i])
			}
			if total != tt.total || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v of %d, want %v of %d", got, total, want, tt.total)
			}
		})
	}
	if _, _, err := w.List(t.Context(), w.owner, posts.Filter{Sort: "id; drop table posts"}); codeOf(err) != errs.Invalid {
		t.Errorf("an unknown order: %v", err)
	}
}

// claimLater claims the one target of a post at its time.
func (w *world) claimLater(t *testing.T, postID string) posts.Claim {
	t.Helper()
	p := w.get(t, postID)
	w.mu.Lock()
	w.now = p.Targets[0].NextAt
	w.mu.Unlock()
	return w.claim(t, p.Targets[0].ID, "a")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.create(t, "busy", w.account)
	c := w.claim(t, p.Targets[0].ID, "a")
	if err := w.Delete(t.Context(), w.owner, p.ID); codeOf(err) != errs.Conflict {
		t.Errorf("while a worker is at it: %v", err)
	}
	w.settle(t, c, platforms.Step{State: platforms.State{Step: "publishing"}}, nil)
	w.settle(t, w.claim(t, p.Targets[0].ID, "a"), platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "lost"))
	if err := w.Delete(t.Context(), w.owner, p.ID); codeOf(err) != errs.Conflict {
		t.Errorf("in doubt: %v", err)
	}
	w.advance(time.Hour)
	w.settle(t, w.claim(t, p.Targets[0].ID, "a"), platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
	if err := w.Delete(t.Context(), w.owner, p.ID); codeOf(err) != errs.Invalid {
		t.Errorf("published: %v", err)
	}
	q := w.create(t, "waiting", w.account)
	if err := w.Delete(t.Context(), w.owner, q.ID); err != nil {
		t.Errorf("waiting: %v", err)
	}
	if _, ok := w.tryClaim(t, q.Targets[0].ID, "a"); ok {
		t.Error("the target of a deleted post")
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Ended = posts.NewNotifier()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go w.Listen(ctx, func(err error) { t.Log(err) })
	go w.Ended.Run(ctx, w.Notify, func(err error) { t.Log(err) })
	// It hears of the end, and does not come upon it when it looks again by itself, after a second. On a busy machine one try may be late.
	heard := false
	for range 10 {
		p := w.create(t, "hello", w.account)
		go func() {
			time.Sleep(150 * time.Millisecond)
			w.settle(t, w.claim(t, p.Targets[0].ID, "a"), platforms.Step{Done: &platforms.Remote{ID: p.ID}}, nil)
		}()
		begun := time.Now()
		got, err := w.Await(t.Context(), w.owner, p.ID, time.Minute)
		if err != nil || got.Status != posts.Published {
			t.Fatalf("awaited %s, %v", got.Status, err)
		}
		if heard = time.Since(begun) < time.Second; heard {
			break
		}
	}
	if !heard {
		t.Error("it was never heard of, but looked for")
	}
	// What can only go on later is not waited for.
	q := w.create(t, "limited", w.account)
	w.settle(t, w.claim(t, q.Targets[0].ID, "a"), platforms.Step{}, &platforms.Error{Kind: platforms.RateLimited, Reset: w.now.Add(time.Hour)})
	if got, err := w.Await(t.Context(), w.owner, q.ID, 20*time.Second); err != nil || got.Status != posts.Scheduled {
		t.Errorf("limited for an hour: %s, %v", got.Status, err)
	}
	// What takes too long is given as it stands.
	r := w.create(t, "slow", w.account)
	w.claim(t, r.Targets[0].ID, "a")
	w.show(t, r)
	if got, err := w.Await(t.Context(), w.owner, r.ID, 100*time.Millisecond); err != nil || got.Status != posts.Publishing {
		t.Errorf("still at it: %s, %v", got.Status, err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := w.Await(gone, w.owner, r.ID, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("the caller left: %v", err)
	}
}
