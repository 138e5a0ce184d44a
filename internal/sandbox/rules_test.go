package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// ruleState is a rule as the API shows it.
type ruleState struct {
	ID                     string
	Times                  int
	Matched, Applied, Gone int
	Holding                []struct{ Method, Host, Path string }
	Spent                  bool
}

func (w world) rule(t *testing.T, method, path, body string, want int) ruleState {
	t.Helper()
	status, _, answer := w.call(t, method, path, body)
	if status != want {
		t.Fatalf("%s %s: %d %s, want %d", method, path, status, answer, want)
	}
	var s ruleState
	if err := json.Unmarshal([]byte(answer), &s); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, answer)
	}
	return s
}

func TestHoldOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	added := w.rule(t, "POST", "/_sandbox/rules", `{"host":"graph.instagram.com","method":"POST","path":"*/media_publish","action":"hold"}`, 201)
	route := "/_sandbox/rules/" + added.ID
	if added.Times != 1 || added.Holding == nil || added.Spent {
		t.Errorf("added %+v", added)
	}
	w.rule(t, "GET", route+"/wait?timeout=20ms", "", 504)
	w.rule(t, "GET", route+"/wait?timeout=never", "", 400)

	answer := make(chan int, 1)
	go func() {
		res, err := http.Post(w.url+"/graph.instagram.com/v25.0/1/media_publish", "text/plain", strings.NewReader("x"))
		if err != nil {
			answer <- -1
			return
		}
		_ = res.Body.Close()
		answer <- res.StatusCode
	}()
	held := w.rule(t, "GET", route+"/wait?timeout=10s", "", 200)
	if len(held.Holding) != 1 || held.Holding[0].Path != "/v25.0/1/media_publish" || held.Applied != 1 {
		t.Errorf("held %+v", held)
	}
	if got := w.insta.reached(); len(got) != 0 {
		t.Errorf("the platform has seen %q", got)
	}
	if _, _, body := w.call(t, "GET", "/_sandbox/requests", ""); !strings.Contains(body, `"open": true`) || !strings.Contains(body, "hold before") {
		t.Errorf("the held request is not shown as open: %s", body)
	}
	w.rule(t, "POST", route+"/release", "", 200)
	select {
	case status := <-answer:
		if status != http.StatusAccepted {
			t.Errorf("answered %d", status)
		}
	case <-time.After(patience):
		t.Fatal("never released")
	}
	if after := w.rule(t, "GET", route, "", 200); len(after.Holding) != 0 || !after.Spent {
		t.Errorf("after %+v", after)
	}
}

func TestRulesOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rule(t, "POST", "/_sandbox/rules", `{"path":"/a","action":"status","status":503,"body":{"error":"busy"},"headers":{"Retry-After":"3"},"times":0,"skip":1}`, 201)
	w.rule(t, "POST", "/_sandbox/rules", `{"path":"/b","action":"status","status":500,"body":"<p>no</p>","when":"after"}`, 201)

	if status, _, _ := w.call(t, "GET", "/bsky.social/a", ""); status != 202 {
		t.Errorf("the skipped request: %d", status)
	}
	for range 3 {
		status, header, body := w.call(t, "GET", "/bsky.social/a", "")
		if status != 503 || body != `{"error":"busy"}` || header.Get("Retry-After") != "3" {
			t.Errorf("%d %s %v", status, body, header)
		}
	}
	if status, _, body := w.call(t, "GET", "/bsky.social/b", ""); status != 500 || body != "<p>no</p>" {
		t.Errorf("%d %s", status, body)
	}
	if got := w.blue.reached(); len(got) != 2 { // the skipped one, and the one answered after
		t.Errorf("the platform has seen %q", got)
	}
	_, _, body := w.call(t, "GET", "/_sandbox/rules", "")
	var list struct{ Rules []ruleState }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Rules) != 2 || list.Rules[0].Times != 0 || list.Rules[0].Applied != 3 {
		t.Fatalf("%v: %s", err, body)
	}
	if status, _, _ := w.call(t, "DELETE", "/_sandbox/rules/"+list.Rules[0].ID, ""); status != 204 {
		t.Errorf("removed: %d", status)
	}
	if status, _, _ := w.call(t, "GET", "/bsky.social/a", ""); status != 202 {
		t.Errorf("after the removal: %d", status)
	}
	if status, _, _ := w.call(t, "DELETE", "/_sandbox/rules", ""); status != 204 {
		t.Errorf("cleared: %d", status)
	}
	if _, _, body := w.call(t, "GET", "/_sandbox/rules", ""); !strings.Contains(body, `"rules": []`) {
		t.Errorf("after clearing: %s", body)
	}
}
