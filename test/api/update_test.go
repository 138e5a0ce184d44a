package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// rule has the sandbox meet some requests with a fault. It answers with the rule's ID.
func (w *world) rule(rule string) string {
	w.t.Helper()
	return fmt.Sprint(w.box("POST", "/_sandbox/rules", rule)["id"])
}

// box asks the sandbox itself.
func (w *world) box(method, path, body string) (out map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.sandbox+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %d, %v", method, path, resp.StatusCode, err)
	}
	return out
}

// visible counts the posts at a platform that hold a text.
func (w *world) visible(platform, text string) int {
	w.t.Helper()
	list, _ := w.box("GET", "/_sandbox/posts?"+url.Values{"platform": {platform}, "q": {text}}.Encode(), "")["posts"].([]any)
	return len(list)
}

// refuse has Bluesky refuse the next posts, so many of them.
const refusePosts = `{"path": "*putRecord", "action": "status", "status": 400, "body": {"error": "InvalidRequest", "message": "no such luck"}, "times": %d}`

func TestUpdateADraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.do("POST", "/v1/posts", map[string]any{"title": "t", "content": "draft", "metadata": map[string]any{"a": 1}, "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg"}},
		"platforms": []any{target("bluesky", w.bluesky)}}).want(201)
	path := "/v1/posts/" + made.text("post._id")
	a := w.do("PUT", path, map[string]any{"scheduledFor": "2026-02-01T10:00:00Z", "tags": []string{"x", "x"}}).want(200)
	if a.text("message") != "Post updated successfully" || a.text("post.status") != "draft" || a.text("post.scheduledFor") != "2026-02-01T10:00:00.000Z" || a.at("post.tags.1") != nil || a.at("warnings.0") == nil {
		t.Errorf("a time alone: %s", a.body)
	}
	if a.text("post.platforms.0.accountId.username") == "" || a.text("post.title") != "t" {
		t.Errorf("what was not sent: %s", a.body)
	}
	a = w.do("PUT", path, map[string]any{"title": nil, "metadata": nil, "mediaItems": nil, "publishNow": nil, "isDraft": nil, "crosspostingEnabled": nil}).want(200)
	if a.text("post.title") != "" || a.at("post.metadata") != nil || a.at("post.mediaItems.0") != nil || a.at("post.crosspostingEnabled") != true || a.text("post.content") != "draft" || a.at("warnings") != nil {
		t.Errorf("null: %s", a.body)
	}
	a = w.do("PUT", path, map[string]any{"isDraft": false}).want(200)
	if a.text("post.status") != "scheduled" || a.text("post.platforms.0.status") != "pending" {
		t.Errorf("promoted: %s", a.body)
	}
	a = w.do("PUT", path, map[string]any{"isDraft": true}).want(200)
	if a.text("post.status") != "draft" {
		t.Errorf("a draft again: %s", a.body)
	}
	a = w.do("PUT", path, map[string]any{"scheduledFor": nil}).want(200)
	if a.at("post.scheduledFor") != nil {
		t.Errorf("without a time: %s", a.body)
	}
	a = w.do("PUT", path, map[string]any{"contentType": "story", "platforms": []any{map[string]any{"platform": "bluesky", "accountId": w.bluesky, "platformSpecificData": map[string]any{"firstComment": "x"}}}}).want(200)
	if list, _ := a.at("warnings").([]any); len(list) != 2 {
		t.Errorf("misplaced options: %s", a.body)
	}
}

func TestRefusedUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on := []any{target("bluesky", w.bluesky)}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "one", "scheduledFor": "2026-02-01T10:00:00Z", "platforms": on}).want(201).text("post._id")
	other := w.do("POST", "/v1/posts", map[string]any{"content": "two", "scheduledFor": "2026-02-01T10:00:00Z", "platforms": on}).want(201).text("post._id")
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "three", "platforms": on}).want(201).text("post._id")
	tests := []struct {
		id, body    string
		status      int
		code, param string
	}{
		{post, `{"tiktokSettings":{"draft":true}}`, 400, "invalid_field_value", "tiktokSettings"},
		{post, `{"facebookSettings":{"draft":true}}`, 400, "invalid_field_value", "facebookSettings"},
		{post, `{"recycling":{"gap":0}}`, 400, "invalid_field_value", "recycling.gap"},
		{post, `{"dryRun":true}`, 400, "invalid_field_value", "dryRun"},
		{post, `{"content":""}`, 400, "missing_required_field", "content"},
		{post, `{"platforms":[]}`, 400, "missing_required_field", "platforms"},
		{post, `{"platforms":null}`, 400, "missing_required_field", "platforms"},
		{post, `{"platforms":[{"platform":"bluesky"}]}`, 400, "missing_required_field", "platforms[0].accountId"},
		{post, `{"platforms":[{"platform":"friendster","accountId":"x"}]}`, 400, "invalid_field_value", "platforms[0].platform"},
		{post, `{"platforms":[{"platform":"bluesky","accountId":"x"}]}`, 403, "", "platforms[0].accountId"},
		{post, `{"content":"` + strings.Repeat("x", 301) + `"}`, 400, "invalid_field_value", "content"},
		{post, `{"content":"two"}`, 409, "duplicate_content", "platforms[0]"},
		{post, `{"scheduledFor":"soon"}`, 400, "invalid_field_value", "scheduledFor"},
		{post, `{"scheduledFor":null}`, 400, "missing_required_field", "scheduledFor"},
		{post, `{"queuedFromProfile":"x"}`, 404, "profile_not_found", "queuedFromProfile"},
		{post, `{"isDraft":"no"}`, 400, "invalid_field_value", "isDraft"},
		{post, ``, 400, "missing_required_field", "body"},
		{draft, `{"isDraft":false}`, 400, "missing_required_field", "scheduledFor"},
		{draft, `{"isDraft":false,"publishNow":true,"content":"two"}`, 409, "duplicate_content", "platforms[0]"},
		{"65f1c0a9e2b5af0012ab34cd", `{}`, 404, "not_found", ""},
		{"x", `{}`, 404, "not_found", ""},
	}
	was := map[string]string{}
	for _, id := range []string{post, other, draft} {
		was[id] = string(w.do("GET", "/v1/posts/"+id, nil).want(200).body)
	}
	w.advance(time.Minute) // what is changed would say so
	for _, tt := range tests {
		a := w.do("PUT", "/v1/posts/"+tt.id, tt.body)
		if a.status != tt.status || a.text("code") != tt.code || a.text("param") != tt.param {
			t.Errorf("%s: got %d %s, want %d %s at %s", tt.body, a.status, a.body, tt.status, tt.code, tt.param)
		}
	}
	if a := w.do("PUT", "/v1/posts/"+post, `{"content":"two"}`); a.text("existingPostId") != other || a.text("accountId") != w.bluesky || a.text("details.platform") != "bluesky" {
		t.Errorf("a duplicate: %s", a.body)
	}
	for id, body := range was {
		if got := string(w.do("GET", "/v1/posts/"+id, nil).want(200).body); got != body {
			t.Errorf("it was changed from %s to %s", body, got)
		}
		for _, path := range []string{"", "/retry", "/publish", "/duplicate"} {
			method := "POST"
			if path == "" {
				method = "PUT"
			}
			w.as(w.strangerKey, method, "/v1/posts/"+id+path, `{}`).want(404)
			w.as(w.scopedTo(w.second), method, "/v1/posts/"+id+path, `{}`).want(404)
		}
	}
}

// TestUpdateIsNotReplayed: x-request-id makes a repeated create the same post, and nothing else.
func TestUpdateIsNotReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.do("POST", "/v1/posts", `{"content":"a"}`, "x-request-id", "r").want(201).text("post._id")
	for _, text := range []string{"b", "c"} {
		if a := w.do("PUT", "/v1/posts/"+id, map[string]any{"content": text}, "x-request-id", "r").want(200); a.text("post.content") != text || a.text("post._id") != id {
			t.Errorf("an update: %s", a.body)
		}
	}
	first, second := w.do("POST", "/v1/posts/"+id+"/duplicate", nil, "x-request-id", "r").want(201), w.do("POST", "/v1/posts/"+id+"/duplicate", `{}`, "x-request-id", "r").want(201)
	if a, b := first.text("post._id"), second.text("post._id"); a == b || a == id || b == id || first.text("post.status") != "draft" || first.text("post.content") != "c" {
		t.Errorf("the copies: %s, %s", first.body, second.body)
	}
}

func TestUpdatePublishes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	on := []any{target("bluesky", w.bluesky)}
	id := w.do("POST", "/v1/posts", map[string]any{"content": "soon to be out", "platforms": on}).want(201).text("post._id")
	a := w.do("PUT", "/v1/posts/"+id, `{"isDraft":false,"publishNow":true,"content":"now it is out"}`).want(200)
	if a.text("post.status") != "published" || a.text("post.platforms.0.platformPostUrl") == "" || a.text("message") != "Post updated successfully" || w.visible("bluesky", "now it is out") != 1 {
		t.Errorf("publishNow: %s", a.body)
	}
	for _, body := range []string{`{"content":"b"}`, `{"isDraft":true}`, `{"publishNow":true}`, `{"scheduledFor":"2030-01-01T00:00:00Z"}`, `{"title":"t","recycling":{"enabled":false}}`} {
		w.do("PUT", "/v1/posts/"+id, body).want(400)
	}
	w.do("PUT", "/v1/posts/"+id, `{"recycling":{"enabled":false}}`).want(200)
	w.do("POST", "/v1/posts/"+id+"/publish", nil).want(400)
	w.do("POST", "/v1/posts/"+id+"/retry", nil).want(400)
	w.do("DELETE", "/v1/posts/"+id, nil).want(400)

	id = w.do("POST", "/v1/posts", map[string]any{"content": "a time gone by", "platforms": on, "scheduledFor": "2030-01-01T00:00:00Z"}).want(201).text("post._id")
	if a := w.do("PUT", "/v1/posts/"+id, `{"scheduledFor":"2020-01-01T00:00:00Z"}`).want(200); a.text("post.status") != "published" || w.visible("bluesky", "a time gone by") != 1 {
		t.Errorf("a time in the past: %s", a.body)
	}
	id = w.do("POST", "/v1/posts", map[string]any{"content": "by another name", "platforms": on}).want(201).text("post._id")
	if a := w.do("POST", "/v1/posts/"+id+"/publish", nil).want(200); a.text("post.status") != "published" || w.visible("bluesky", "by another name") != 1 {
		t.Errorf("publish: %s", a.body)
	}
	w.rule(fmt.Sprintf(refusePosts, 1))
	id = w.do("POST", "/v1/posts", map[string]any{"content": "refused", "platforms": on}).want(201).text("post._id")
	a = w.do("PUT", "/v1/posts/"+id, `{"isDraft":false,"publishNow":true,"langs":["en"]}`).want(207)
	if a.text("error") != "All platforms failed" || a.text("platformResults.0.status") != "failed" || a.text("post.status") != "failed" || a.text("warnings.0") == "" {
		t.Errorf("refused: %s", a.body)
	}
	a = w.do("PUT", "/v1/posts/"+id, `{"content":"accepted"}`).want(200)
	if a.text("post.status") != "failed" || a.text("post.content") != "accepted" {
		t.Errorf("a failed post is changed: %s", a.body)
	}
	if a := w.do("PUT", "/v1/posts/"+id, `{"publishNow":true}`).want(200); a.text("post.status") != "published" || w.visible("bluesky", "refused") != 0 || w.visible("bluesky", "accepted") != 1 {
		t.Errorf("and published: %s", a.body)
	}
}

// TestUpdateOfAPartlyPublishedPost: what is out stays, is told as it was published, and is never published again.
func TestUpdateOfAPartlyPublishedPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.rule(fmt.Sprintf(refusePosts, 1))
	photo := []any{map[string]any{"url": w.photos + "coast.jpg"}}
	both := []any{target("instagram", w.instagram), target("bluesky", w.bluesky)}
	made := w.do("POST", "/v1/posts", map[string]any{"content": "half of it", "mediaItems": photo, "platforms": both, "publishNow": true}).want(207)
	if made.text("post.status") != "partial" || made.at("error") != nil {
		t.Fatalf("created: %s", made.body)
	}
	path := "/v1/posts/" + made.text("post._id")
	w.do("PUT", path, `{"isDraft":true}`).want(400)
	a := w.do("PUT", path, map[string]any{"content": "the other half", "platforms": []any{both[1], both[0]}, "publishNow": true}).want(200)
	if a.text("post.status") != "published" || a.text("post.platforms.0.platform") != "bluesky" || a.text("post.platforms.1.platformPostId") != made.text("post.platforms.0.platformPostId") ||
		a.text("post.platforms.1.customContent") != "half of it" || a.text("warnings.0") == "" {
		t.Errorf("updated: %s", a.body)
	}
	for text, n := range map[string]int{"half of it": 1, "the other half": 0} {
		if got := w.visible("instagram", text); got != n {
			t.Errorf("%d posts at Instagram say %q, want %d", got, text, n)
		}
		if got := w.visible("bluesky", text); got != 1-n {
			t.Errorf("%d posts at Bluesky say %q, want %d", got, text, 1-n)
		}
	}
}

func TestUpdateWithinAQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.queue(w.profile, daily("12:00")...)
	first := w.do("POST", "/v1/posts", w.queued("first")).want(201)
	second := w.do("POST", "/v1/posts", w.queued("second")).want(201)
	taken, path := first.text("post.scheduledFor"), "/v1/posts/"+second.text("post._id")
	if a := w.do("PUT", path, map[string]any{"scheduledFor": taken}).want(409); a.text("code") != "queue_slot_conflict" || a.text("existingPostId") != first.text("post._id") {
		t.Errorf("a slot that is taken: %s", a.body)
	}
	a := w.do("PUT", path, map[string]any{"content": "second, changed"}).want(200)
	if a.text("post.scheduledFor") != second.text("post.scheduledFor") || a.text("post.queueId") != second.text("post.queueId") || a.text("post.content") != "second, changed" {
		t.Errorf("its text alone: %s", a.body)
	}
	if a = w.do("PUT", path, map[string]any{"scheduledFor": "2026-01-20T12:00:00Z"}).want(200); a.text("post.queueId") == "" {
		t.Errorf("another slot: %s", a.body)
	}
	if a = w.do("PUT", path, map[string]any{"queuedFromProfile": w.profile}).want(200); a.text("post.scheduledFor") != second.text("post.scheduledFor") {
		t.Errorf("the next free slot: %s", a.body)
	}
	draft := w.do("POST", "/v1/posts", w.queued("third", "isDraft", true)).want(201)
	if a = w.do("PUT", "/v1/posts/"+draft.text("post._id"), `{"isDraft":false}`).want(200); a.text("post.status") != "scheduled" || a.text("post.scheduledFor") != "2026-01-17T12:00:00.000Z" {
		t.Errorf("a draft that remembers its queue: %s", a.body)
	}
	// Two at once for one slot.
	var both sync.WaitGroup
	statuses := make([]int, 2)
	for i, id := range []string{second.text("post._id"), draft.text("post._id")} {
		both.Go(func() {
			statuses[i] = w.do("PUT", "/v1/posts/"+id, map[string]any{"scheduledFor": "2026-01-25T12:00:00Z"}).status
		})
	}
	both.Wait()
	if statuses[0]+statuses[1] != 200+409 {
		t.Errorf("two updates for one slot: %v", statuses)
	}
	// The slots of a queue that is deleted stay apart.
	w.do("DELETE", "/v1/queue/slots?profileId="+w.profile, nil).want(200)
	w.do("PUT", path, map[string]any{"content": "second, changed again"}).want(200)
	if a := w.do("PUT", path, map[string]any{"scheduledFor": taken}).want(409); a.text("code") != "queue_slot_conflict" {
		t.Errorf("a slot of a queue that is gone: %s", a.body)
	}
	if a = w.do("PUT", path, map[string]any{"scheduledFor": taken, "queuedFromProfile": nil}).want(200); a.at("post.queueId") != nil || a.at("post.queuedFromProfile") != nil {
		t.Errorf("out of the queue: %s", a.body)
	}
}

func TestListQueuedPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func(text, scheduledFor string, on map[string]any) {
		w.do("POST", "/v1/posts", map[string]any{"content": text, "scheduledFor": scheduledFor, "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg"}}, "platforms": []any{on}}).want(201)
	}
	create("b", "2026-02-02T10:00:00Z", target("bluesky", w.bluesky))
	create("a", "2026-02-01T10:00:00Z", target("bluesky", w.bluesky))
	create("c", "2026-02-03T10:00:00Z", target("instagram", w.instagram))
	w.do("POST", "/v1/posts", `{"content":"draft"}`).want(201)
	for query, want := range map[string]string{"": "[a b c]", "?limit=2": "[a b]", "?accountId=" + w.bluesky: "[a b]", "?accountId=" + w.instagram: "[c]", "?accountId=" + w.second: "[]", "?limit=2&page=2": "[c]"} {
		if got := fmt.Sprint(w.do("GET", "/v1/posts/queue"+query, nil).want(200).contents()); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	w.do("GET", "/v1/posts/queue?limit=501", nil).want(400)
	w.do("GET", "/v1/posts/queue?status=draft", nil).want(400)
	w.do("GET", "/v1/posts/queue?accountId=x", nil).want(400)
	w.do("PUT", "/v1/posts/queue", `{}`).want(404)
	w.do("DELETE", "/v1/posts/queue", nil).want(404)
}
