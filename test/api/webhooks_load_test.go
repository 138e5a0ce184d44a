package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
	"posthorn/internal/postgres"
)

// emit tells of n events, each about a subject of its own.
func (w *world) emit(n int, from int) {
	w.t.Helper()
	err := postgres.InTx(w.t.Context(), w.app.Pool, func(tx pgx.Tx) error {
		list := make([]events.Event, n)
		for i := range list {
			list[i] = events.Event{Name: events.PostPublished, OwnerID: w.owner.OwnerID, Subject: fmt.Sprintf("subject %d", from+i), Body: map[string]any{"post": map[string]any{"id": fmt.Sprint(from + i)}}}
		}
		return w.app.Webhooks.Emit(w.t.Context(), tx, list...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestAHangingEndpointDelaysNobody has one endpoint that never answers beside a good one. The good one hears everything at once, while
// the other holds as many connections as it may and no more.
func TestAHangingEndpointDelaysNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	var held, most, good atomic.Int64
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), held.Add(1)))
		defer held.Add(-1)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.CloseClientConnections)
	fine := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { good.Add(1) }))
	t.Cleanup(fine.Close)
	for name, url := range map[string]string{"hanging": hanging.URL, "good": fine.URL} {
		w.do("POST", "/v1/webhooks/settings", map[string]any{"name": name, "url": url, "events": []string{"post.published"}}).want(200)
	}
	const n = 500
	begun := time.Now()
	w.emit(n, 0)
	// An attempt at the one that hangs takes ten seconds, eight at once: behind all of them, the good ones would come after ten minutes.
	for good.Load() < n {
		if time.Sleep(20 * time.Millisecond); time.Since(begun) > time.Minute {
			t.Fatalf("after a minute the good endpoint has heard %d of %d events", good.Load(), n)
		}
	}
	t.Logf("%d events arrived in %v beside an endpoint that hangs", n, time.Since(begun).Round(10*time.Millisecond))
	if got := most.Load(); got == 0 || got > 8 {
		t.Errorf("the hanging endpoint held %d connections at once", got)
	}
}
