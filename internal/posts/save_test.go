package posts_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"posthorn/internal/errs"
	"posthorn/internal/posts"
)

// TestStoredTogether sends many posts at the same instant, good and bad ones: what is wrong with one is nobody else's matter.
func TestStoredTogether(t *testing.T) {
	t.Parallel()
	for name, pace := range map[string]posts.PaceLimits{"without limits": {}, "with limits": {Hourly: 1000, Daily: map[string]int{"other": 3}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Pace = pace
			old := w.create(t, "said before", w.account)
			var mu sync.Mutex
			var wg sync.WaitGroup
			outcomes := map[string]int{}
			send := func(kind string, p posts.NewPost) {
				wg.Go(func() {
					created, err := w.Create(t.Context(), w.owner, p)
					var e *errs.Error
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil && created.Replayed:
						outcomes[kind+" replayed"]++
					case err == nil:
						outcomes[kind+" made"]++
					case errors.As(err, &e) && e.Details["existingPostId"] == old.ID:
						outcomes[kind+" refused for the old post"]++
					case errors.As(err, &e):
						outcomes[fmt.Sprint(kind, " ", e.Code)]++
					default:
						t.Errorf("%s: %v", kind, err)
					}
				})
			}
			for i := range 60 {
				send("good", posts.NewPost{Content: fmt.Sprintf("number %d", i), Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}})
			}
			for i := range 5 {
				send("old", posts.NewPost{Content: "said before", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}})
				send("twin", posts.NewPost{Content: "twins", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}})
				send("named", posts.NewPost{Content: "named", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}, RequestID: "r"})
				send("capped", posts.NewPost{Content: fmt.Sprintf("elsewhere %d", i), Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.second)}})
			}
			wg.Wait()
			want := map[string]int{"good made": 60, "old refused for the old post": 5, "twin made": 1, fmt.Sprint("twin ", errs.Conflict): 4, "named made": 1, "named replayed": 4, "capped made": 5}
			if pace.Hourly > 0 {
				want["capped made"], want[fmt.Sprint("capped ", errs.Limited)] = 3, 2
			}
			for kind, n := range want {
				if outcomes[kind] != n {
					t.Errorf("%s: %d, want %d", kind, outcomes[kind], n)
				}
			}
			if len(outcomes) != len(want) {
				t.Errorf("outcomes: %v", outcomes)
			}
			var stored, targets int
			if err := w.pool.QueryRow(t.Context(), `select (select count(*) from posts), (select count(*) from targets)`).Scan(&stored, &targets); err != nil {
				t.Fatal(err)
			}
			if n := 1 + 60 + 1 + 1 + want["capped made"]; stored != n || targets != n {
				t.Errorf("%d posts and %d targets are stored, want %d of both", stored, targets, n)
			}
		})
	}
}

// TestStoredPastALock holds the lock that one post needs: the others are stored meanwhile, and it is when the lock is let go.
func TestStoredPastALock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tx, err := w.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	// Whoever takes the same request ID has to wait for this.
	held := w.create(t, "the holder", w.account)
	if _, err := tx.Exec(t.Context(), `insert into requests (owner_id, request_id, post_id, created_at, expires_at) values ($1, 'held', $2, now(), now() - interval '1 hour')`, w.owner.OwnerID, held.ID); err != nil {
		t.Fatal(err)
	}
	waits := make(chan error, 1)
	go func() {
		_, err := w.Create(t.Context(), w.owner, posts.NewPost{Content: "has to wait", Mode: posts.Now, Targets: []posts.NewTarget{w.target(w.account)}, RequestID: "held"})
		waits <- err
	}()
	for i := range 20 {
		w.create(t, fmt.Sprintf("passes %d", i), w.account)
	}
	select {
	case err := <-waits:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; err != nil {
		t.Error(err)
	}
}
