package apilimit

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/postgres/pgtest"
)

// counts are owners' connected accounts.
type counts map[string]int

func (c counts) Connected(_ context.Context, owners []string) (map[string]int, error) {
	return map[string]int{owners[0]: c[owners[0]]}, nil
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)} }

func take(t *testing.T, l *Limiter, owner string) Decision {
	t.Helper()
	d, err := l.Take(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLimitFollowsTheAccounts(t *testing.T) {
	t.Parallel()
	c, known := newClock(), counts{}
	l := New(nil, known, Contract, c.read)
	for _, tt := range []struct{ accounts, want int }{{0, 60}, {2, 60}, {3, 600}, {2000, 600}, {2001, 1200}} {
		known["a"] = tt.accounts
		c.advance(limitFor)
		if d := take(t, l, "a"); d.Limit != tt.want || !d.Admitted {
			t.Errorf("%d accounts: %+v", tt.accounts, d)
		}
	}
	if d := take(t, New(nil, known, Limits{}, c.read), "a"); !d.Admitted || d.Limit != 0 {
		t.Errorf("without a limit: %+v", d)
	}
}

// TestWindowSlides admits exactly the limit in any minute, spread as it may be.
func TestWindowSlides(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New(nil, counts{}, Limits{60, 60, 60}, c.read)
	begun := c.read()
	for i := range 60 { // one each half second
		if d := take(t, l, "a"); !d.Admitted || d.Remaining != 59-i || d.Limit != 60 || d.Reset.Sub(begun) < time.Minute || d.Reset.Sub(begun) > time.Minute+tick {
			t.Fatalf("request %d: %+v", i, d)
		}
		c.advance(500 * time.Millisecond)
	}
	for range 3 { // refusals use nothing
		if d := take(t, l, "a"); d.Admitted || d.Remaining != 0 {
			t.Errorf("the 61st: %+v", d)
		}
	}
	if d := take(t, l, "b"); !d.Admitted || d.Remaining != 59 {
		t.Errorf("another owner: %+v", d)
	}
	c.advance(30 * time.Second) // a minute after the first
	if d := take(t, l, "a"); d.Admitted {
		t.Errorf("a tick too early: %+v", d)
	}
	c.advance(tick)
	if d := take(t, l, "a"); !d.Admitted || d.Remaining != 0 {
		t.Errorf("the first slot is free: %+v", d)
	}
	if d := take(t, l, "a"); d.Admitted {
		t.Errorf("and no other: %+v", d)
	}
	c.advance(500 * time.Millisecond)
	if d := take(t, l, "a"); !d.Admitted {
		t.Errorf("the second slot is free: %+v", d)
	}
	c.advance(window + tick)
	if d := take(t, l, "a"); !d.Admitted || d.Remaining != 59 {
		t.Errorf("after a silent minute: %+v", d)
	}
}

func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	l := New(nil, counts{}, Limits{100, 100, 100}, newClock().read)
	var admitted atomic.Int64
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			for range 20 {
				if d, err := l.Take(t.Context(), "a"); err == nil && d.Admitted {
					admitted.Add(1)
				}
			}
		})
	}
	asking.Wait()
	if admitted.Load() != 100 {
		t.Errorf("%d were admitted, want 100", admitted.Load())
	}
}

// TestProcessesShare lets two processes count together, over one database.
func TestProcessesShare(t *testing.T) {
	t.Parallel()
	pool, c := pgtest.New(t), newClock()
	one, two := New(pool, counts{}, Limits{60, 60, 60}, c.read), New(pool, counts{}, Limits{60, 60, 60}, c.read)
	exchange := func() {
		t.Helper()
		for _, l := range []*Limiter{one, two, one} {
			if err := l.Exchange(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 40 {
		take(t, one, "a")
	}
	if d := take(t, two, "a"); d.Remaining != 59 {
		t.Errorf("before they have told each other: %+v", d)
	}
	exchange()
	if d := take(t, two, "a"); !d.Admitted || d.Remaining != 18 { // 40 + 1 + 1
		t.Errorf("the second knows of the first: %+v", d)
	}
	exchange()
	for i := range 18 {
		if d := take(t, one, "a"); !d.Admitted {
			t.Errorf("request %d: %+v", i, d)
		}
	}
	exchange()
	if a, b := take(t, one, "a"), take(t, two, "a"); a.Admitted || b.Admitted {
		t.Errorf("over the limit: %+v, %+v", a, b)
	}
	c.advance(window + 2*time.Second) // what is told is told by the second, rounded up
	if a, b := take(t, one, "a"), take(t, two, "a"); !a.Admitted || !b.Admitted {
		t.Errorf("a minute later: %+v, %+v", a, b)
	}
	exchange()
	c.advance(3 * window)
	take(t, one, "b")
	if err := one.Exchange(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := pool.QueryRow(t.Context(), `select count(*) from api_windows`).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows are left, %v; want that of the one active owner", rows, err)
	}
	if n := len(one.owners); n != 1 {
		t.Errorf("the process remembers %d owners, want the active one", n)
	}
}

// TestRunTellsEarlyUnderLoad: an owner who uses much here is told of sooner than after a second.
func TestRunTellsEarlyUnderLoad(t *testing.T) {
	t.Parallel()
	pool, c := pgtest.New(t), newClock()
	l := New(pool, counts{}, Limits{60, 60, 60}, c.read)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx, func(err error) { t.Errorf("exchange: %v", err) })
	}()
	defer func() { stop(); <-ended }()
	for range 6 {
		take(t, l, "a")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var rows int
		if err := pool.QueryRow(t.Context(), `select count(*) from api_windows`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		if rows == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was told")
		}
	}
}
