package jobs

import (
	"testing"
	"time"

	"posthorn/internal/posts"
)

// move gives a post's only target another time, as the domain does.
func (w *world) move(t *testing.T, p posts.Post, at time.Time) {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), `update targets set next_at = $2 where id = $1`, p.Targets[0].ID, at); err != nil {
		t.Fatal(err)
	}
}

func TestMovedTargetsKeepTheirNewTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	w.run(t)
	earlier := w.create(t, posts.NewPost{Content: "in an hour", Mode: posts.At, ScheduledFor: time.Now().Add(time.Hour).Format(time.RFC3339)})
	later := w.create(t, posts.NewPost{Content: "soon", Mode: posts.At, ScheduledFor: time.Now().Add(400 * time.Millisecond).Format(time.RFC3339Nano)})
	at := time.Now().Add(700 * time.Millisecond)
	w.move(t, earlier, at)
	w.move(t, later, time.Now().Add(time.Hour))
	got := w.await(t, earlier)
	if got.Status != posts.Published {
		t.Fatalf("it ended as %s", got.Status)
	}
	if late := got.PublishedAt.Sub(at); late < 0 || late > time.Second {
		t.Errorf("it was published %v after its new time", late)
	}
	if got, err := w.posts.Get(t.Context(), w.owner, later.ID); err != nil || got.Status != posts.Scheduled {
		t.Errorf("the other one is %s, %v", got.Status, err)
	}
}
