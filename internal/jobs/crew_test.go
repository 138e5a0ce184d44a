package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"posthorn/internal/posts"
)

// enlist puts a member of the crew to work until the returned function is called, which ends it without a word, as kill -9 does.
func enlist(t *testing.T, w *world, pool *pgxpool.Pool) (*Crew, func()) {
	t.Helper()
	c := NewCrew(pool, zerolog.Nop(), w.posts.HandBack)
	ctx, cancel := context.WithCancel(context.Background())
	joined, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx, func() { close(joined) })
	}()
	<-joined
	t.Cleanup(func() { cancel(); <-ended })
	return c, func() {
		// The connection is cut and the worker's row left as it is.
		if _, err := w.pool.Exec(context.Background(), `delete from workers where id = $1`, c.id); err != nil {
			t.Error(err)
		}
		cancel()
		<-ended
	}
}

func TestALostWorkersClaimsComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	enlist(t, w, w.pool)
	p := w.create(t, posts.NewPost{Content: "hello"})
	share := []posts.Share{{Lane: posts.Lane{OwnerID: p.OwnerID, Platform: "echo"}, N: 1}}
	// A worker that claimed, and was killed: nobody holds its lock, and its last beat is four seconds old. Its row comes last, as a row without
	// a beat is buried at once.
	if list, err := w.posts.Claim(t.Context(), "dead", time.Hour, false, share); err != nil || len(list) != 1 {
		t.Fatalf("claimed %d, %v", len(list), err)
	}
	if _, err := w.pool.Exec(t.Context(), `insert into workers (id, lock_key, host, pid, started_at, beat_at) values ('dead', 42, 'h', 1, now() - interval '1 minute', now() - interval '4 seconds')`); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for {
		if list, err := w.posts.Claim(t.Context(), "next", time.Hour, false, share); err != nil || len(list) == 1 {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("after a minute the target is not free")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestALiveWorkerIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	a, _ := enlist(t, w, w.pool)
	b, _ := enlist(t, w, w.pool)
	lease := a.Lease()
	time.Sleep(2 * beatEvery)
	if err := lease.Check(); err != nil {
		t.Errorf("the lease of a live worker: %v", err)
	}
	if n, err := Alive(t.Context(), w.pool); err != nil || n != 2 {
		t.Errorf("%d alive (%v), want %s and %s", n, err, a.ID(), b.ID())
	}
}

// TestALateRiserLosesItsLease counts a live worker as lost, as others do with one that was stopped for long: it joins again, but what it
// had claimed before is no longer its own.
func TestALateRiserLosesItsLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	c, _ := enlist(t, w, w.pool)
	old := c.Lease()
	if _, err := w.pool.Exec(t.Context(), `delete from workers where id = $1`, c.id); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for old.Check() == nil {
		if time.Since(begun) > time.Minute {
			t.Fatal("its old lease still holds")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := c.Lease().Check(); err != nil {
		t.Errorf("a new lease does not hold: %v", err)
	}
}

func TestALeaseEndsWithTheBeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fine)
	c, kill := enlist(t, w, w.pool)
	kill()
	c.mu.Lock()
	c.lastBeat = time.Now().Add(-trustFor - time.Second)
	c.mu.Unlock()
	if c.Lease().Check() == nil {
		t.Error("a worker without a beat still trusts its claims")
	}
}
