package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// TestKillBetweenSendingAndNoting kills a worker when an endpoint has read a delivery and not answered yet. Another worker makes the
// delivery again, with the same event ID and the same bytes.
func TestKillBetweenSendingAndNoting(t *testing.T) {
	t.Parallel()
	s := newSystem(t, nil)
	victim := s.start(t, "worker")
	type heard struct{ id, body string }
	var mu sync.Mutex
	var all []heard
	arrived, release := make(chan struct{}), make(chan struct{})
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		all = append(all, heard{r.Header.Get("webhook-id"), string(body)})
		first := len(all) == 1
		mu.Unlock()
		if first {
			close(arrived)
			<-release
		}
	}))
	t.Cleanup(far.Close)
	var out struct{ Webhook struct{ ID string } }
	if _, err := s.call(t.Context(), "POST", "/v1/webhooks/settings", map[string]any{"name": "e2e", "url": far.URL, "events": []string{"post.published"}}, &out); err != nil {
		t.Fatal(err)
	}
	p := s.create(t, map[string]any{"content": "told twice", "platforms": []any{map[string]any{"platform": "bluesky", "accountId": s.accounts["bluesky/lantern.bsky.social"]}}})
	select {
	case <-arrived:
	case <-time.After(time.Minute):
		t.Fatal("nothing was delivered within a minute")
	}
	victim.kill()
	close(release)
	begun := time.Now()
	s.start(t, "worker")
	s.eventually(t, time.Minute, "it is delivered again", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(all) > 1
	})
	t.Logf("delivered again %v after the kill", time.Since(begun).Round(100*time.Millisecond))
	var logs struct {
		Logs []struct{ EventID, Status string }
	}
	s.eventually(t, 20*time.Second, "it is noted", func() bool {
		if _, err := s.call(t.Context(), "GET", "/v1/webhooks/logs", nil, &logs); err != nil {
			t.Fatal(err)
		}
		return len(logs.Logs) > 0
	})
	time.Sleep(2 * time.Second) // a third time would be too much
	mu.Lock()
	defer mu.Unlock()
	if len(all) != 2 || all[0] != all[1] || len(logs.Logs) != 1 || logs.Logs[0].EventID != all[0].id || logs.Logs[0].Status != "success" {
		t.Errorf("of post %s came %v; the log has %v", p.ID, all, logs.Logs)
	}
}
