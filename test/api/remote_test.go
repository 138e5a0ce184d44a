package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"posthorn/internal/platforms/farside"
)

// seenAt is what the public sees at a platform.
func (w *world) seenAt(platform string) []farside.Post { return w.fakes[platform].Posts() }

// fault gives the sandbox a rule.
func (w *world) fault(rule map[string]any) {
	w.t.Helper()
	body, err := json.Marshal(rule)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.Post(w.sandbox+"/_sandbox/rules", "application/json", bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode > 299 {
		w.t.Fatalf("the sandbox refused the rule: %s", resp.Status)
	}
}

func TestUnpublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	photo := map[string]any{"type": "image", "url": w.photos + "coast.jpg"}
	p := w.do("POST", "/v1/posts", map[string]any{"content": "soon gone", "mediaItems": []any{photo}, "publishNow": true,
		"platforms": []any{target("bluesky", w.bluesky), target("instagram", w.instagram)}}).want(201)
	path := "/v1/posts/" + p.text("post._id")
	if seen := w.seenAt("bluesky"); len(seen) != 1 {
		t.Fatalf("published as %v", seen)
	}
	if got := w.do("POST", path+"/unpublish", map[string]any{"platform": "bluesky"}).want(200); got.at("success") != true || got.text("message") == "" {
		t.Errorf("it says %s", got.body)
	}
	if seen := w.seenAt("bluesky"); len(seen) != 0 {
		t.Errorf("the public still sees %v", seen)
	}
	got := w.do("GET", path, nil).want(200)
	gone := "post.platforms.0."
	if got.text("post.status") != "partial" || got.text(gone+"status") != "cancelled" || got.text(gone+"removedFromPlatformAt") == "" || got.text(gone+"platformPostId") == "" {
		t.Errorf("the post is %s", got.body)
	}
	if logs := w.do("GET", path+"/logs", nil).want(200); !strings.Contains(string(logs.body), `"unpublished"`) {
		t.Errorf("its timeline is %s", logs.body)
	}
	for _, tt := range []struct {
		platform, code, says string
	}{
		{"bluesky", "invalid_field_value", "not published on bluesky"},
		{"instagram", "platform_not_supported", "Instagram does not let posts be deleted"},
		{"tiktok", "platform_not_supported", "TikTok does not let posts be deleted"},
		{"myspace", "platform_not_supported", "not known to this server"},
	} {
		refused := w.do("POST", path+"/unpublish", map[string]any{"platform": tt.platform}).want(400)
		if refused.text("code") != tt.code || refused.text("param") != "platform" || !strings.Contains(refused.text("error"), tt.says) {
			t.Errorf("%s: %s", tt.platform, refused.body)
		}
	}
	w.do("POST", path+"/unpublish", map[string]any{}).want(400)
	w.as(w.strangerKey, "POST", path+"/unpublish", map[string]any{"platform": "bluesky"}).want(404)
	w.do("POST", "/v1/posts/6745a1b2c3d4e5f600000000/unpublish", map[string]any{"platform": "bluesky"}).want(404)
}

func TestUnpublishAThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	thread := target("bluesky", w.bluesky)
	thread["platformSpecificData"] = map[string]any{"threadItems": []any{map[string]any{"content": "one"}, map[string]any{"content": "two"}, map[string]any{"content": "three"}}}
	p := w.do("POST", "/v1/posts", map[string]any{"content": "a thread", "publishNow": true, "platforms": []any{thread}}).want(201)
	if n := len(w.seenAt("bluesky")); n != 3 {
		t.Fatalf("the thread has %d posts", n)
	}
	w.do("POST", "/v1/posts/"+p.text("post._id")+"/unpublish", map[string]any{"platform": "bluesky"}).want(200)
	if seen := w.seenAt("bluesky"); len(seen) != 0 {
		t.Errorf("the public still sees %v", seen)
	}
	if got := w.do("GET", "/v1/posts/"+p.text("post._id"), nil).want(200); got.text("post.status") != "cancelled" || got.at("post.publishedAt") != nil {
		t.Errorf("the post is %s", got.body)
	}
	w.do("POST", "/v1/posts", map[string]any{"content": "a thread", "publishNow": true, "platforms": []any{thread}}).want(201)
}

// TestUnpublishAtAPlatformThatFails has the sandbox refuse the call, and be away.
func TestUnpublishAtAPlatformThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	p := w.do("POST", "/v1/posts", map[string]any{"content": "stays", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201)
	path := "/v1/posts/" + p.text("post._id") + "/unpublish"
	for _, tt := range []struct {
		name      string
		said      int
		body      any
		status    int
		code, typ string
	}{
		{"refused", 400, map[string]string{"error": "InvalidRequest", "message": "not today"}, 500, "platform_api_error", "platform_error"},
		{"away", 503, "upstream is down", 502, "platform_api_error", "platform_error"},
		{"over its limit", 429, map[string]string{"error": "RateLimitExceeded", "message": "slow down"}, 429, "rate_limited", "rate_limit_error"},
	} {
		w.fault(map[string]any{"path": "*deleteRecord", "action": "status", "status": tt.said, "body": tt.body})
		got := w.do("POST", path, map[string]any{"platform": "bluesky"}).want(tt.status)
		if got.text("code") != tt.code || got.text("type") != tt.typ || got.text("platform") != "bluesky" || got.at("platformError") == nil {
			t.Errorf("%s: %s", tt.name, got.body)
		}
		if tt.status == 429 && got.header.Get("Retry-After") == "" {
			t.Errorf("%s: it does not say when to come back", tt.name)
		}
		if n := len(w.seenAt("bluesky")); n != 1 {
			t.Errorf("%s: the public sees %d posts", tt.name, n)
		}
	}
	if got := w.do("GET", "/v1/posts/"+p.text("post._id"), nil).want(200); got.text("post.status") != "published" {
		t.Errorf("the post is %s", got.body)
	}
	w.do("POST", path, map[string]any{"platform": "bluesky"}).want(200)
}

func TestEditAndMetadataNeedAPlatformThatCan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	p := w.do("POST", "/v1/posts", map[string]any{"content": "fixed", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201)
	path := "/v1/posts/" + p.text("post._id")
	for _, platform := range []string{"bluesky", "instagram", "twitter"} {
		got := w.do("POST", path+"/edit", map[string]any{"platform": platform, "content": "other"}).want(400)
		if got.text("code") != "platform_not_supported" || got.text("param") != "platform" {
			t.Errorf("%s: %s", platform, got.body)
		}
	}
	for _, body := range []map[string]any{{"platform": "bluesky"}, {"content": "x"}, {"platform": "bluesky", "content": ""}} {
		w.do("POST", path+"/edit", body).want(400)
	}
	w.as(w.strangerKey, "POST", path+"/edit", map[string]any{"platform": "bluesky", "content": "other"}).want(404)

	if got := w.do("POST", path+"/update-metadata", map[string]any{"platform": "youtube", "title": "x"}).want(400); got.text("rule") != "post.not_published_there" {
		t.Errorf("metadata: %s", got.body)
	}
	for field, body := range map[string]map[string]any{
		"platform":      {"platform": "bluesky", "title": "x"},
		"title":         {"platform": "youtube", "title": strings.Repeat("x", 101)},
		"privacyStatus": {"platform": "youtube", "privacyStatus": "secret"},
	} {
		if got := w.do("POST", path+"/update-metadata", body).want(400); got.text("param") != field {
			t.Errorf("%s: %s", field, got.body)
		}
	}
	w.as(w.strangerKey, "POST", path+"/update-metadata", map[string]any{"platform": "youtube", "title": "x"}).want(404)
	if got := w.do("POST", "/v1/posts/_/update-metadata", map[string]any{"platform": "youtube", "title": "x", "accountId": w.bluesky}).want(400); got.text("param") != "videoId" {
		t.Errorf("no video: %s", got.body)
	}
	w.do("POST", "/v1/posts/_/update-metadata", map[string]any{"platform": "youtube", "title": "x", "videoId": "v", "accountId": "6745a1b2c3d4e5f600000000"}).want(404)
	w.do("POST", "/v1/posts/nonsense/update-metadata", map[string]any{"platform": "youtube", "title": "x"}).want(http.StatusNotFound)
}
