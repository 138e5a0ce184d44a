package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"
)

// exampleWebhooks makes an endpoint, has it called, and reads what was sent and what happened.
func exampleWebhooks(w *world) {
	far := newHook(w.t)
	w.work()
	body := map[string]any{"name": "Newsroom", "url": far.URL, "events": []any{"post.published", "post.failed", "account.disconnected"}, "secret": "a-secret-of-the-newsroom"}
	made := w.do("POST", "/v1/webhooks/settings", body).want(200).text("webhook._id")
	w.do("POST", "/v1/webhooks/settings", map[string]any{"name": "Newsroom", "url": "nowhere", "events": []any{"post.published"}}).want(400)
	w.do("GET", "/v1/webhooks/settings", nil).want(200)
	w.do("GET", "/v1/webhooks/settings?%zz", nil).want(400)
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"webhookId": made, "name": "The newsroom"}).want(200)
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"name": "Nobody"}).want(400)
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"webhookId": nothing, "name": "Nobody"}).want(404)
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": made}).want(200)
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": nothing}).want(404)
	w.do("POST", "/v1/posts", map[string]any{"content": "Good morning from the coast", "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(201)
	far.bySubject(w.t, 2)
	w.do("GET", "/v1/webhooks/logs", url.Values{"event": {"webhook.test"}, "limit": {"5"}}).want(200)
	w.do("GET", "/v1/webhooks/logs", url.Values{"limit": {"0"}}).want(400)
	sent := w.until200("/v1/webhooks/logs?event=post.published", "logs.0.eventId")
	w.do("POST", "/v1/webhooks/logs/redeliver", map[string]any{"webhookId": made, "eventId": sent}).want(200)
	w.do("POST", "/v1/webhooks/logs/redeliver", map[string]any{"webhookId": nothing, "eventId": sent}).want(404)
	w.do("GET", "/v1/events", url.Values{"events": {"post.published"}, "limit": {"10"}}).want(200)
	w.do("GET", "/v1/events", url.Values{"cursor": {"x"}}).want(400)
	w.do("GET", "/v1/events/stream", url.Values{"cursor": {"x"}}).want(400)
	listening, hangUp := context.WithTimeout(w.t.Context(), 200*time.Millisecond)
	defer hangUp()
	stream := httptest.NewRequestWithContext(listening, http.MethodGet, "/v1/events/stream?events=post.published", nil)
	stream.Header.Set("Authorization", "Bearer "+w.key)
	w.handler.ServeHTTP(httptest.NewRecorder(), stream)
	w.do("DELETE", "/v1/webhooks/settings", url.Values{"webhookId": {made}}).want(200)
	w.do("DELETE", "/v1/webhooks/settings", url.Values{"webhookId": {made}}).want(404)
}

// until200 asks until an answer has something at a place, which comes a moment later.
func (w *world) until200(path, place string) string {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if found := w.do("GET", path, nil).want(200).text(place); found != "" {
			return found
		}
	}
	w.t.Fatalf("GET %s never has %s", path, place)
	return ""
}
