package idempotency_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/idempotency"
	"posthorn/internal/postgres/pgtest"
)

// world is a store on a database of its own, and its clock.
type world struct {
	*idempotency.Store
	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	w.Store = &idempotency.Store{Pool: pgtest.New(t), Now: func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}}
	return w
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func request(key, body string) idempotency.Request {
	return idempotency.Request{KeyID: "k1", Path: "/v1/posts", Key: key, Body: []byte(body)}
}

// do answers a request with a text, and says whether it was work that did.
func (w *world) do(t *testing.T, r idempotency.Request, status int, text string) (body string, replayed bool, err error) {
	t.Helper()
	a, replayed, lost, err := w.Do(t.Context(), r, func() (idempotency.Answer, bool, error) {
		return idempotency.Answer{Status: status, Body: []byte(text)}, true, nil
	})
	if lost != nil {
		t.Errorf("lost: %v", lost)
	}
	return string(a.Body), replayed, err
}

func (w *world) want(t *testing.T, r idempotency.Request, text string, replayed bool) {
	t.Helper()
	body, again, err := w.do(t, r, 201, "made anew")
	if err != nil || body != text || again != replayed {
		t.Errorf("got %q, replayed %t, %v; want %q, replayed %t", body, again, err, text, replayed)
	}
}

func TestOneAnswerForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, status := range []int{200, 201, 207} {
		key := string(rune('a' + status - 200))
		if _, _, err := w.do(t, request(key, "x"), status, "first"); err != nil {
			t.Fatal(err)
		}
		w.want(t, request(key, "x"), "first", true)
	}
	if _, _, err := w.do(t, request("a", "y"), 201, ""); !errors.Is(err, idempotency.ErrReused) {
		t.Errorf("another body: %v", err)
	}
	other := request("a", "y")
	other.Path = "/v1/profiles"
	w.want(t, other, "made anew", false)
	other.KeyID = "k2"
	w.want(t, other, "made anew", false)
	w.advance(24*time.Hour - time.Second)
	w.want(t, request("a", "x"), "first", true)
	w.advance(time.Second)
	w.want(t, request("a", "y"), "made anew", false)
}

func TestFailureReleases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("broken")
	ways := map[string]func() (idempotency.Answer, bool, error){
		"an error":     func() (idempotency.Answer, bool, error) { return idempotency.Answer{}, false, broken },
		"not found":    func() (idempotency.Answer, bool, error) { return idempotency.Answer{Status: 404}, true, nil },
		"not to last":  func() (idempotency.Answer, bool, error) { return idempotency.Answer{Status: 207}, false, nil },
		"server fault": func() (idempotency.Answer, bool, error) { return idempotency.Answer{Status: 500}, true, nil },
	}
	for name, work := range ways {
		if _, _, lost, err := w.Do(t.Context(), request(name, "x"), work); lost != nil || (err != nil) != (name == "an error") {
			t.Errorf("%s: %v, %v", name, lost, err)
		}
		w.want(t, request(name, "another body"), "made anew", false)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _, _, _ = w.Do(t.Context(), request("panic", "x"), func() (idempotency.Answer, bool, error) { panic("at work") })
	}()
	w.want(t, request("panic", "x"), "made anew", false)
	gone, leave := context.WithCancel(t.Context())
	_, _, lost, err := w.Do(gone, request("gone", "x"), func() (idempotency.Answer, bool, error) {
		leave()
		return idempotency.Answer{Status: 201, Body: []byte("for nobody")}, true, nil
	})
	if lost != nil || err != nil {
		t.Errorf("a caller who left: %v, %v", lost, err)
	}
	w.want(t, request("gone", "x"), "for nobody", true)
}

func TestOfManyOneWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var worked, running atomic.Int32
	begun := make(chan struct{})
	end := make(chan struct{})
	var wg sync.WaitGroup
	try := func() {
		_, _, _, err := w.Do(t.Context(), request("a", "x"), func() (idempotency.Answer, bool, error) {
			if worked.Add(1) == 1 {
				close(begun)
			}
			<-end
			return idempotency.Answer{Status: 201}, true, nil
		})
		if errors.Is(err, idempotency.ErrRunning) {
			running.Add(1)
		} else if err != nil {
			t.Error(err)
		}
	}
	wg.Go(try)
	<-begun
	for range 19 {
		wg.Go(try)
	}
	for running.Load() < 19 && worked.Load() == 1 {
		time.Sleep(time.Millisecond)
	}
	if _, _, err := w.do(t, request("a", "y"), 201, ""); !errors.Is(err, idempotency.ErrReused) {
		t.Errorf("another body meanwhile: %v", err)
	}
	close(end)
	wg.Wait()
	if worked.Load() != 1 || running.Load() != 19 {
		t.Errorf("%d worked and %d were told to wait", worked.Load(), running.Load())
	}
}

func TestADeadHolderIsSucceeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Pool.Exec(t.Context(), `
		insert into idempotency_keys (key_id, path, key, body_hash, holder, held_until, created_at, expires_at) values ('k1', '/v1/posts', 'a', sha256('x'), 'dead', $1, $2, $3)`,
		w.Now().Add(time.Minute), w.Now(), w.Now().Add(idempotency.Window)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.do(t, request("a", "x"), 201, ""); !errors.Is(err, idempotency.ErrRunning) {
		t.Errorf("while it may live: %v", err)
	}
	w.advance(time.Minute)
	if _, _, err := w.do(t, request("a", "y"), 201, ""); !errors.Is(err, idempotency.ErrReused) {
		t.Errorf("another body: %v", err)
	}
	var worked atomic.Int32
	var wg sync.WaitGroup
	for range 8 { // of many successors there is one too
		wg.Go(func() {
			_, _, _, err := w.Do(t.Context(), request("a", "x"), func() (idempotency.Answer, bool, error) {
				worked.Add(1)
				time.Sleep(20 * time.Millisecond)
				return idempotency.Answer{Status: 201, Body: []byte("after all")}, true, nil
			})
			if err != nil && !errors.Is(err, idempotency.ErrRunning) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if worked.Load() != 1 {
		t.Errorf("%d successors", worked.Load())
	}
	w.want(t, request("a", "x"), "after all", true)
}

func TestALateHolderTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, _, lost, err := w.Do(t.Context(), request("a", "x"), func() (idempotency.Answer, bool, error) {
		w.advance(2 * time.Minute) // it was cut off from the database, and another one takes over
		if _, _, err := w.do(t, request("a", "x"), 201, "the other's"); err != nil {
			t.Error(err)
		}
		return idempotency.Answer{}, false, errors.New("too late")
	})
	if lost != nil || err == nil {
		t.Errorf("%v, %v", lost, err)
	}
	w.want(t, request("a", "x"), "the other's", true)
}

func TestExpiredKeysAreDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, request("old", "x"), "made anew", false)
	w.advance(time.Hour)
	w.want(t, request("young", "x"), "made anew", false)
	w.advance(23 * time.Hour)
	if err := w.DropExpired(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left string
	if err := w.Pool.QueryRow(t.Context(), `select string_agg(key, ' ') from idempotency_keys`).Scan(&left); err != nil || left != "young" {
		t.Errorf("left are %q (%v)", left, err)
	}
}

func TestIDsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range []idempotency.Request{
		request("a", "x"), request("a", "y"), request("b", "x"), request("a:1", "x"), {KeyID: "k1/", Path: "v1/posts", Key: "a", Body: []byte("x")}, {KeyID: "k2", Path: "/v1/posts", Key: "a", Body: []byte("x")},
	} {
		seen[r.ID()] = true
	}
	if len(seen) != 6 || !seen[request("a", "x").ID()] {
		t.Errorf("%d IDs of 6 requests: %v", len(seen), seen)
	}
}
