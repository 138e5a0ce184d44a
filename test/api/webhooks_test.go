package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// hook is a customer's server that keeps what it hears.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	heard  []string // names of events, in the order of their arrival
	bodies []string
	status int
}

func newHook(t *testing.T) *hook {
	h := &hook{status: 200}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.heard = append(h.heard, r.Header.Get("X-Zernio-Event"))
		h.bodies = append(h.bodies, string(body))
		w.WriteHeader(h.status)
	}))
	t.Cleanup(h.Close)
	return h
}

func TestWebhookSettings(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newHook(t)
	body := map[string]any{"name": "Mine", "url": " " + far.URL + " ", "events": []string{"post.published", "message.received"}, "customHeaders": map[string]string{"X-Env": "test"}}
	made := w.do("POST", "/v1/webhooks/settings", body).want(200)
	id := made.text("webhook._id")
	if made.at("success") != true || !strings.HasPrefix(made.text("webhook.secret"), "whsec_") || made.text("webhook.url") != far.URL || made.at("webhook.isActive") != true {
		t.Errorf("made %s", made.body)
	}
	if list := w.do("GET", "/v1/webhooks/settings", nil).want(200); list.at("webhooks.0.secret") != nil || list.text("webhooks.0._id") != id {
		t.Errorf("list %s", list.body)
	}
	if got := w.do("PUT", "/v1/webhooks/settings", map[string]any{"webhookId": id, "isActive": false, "profileIds": []string{w.profile}}).want(200); got.at("webhook.isActive") != false || got.at("webhook.name") != "Mine" {
		t.Errorf("changed to %s", got.body)
	}
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"_id": id, "isActive": true}).want(200)
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"name": "x"}).want(400)
	w.do("PUT", "/v1/webhooks/settings", map[string]any{"webhookId": "6745a1b2c3d4e5f600000000", "name": "x"}).want(404)
	w.as(w.strangerKey, "PUT", "/v1/webhooks/settings", map[string]any{"webhookId": id, "name": "x"}).want(404)
	for _, change := range []map[string]any{{"name": ""}, {"url": "nonsense"}, {"events": []string{}}, {"events": []string{"post.exploded"}}, {"events": []string{"webhook.test"}},
		{"customHeaders": map[string]string{"Host": "evil"}}, {"disabledResourceGroups": []string{"all"}}} {
		bad := map[string]any{}
		for k, v := range body {
			bad[k] = v
		}
		for k, v := range change {
			bad[k] = v
		}
		w.do("POST", "/v1/webhooks/settings", bad).want(400)
	}
	body["profileIds"] = []string{w.strangerProfile}
	w.do("POST", "/v1/webhooks/settings", body).want(404)
	if got := w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": id}).want(200); got.at("success") != true || len(far.heard) != 1 || far.heard[0] != "webhook.test" {
		t.Errorf("test %s heard %v", got.body, far.heard)
	}
	far.status = 500
	if got := w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": id}).want(500); got.at("success") != false || got.at("statusCode") != 500.0 {
		t.Errorf("failed test %s", got.body)
	}
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": "6745a1b2c3d4e5f600000000"}).want(404)
	logs := w.do("GET", "/v1/webhooks/logs", url.Values{"webhookId": {id}, "status": {"failed"}}).want(200)
	if logs.at("pagination.total") != 1.0 || logs.text("logs.0.event") != "webhook.test" || logs.at("logs.0.requestPayload.message") == nil {
		t.Errorf("logs %s", logs.body)
	}
	w.do("GET", "/v1/webhooks/logs?limit=101", nil).want(400)
	again := map[string]any{"webhookId": id, "eventId": logs.text("logs.0.eventId")}
	w.do("POST", "/v1/webhooks/logs/redeliver", again).want(502)
	far.status = 204
	w.do("POST", "/v1/webhooks/logs/redeliver", again).want(200)
	if n := len(far.bodies); far.bodies[n-1] != far.bodies[n-2] {
		t.Errorf("delivered again as %s after %s", far.bodies[n-1], far.bodies[n-2])
	}
	w.do("POST", "/v1/webhooks/logs/redeliver", map[string]any{"webhookId": id, "eventId": "6745a1b2c3d4e5f600000000"}).want(422)
	w.do("DELETE", "/v1/webhooks/settings", nil).want(400)
	w.do("DELETE", "/v1/webhooks/settings?webhookId=x", nil).want(400)
	w.do("DELETE", "/v1/webhooks/settings?webhookId="+id+"&colour=blue", nil).want(400)
	w.as(w.strangerKey, "DELETE", "/v1/webhooks/settings?webhookId="+id, nil).want(404)
	w.do("DELETE", "/v1/webhooks/settings?webhookId="+id, nil).want(200)
	w.do("DELETE", "/v1/webhooks/settings?webhookId="+id, nil).want(404)
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	w, far := newWorld(t), newHook(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	id := w.do("POST", "/v1/webhooks/settings", map[string]any{"name": "Mine", "url": far.URL, "events": []string{"post.published"}}).want(200).text("webhook._id")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	read := func(last string) (cursor, name string) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/events/stream?events=webhook.test", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.key)
		r.Header.Set("Last-Event-ID", last)
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				cursor = value
			case "event":
				name = value
			case "data":
				return cursor, name
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return "", ""
	}
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": id}).want(200)
	w.do("POST", "/v1/webhooks/test", map[string]any{"webhookId": id}).want(200)
	first, name := read("0.0")
	if second, _ := read(first); name != "webhook.test" || second == first {
		t.Errorf("after %s (%s) came %s", first, name, second)
	}
	list := w.do("GET", "/v1/events?limit=1&events=webhook.test", nil).want(200)
	if list.at("hasMore") != true || list.text("nextCursor") != first || list.at("events.0.sequence") != 1.0 {
		t.Errorf("list %s", list.body)
	}
	if list := w.as(w.strangerKey, "GET", "/v1/events", nil).want(200); list.at("events.0") != nil {
		t.Errorf("a stranger reads %s", list.body)
	}
	w.do("GET", "/v1/events?cursor=x", nil).want(400)
	w.do("GET", "/v1/events?events=post.exploded", nil).want(400)
}
