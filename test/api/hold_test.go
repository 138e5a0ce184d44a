package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/instagram/instagramfake"
)

// TestDeadTokenHoldsPosts takes an account's permission back: what is scheduled is held and says so, and goes out once when the account is
// connected again. What nobody rescues fails when its time is over, and what was to appear at once fails at once.
func TestDeadTokenHoldsPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	authURL, _ := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	account := w.arrives(authURL).Query().Get("accountId")
	create := func(text string, due time.Duration) string {
		t.Helper()
		body := map[string]any{"content": text, "platforms": []any{target("instagram", account)}, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}}}
		if due == 0 {
			body["publishNow"] = true
			return w.do("POST", "/v1/posts", body).want(http.StatusMultiStatus).text("post._id")
		}
		body["scheduledFor"] = w.clock().Add(due).UTC().Format(time.RFC3339)
		return w.do("POST", "/v1/posts", body).want(201).text("post._id")
	}
	shows := func(id, status string) answer {
		t.Helper()
		var got answer
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if got = w.do("GET", "/v1/posts/"+id, nil).want(200); got.text("post.platforms.0.status") == status && (status != "pending" || got.at("post.platforms.0.error") != nil) {
				return got
			}
		}
		t.Fatalf("after 20 s the target is not %s: %s", status, got.body)
		return got
	}
	held, lost := create("held", 2*time.Second), create("lost", 2*time.Second)
	far := w.fakes["instagram"].(*instagramfake.Fake)
	far.RevokeTokens()
	for _, id := range []string{held, lost} {
		got := shows(id, "pending")
		if got.text("post.status") != "scheduled" || got.at("post.platforms.0.error.willRetry") != true || !strings.Contains(string(got.body), "Connect the account again. The post is held") {
			t.Errorf("held: %s", got.body)
		}
	}
	if got := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200); got.text("status") != "error" {
		t.Errorf("health: %s", got.body)
	}
	w.tells(`"disconnectionType":"unintentional"`, 1)
	if id := create("at once", 0); shows(id, "failed").at("post.platforms.0.error.willRetry") == true {
		t.Error("what was to appear at once is tried again")
	}
	w.do("DELETE", "/v1/posts/"+lost, nil).want(200)
	authURL, _ = w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	if q := w.arrives(authURL).Query(); q.Get("accountId") != account {
		t.Fatalf("connected again: %v", q)
	}
	shows(held, "published")
	n := 0
	for _, p := range far.Posts() {
		if p.Text == "held" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("it is to be seen %d times", n)
	}

	// Once more, and nobody comes.
	late := create("late", 2*time.Second)
	far.RevokeTokens()
	shows(late, "pending")
	w.advance(25 * time.Hour)
	if got := shows(late, "failed"); got.text("post.platforms.0.error.rule") == "" || got.at("post.platforms.0.error.willRetry") != false {
		t.Errorf("a day later: %s", got.body)
	}
	w.do("POST", "/v1/posts/"+late+"/retry", nil).want(http.StatusMultiStatus) // whoever retries it is there to be told
}
