package posts_test

import (
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
		id := p.Targets[0].ID
		target.Options = []byte(`{"n":"new"}`)
		var claim posts.Claim
		var claimErr, updateErr error
		var both sync.WaitGroup
		both.Go(func() {
			time.Sleep(time.Duration(i%12) * 500 * time.Microsecond)
			claim, claimErr = w.Claim(t.Context(), id, "a", time.Minute)
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
		if w.row(t, id).Job == nil {
			t.Fatal("the target has lost its job")
		}
	}
	t.Log(meetings)
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
