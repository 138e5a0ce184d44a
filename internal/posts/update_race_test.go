package posts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
)

// TestUpdateAgainstClaim lets both meet in every way: what is published is wholly old or wholly new, as the update was told, and the
// target keeps its job.
func TestUpdateAgainstClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := func(c posts.Claim) string {
		var o struct {
			N string `json:"n"`
		}
		_ = json.Unmarshal(c.Task.Content.Options, &o)
		return c.Task.Content.Text + "/" + o.N
	}
	meetings := map[string]int{}
	for i := range 60 {
		target := w.target(w.account)
		target.Options = []byte(`{"n":"old"}`)
		p := w.make(t, posts.NewPost{Content: fmt.Sprint("old ", i), Mode: posts.Now, Targets: []posts.NewTarget{target}})
		target.Options = []byte(`{"n":"new"}`)
		var claim posts.Claim
		var claimErr, updateErr error
		var both sync.WaitGroup
		both.Go(func() {
			time.Sleep(time.Duration(i%12) * 500 * time.Microsecond)
			claim, claimErr = w.claimSoon(t.Context(), posts.Lane{OwnerID: p.OwnerID, Platform: "demo"})
		})
		both.Go(func() {
			_, updateErr = w.Update(t.Context(), w.owner, p.ID, posts.Change{Content: ptr(fmt.Sprint("new ", i)), Targets: &[]posts.NewTarget{target}})
		})
		both.Wait()
		if claimErr != nil {
			t.Fatal(claimErr)
		}
		want := fmt.Sprintf("new %d/new", i)
		switch {
		case errs.CodeOf(updateErr) == errs.Conflict:
			want = fmt.Sprintf("old %d/old", i)
			meetings["claimed first"]++
		case updateErr != nil:
			t.Fatal(updateErr)
		default:
			meetings["updated first"]++
		}
		if got := text(claim); got != want {
			t.Fatalf("meeting %d: %q is published, want %q (the update: %v)", i, got, want, updateErr)
		}
		w.settle(t, claim, platforms.Step{Done: &platforms.Remote{ID: "1"}}, nil)
		if got := w.get(t, p.ID); got.Status != posts.Published || got.Content+"/" != strings.TrimSuffix(strings.TrimSuffix(want, "old"), "new") {
			t.Fatalf("meeting %d: stored as %q, %s", i, got.Content, got.Status)
		}
	}
	t.Log(meetings)
}

// claimSoon takes the one due target of a lane, which an update may hold at first.
func (w *world) claimSoon(ctx context.Context, lane posts.Lane) (posts.Claim, error) {
	for {
		list, err := w.Claim(ctx, "a", time.Minute, false, []posts.Share{{Lane: lane, N: 1}})
		if err != nil || len(list) == 1 {
			return append(list, posts.Claim{})[0], err
		}
	}
}

// TestUpdatesAtOnce: each of many updates of different parts counts, on a clock that stands still.
func TestUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.make(t, posts.NewPost{Content: "a", Mode: posts.At, ScheduledFor: tomorrow, Targets: []posts.NewTarget{w.target(w.account)}})
	changes := []posts.Change{{Title: ptr("title")}, {Content: ptr("content")}, {Visibility: ptr("private")}, {Hashtags: &[]string{"h"}}}
	var all sync.WaitGroup
	refused := make([]bool, len(changes))
	for i, c := range changes {
		all.Go(func() {
			_, err := w.Update(t.Context(), w.owner, p.ID, c)
			if refused[i] = errs.CodeOf(err) == errs.Conflict; err != nil && !refused[i] {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := w.get(t, p.ID)
	for i, ok := range []bool{got.Title == "title", got.Content == "content", got.Visibility == "private", slices.Equal(got.Hashtags, []string{"h"})} {
		if ok == refused[i] {
			t.Errorf("update %d: refused %t, in effect %t", i, refused[i], ok)
		}
	}
}
