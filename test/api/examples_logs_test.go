package api

import (
	"net/url"
	"time"
)

// written waits until the server has written down what it did, which it does a moment later.
func (w *world) written() {
	w.t.Helper()
	if w.tables()["logs"] == nil {
		return
	}
	count := func() (n int) {
		if err := w.app.Pool.QueryRow(w.t.Context(), `select count(*) from logs`).Scan(&n); err != nil {
			w.t.Fatal(err)
		}
		return n
	}
	for last, now, same := -1, count(), 0; same < 5; last, now = now, count() {
		same++
		if now != last {
			same = 0
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// exampleLogs publishes a post and reads what was said on the way.
func exampleLogs(w *world) {
	w.work()
	w.do("POST", "/v1/posts", map[string]any{"content": "Good morning from the coast", "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(201)
	w.written()
	for _, path := range []string{"/v1/logs", "/v1/posts/logs", "/v1/connections/logs"} {
		w.do("GET", path, url.Values{"limit": {"5"}, "platform": {"bluesky"}}).want(200)
		w.do("GET", path, url.Values{"limit": {"0"}}).want(400)
	}
}

// exampleUsage asks what was used and what it costs.
func exampleUsage(w *world) {
	w.do("GET", "/v1/usage-stats", nil).want(200)
	w.do("GET", "/v1/usage-stats", url.Values{"reconcile": {"perhaps"}}).want(400)
	w.do("GET", "/v1/usage", url.Values{"range": {"7d"}, "granularity": {"day"}}).want(200)
	w.do("GET", "/v1/usage", url.Values{"range": {"forever"}}).want(400)
	w.do("GET", "/v1/billing", nil).want(200)
	w.do("GET", "/v1/billing/x-pricing", nil).want(200)
}
