package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/events"
	"posthorn/internal/outbound"
	"posthorn/internal/postgres"
	"posthorn/internal/webhooks"
)

// crowd is a hundred endpoints of two owners behind one server; each hears of what concerns its own profile. The first always fails.
type crowd struct {
	*httptest.Server
	mu      sync.Mutex
	seen    map[string]time.Time // by event ID: when it came first
	failing map[string]bool      // event IDs that the failing endpoint was sent
	again   int                  // deliveries of what had come before
	total   atomic.Int64
}

const crowdSize = 100

func newCrowd(t *testing.T, w *world) *crowd {
	c := &crowd{seen: map[string]time.Time{}, failing: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		id := r.Header.Get("webhook-id")
		c.total.Add(1)
		c.mu.Lock()
		defer c.mu.Unlock()
		if r.URL.Path == "/0" {
			c.failing[id] = true
			w.WriteHeader(500)
			return
		}
		if _, ok := c.seen[id]; ok {
			c.again++
			return
		}
		c.seen[id] = time.Now()
	}))
	t.Cleanup(c.Close)
	for i := range crowdSize {
		by := []auth.Principal{w.owner, w.stranger}[i%2]
		name, url, names, profiles := fmt.Sprint(i), fmt.Sprintf("%s/%d", c.URL, i), []string{"post.published"}, []string{fmt.Sprintf("profile %d", i)}
		if _, err := w.app.Webhooks.Create(t.Context(), by, webhooks.Change{Name: &name, URL: &url, Events: &names, ProfileIDs: &profiles}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// tell emits events for the endpoints in turn.
func (c *crowd) tell(t *testing.T, w *world, from, n int) {
	t.Helper()
	list := make([]events.Event, n)
	for i := range list {
		k := (from + i) % crowdSize
		list[i] = events.Event{Name: events.PostPublished, OwnerID: []auth.Principal{w.owner, w.stranger}[k%2].OwnerID, Subject: fmt.Sprintf("%d", from+i),
			ProfileIDs: []string{fmt.Sprintf("profile %d", k)}, Body: map[string]any{"post": map[string]any{"id": fmt.Sprint(from + i), "content": strings.Repeat("x", 300)}}}
	}
	if err := postgres.InTx(t.Context(), w.app.Pool, func(tx pgx.Tx) error { return w.app.Webhooks.Emit(t.Context(), tx, list...) }); err != nil {
		t.Fatal(err)
	}
}

// bare is how many posts a second a loop makes that does nothing else, with as many at a time as one process of ours.
func (c *crowd) bare(t *testing.T, n int) float64 {
	t.Helper()
	client := outbound.NewGuarded(outbound.Options{AllowPrivate: true})
	body := bytes.Repeat([]byte("x"), 450)
	begun, left := time.Now(), atomic.Int64{}
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				resp, err := client.Post(c.URL+"/bare", "application/json", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(begun).Seconds()
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 20
}

// TestManyEvents delivers 20,000 events, or as many as POSTHORN_TEST_EVENTS says, to a hundred endpoints of which one always fails. None
// may be lost: each has arrived, or is kept for the endpoint that fails.
func TestManyEvents(t *testing.T) {
	n := 20_000
	if s := os.Getenv("POSTHORN_TEST_EVENTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		n = 2_000
	}
	w := newWorld(t)
	w.work()
	c := newCrowd(t, w)
	bare := c.bare(t, min(n, 50_000))
	c.mu.Lock()
	clear(c.seen)
	c.again = 0
	c.mu.Unlock()

	// How soon the first attempt comes while little happens.
	sent := make([]time.Time, 300)
	for i := range sent {
		sent[i] = time.Now()
		c.tell(t, w, 1+i%(crowdSize-1), 1) // not the one that fails
		time.Sleep(5 * time.Millisecond)
	}
	delays := c.delays(t, w, sent)

	before, begun := memory(), time.Now()
	const batch = 500
	most := uint64(0)
	for i := 0; i < n; i += batch {
		c.tell(t, w, 1_000_000+i, min(batch, n-i))
		if i%(50*batch) == 0 {
			most = max(most, memory())
		}
	}
	told := time.Since(begun)
	good := len(sent) + n - (n+crowdSize-1)/crowdSize
	for end := time.Now().Add(2*time.Minute + time.Duration(n)*5*time.Millisecond); ; time.Sleep(50 * time.Millisecond) {
		c.mu.Lock()
		arrived := len(c.seen)
		c.mu.Unlock()
		if arrived >= good {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events arrived", arrived, good)
		}
	}
	took := time.Since(begun)
	after := memory()
	var open, lost int
	if err := w.app.Pool.QueryRow(context.WithoutCancel(t.Context()), `
		select (select count(*) from deliveries d join endpoints e on e.id = d.endpoint_id where d.open and e.url = $1),
			(select count(*) from events e where name = 'post.published' and not exists (select 1 from deliveries d where d.event_id = e.id))`, c.URL+"/0").Scan(&open, &lost); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if want := n - n*(crowdSize-1)/crowdSize; open != want || lost != 0 || len(c.seen) != good {
		t.Errorf("%d deliveries are kept for the endpoint that fails, want %d; %d events have no delivery; %d of %d arrived", open, want, lost, len(c.seen), good)
	}
	if c.again > 0 {
		t.Errorf("%d came twice, though no worker died", c.again)
	}
	if after > before+200 {
		t.Errorf("memory grew from %d to %d MB", before, after)
	}
	rate := float64(n) / took.Seconds()
	t.Logf("%d events in %v (written in %v): %.0f deliveries/s; a bare loop makes %.0f posts/s (%.0f%%); emit to first attempt p50 %v, p99 %v; heap %d MB before, %d at most, %d after",
		n, took.Round(10*time.Millisecond), told.Round(10*time.Millisecond), rate, bare, 100*rate/bare, delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)*99/100].Round(time.Millisecond), before, most, after)
}

// delays waits for events that were sent one by one and tells how long each took to come, in ascending order.
func (c *crowd) delays(t *testing.T, w *world, sent []time.Time) (list []time.Duration) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c.mu.Lock()
		arrived := len(c.seen)
		c.mu.Unlock()
		if arrived >= len(sent) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of %d events arrived", arrived, len(sent))
		}
	}
	rows, err := w.app.Pool.Query(t.Context(), `select id from events where name = 'post.published' order by xid, position`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) != len(sent) {
		t.Fatalf("%d events, %v", len(ids), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, id := range ids {
		list = append(list, c.seen[id].Sub(sent[i]))
	}
	slices.Sort(list)
	return list
}
