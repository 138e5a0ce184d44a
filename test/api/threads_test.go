package api

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/threads/threadsfake"
)

// TestThreads connects a profile through the consent page, publishes a chain with a first comment, and takes it back.
func TestThreads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=http://127.0.0.1:8080")
	w.work()
	authURL, state := w.begin("threads", url.Values{"redirect_url": {"https://shop.example/done"}, "profileId": {w.second}})
	if u, err := url.Parse(authURL); err != nil || u.Query().Get("client_id") != "th-app" || u.Query().Get("state") != state || !strings.Contains(u.Query().Get("scope"), "threads_content_publish") {
		t.Errorf("the consent page is %s", authURL)
	}
	q := w.arrives(authURL, consent.FieldUser, "studio.fern").Query()
	account := q.Get("accountId")
	if q.Get("connected") != "threads" || q.Get("username") != "studio.fern" || account != w.accounts["threads/studio.fern"] {
		t.Fatalf("the browser ends up with %v", q)
	}
	health := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200)
	if health.text("status") != "healthy" || !strings.Contains(string(health.body), "threads_delete") {
		t.Errorf("its health is %s", health.body)
	}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "for display", "publishNow": true, "platforms": []any{map[string]any{"platform": "threads", "accountId": account, "platformSpecificData": map[string]any{
		"topic_tag": "ferns", "firstComment": "and a comment", "threadItems": []any{map[string]any{"content": "one"}, map[string]any{"content": "two", "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "fern.jpg"}}}}}}}}).want(201)
	if post.text("post.platforms.0.status") != "published" || !strings.HasPrefix(post.text("post.platforms.0.platformPostUrl"), "https://www.threads.com/@studio.fern/post/") {
		t.Fatalf("it published as %s", post.body)
	}
	far := w.fakes["threads"].(*threadsfake.Fake)
	for until := time.Now().Add(time.Minute); len(far.Posts()) < 3; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the public sees %+v", far.Posts())
		}
	}
	seen := far.Posts() // newest first
	root := seen[2]
	if root.Text != "one" || len(root.Extra) != 1 || root.Extra[0] != "topic ferns" || seen[1].Text != "two" || seen[1].ReplyTo != root.ID || len(seen[1].Media) != 1 || seen[0].Text != "and a comment" || seen[0].ReplyTo != root.ID {
		t.Errorf("the public sees %+v", seen)
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // until all its parts are known
		logs := string(w.do("GET", "/v1/posts/"+post.text("post._id")+"/logs", nil).want(200).body)
		if strings.Contains(logs, "answered as "+seen[0].ID) {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the timeline is %s", logs)
		}
	}
	w.do("POST", "/v1/posts/"+post.text("post._id")+"/unpublish", map[string]any{"platform": "threads"}).want(200)
	if left := far.Posts(); len(left) != 0 {
		t.Errorf("after it was taken back the public sees %+v", left)
	}
}

// TestThreadsRefusals tries what a user or a post can do wrong.
func TestThreadsRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	authURL, _ := w.begin("threads", url.Values{"redirect_url": {"https://shop.example/"}})
	if q := w.arrives(authURL, consent.FieldDecision, "deny").Query(); q.Get("error") != "oauth_denied" || q.Get("platform") != "threads" {
		t.Errorf("denied: %v", q)
	}
	authURL, _ = w.begin("threads", url.Values{"redirect_url": {"https://shop.example/"}})
	if q := w.arrives(authURL, consent.FieldScope, "threads_basic").Query(); q.Get("error") != "missing_permissions" || q.Get("missing_scopes") != "threads_content_publish" {
		t.Errorf("with some permissions: %v", q)
	}
	account := w.account("threads")
	for rule, post := range map[string]map[string]any{
		"threads.text.max_length":          {"content": strings.Repeat("a", 497) + "🌊"},
		"threads.text.max_links":           {"content": "https://a.example https://b.example https://c.example https://d.example https://e.example https://f.example"},
		"threads.topic_tag.characters":     {"content": "x", "platformSpecificData": map[string]any{"topic_tag": "a.b"}},
		"threads.topic_tag.max_length":     {"content": "x", "platformSpecificData": map[string]any{"topic_tag": strings.Repeat("a", 51)}},
		"threads.first_comment.empty":      {"content": "x", "platformSpecificData": map[string]any{"firstComment": " "}},
		"threads.first_comment.max_length": {"content": "x", "platformSpecificData": map[string]any{"firstComment": strings.Repeat("a", 501)}},
		"threads.options.type":             {"content": "x", "platformSpecificData": map[string]any{"topic_tag": 5}},
		"threads.image.media_type":         {"content": "x", "mediaItems": []any{map[string]any{"type": "gif", "url": w.photos + "a.gif"}}},
	} {
		one := map[string]any{"platform": "threads", "accountId": account}
		if o := post["platformSpecificData"]; o != nil {
			one["platformSpecificData"] = o
			delete(post, "platformSpecificData")
		}
		post["platforms"], post["scheduledFor"] = []any{one}, w.clock().Add(time.Hour)
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
}
