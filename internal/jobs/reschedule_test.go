package jobs

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/postgres"
	"posthorn/internal/posts"
)

// move gives a post's only target another time, as the domain does: the row first, then the job.
func (w *world) move(t *testing.T, p posts.Post, at time.Time) {
	t.Helper()
	target := p.Targets[0].ID
	err := postgres.InTx(t.Context(), w.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `update targets set next_at = $2 where id = $1`, target, at); err != nil {
			return err
		}
		return w.queue.Reschedule(t.Context(), tx, []posts.Due{{TargetID: target, At: at}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) jobs(t *testing.T) (n int) {
	t.Helper()
	if err := w.pool.QueryRow(t.Context(), `select count(*) from river_job`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRescheduleEarlier(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	w.run(t)
	p := w.create(t, posts.NewPost{Content: "in an hour", Mode: posts.At, ScheduledFor: time.Now().Add(time.Hour).Format(time.RFC3339)})
	at := time.Now().Add(700 * time.Millisecond)
	w.move(t, p, at)
	got := w.await(t, p)
	if got.Status != posts.Published {
		t.Fatalf("it ended as %s", got.Status)
	}
	if late := got.PublishedAt.Sub(at); late < 0 || late > time.Second {
		t.Errorf("it was published %v after its new time", late)
	}
	if n := w.jobs(t); n != 1 {
		t.Errorf("it had %d jobs", n)
	}
}

func TestRescheduleLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	p := w.create(t, posts.NewPost{Content: "soon", Mode: posts.At, ScheduledFor: time.Now().Add(500 * time.Millisecond).Format(time.RFC3339Nano)})
	at := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	w.move(t, p, at)
	var state string
	var due time.Time
	if err := w.pool.QueryRow(t.Context(), `select state, scheduled_at from river_job`).Scan(&state, &due); err != nil {
		t.Fatal(err)
	}
	if state != "scheduled" || !due.Equal(at) {
		t.Errorf("its job is %s for %v, want scheduled for %v", state, due, at)
	}
}

func TestRescheduleMakesAMissingJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	w.run(t)
	p := w.create(t, posts.NewPost{Content: "in an hour", Mode: posts.At, ScheduledFor: time.Now().Add(time.Hour).Format(time.RFC3339)})
	if _, err := w.pool.Exec(t.Context(), `delete from river_job`); err != nil {
		t.Fatal(err)
	}
	w.move(t, p, time.Now())
	if got := w.await(t, p); got.Status != posts.Published {
		t.Errorf("it ended as %s", got.Status)
	}
}

// TestSweepMovesAJobThatWouldComeTooLate holds the net below Reschedule: a job that was running then may have gone to sleep by the old time.
func TestSweepMovesAJobThatWouldComeTooLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	p := w.create(t, posts.NewPost{Content: "in an hour", Mode: posts.At, ScheduledFor: time.Now().Add(time.Hour).Format(time.RFC3339)})
	if _, err := w.pool.Exec(t.Context(), `update targets set next_at = $1`, time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	w.run(t)
	if got := w.await(t, p); got.Status != posts.Published {
		t.Errorf("it ended as %s", got.Status)
	}
	if n := w.jobs(t); n != 1 {
		t.Errorf("it had %d jobs", n)
	}
}
