package api

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestCreateAndReadAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, body := range map[string]map[string]any{
		"draft": {"content": "a", "isDraft": true, "tags": []string{"a", "b", "a"}, "hashtags": []string{"x"}, "mentions": []string{"y"}, "visibility": "unlisted", "timezone": "Europe/Berlin"},
		"full": {"title": "t", "content": "hello", "scheduledFor": "2026-03-01T10:00:00.123456789", "timezone": "America/New_York", "metadata": map[string]any{"b": 1.5, "a": []any{nil, true}},
			"crosspostingEnabled": false, "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg", "altText": "coast", "mine": 1}},
			"platforms": []any{target("bluesky", w.bluesky), map[string]any{"platform": "instagram", "accountId": w.instagram, "customContent": "own", "scheduledFor": "2026-04-01T10:00:00Z",
				"platformSpecificData": map[string]any{"firstComment": "c", "collaborators": []string{"a"}}, "customMedia": []any{map[string]any{"url": w.photos + "dunes.jpg", "type": "image"}}}}},
	} {
		made := w.do("POST", "/v1/posts", body).want(201)
		read := w.do("GET", "/v1/posts/"+made.text("post._id"), nil).want(200)
		if got, want := fmt.Sprint(made.at("post")), fmt.Sprint(read.at("post")); got != want {
			t.Errorf("%s: created as\n%s\nread as\n%s", name, got, want)
		}
	}
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	on := []any{target("bluesky", w.bluesky)}
	long := strings.Repeat("x", 100)
	tests := []struct {
		name        string
		body        map[string]any
		code, param string
	}{
		{"no content", map[string]any{"publishNow": true, "platforms": on}, "missing_required_field", "content"},
		{"no content at a time", map[string]any{"content": " \n", "scheduledFor": "2026-06-01T10:00:00Z", "platforms": on}, "missing_required_field", "content"},
		{"a long tag", map[string]any{"isDraft": true, "tags": []string{long + "x"}}, "invalid_field_value", "tags[0]"},
		{"many tags", map[string]any{"isDraft": true, "tags": []string{"1" + long[1:], "2" + long[1:], "3" + long[1:], "4" + long[1:], "5" + long[1:], "6"}}, "invalid_field_value", "tags"},
		{"a dry run of another platform", map[string]any{"content": "a", "dryRun": true, "platforms": on}, "invalid_field_value", "platforms"},
		{"a dry run without platforms", map[string]any{"content": "a", "dryRun": true}, "invalid_field_value", "platforms"},
	}
	for _, tt := range tests {
		a := w.do("POST", "/v1/posts", tt.body).want(400)
		if a.text("code") != tt.code || a.text("param") != tt.param {
			t.Errorf("%s: %s", tt.name, a.body)
		}
	}
	if n := w.total(); n != 0 {
		t.Errorf("%d posts were made", n)
	}
	for name, body := range map[string]map[string]any{
		"a draft without content": {"isDraft": true, "platforms": on},
		"own content":             {"scheduledFor": "2026-06-01T10:00:00Z", "platforms": []any{map[string]any{"platform": "bluesky", "accountId": w.bluesky, "customContent": "own"}}},
		"a thread": {"scheduledFor": "2026-06-01T10:00:00Z", "platforms": []any{map[string]any{"platform": "bluesky", "accountId": w.bluesky,
			"platformSpecificData": map[string]any{"threadItems": []any{map[string]any{"content": "one"}, map[string]any{"content": "two"}}}}}},
		"media": {"scheduledFor": "2026-06-01T10:00:00Z", "platforms": on, "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg"}}},
	} {
		if a := w.do("POST", "/v1/posts", body); a.status != 201 {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func TestMisplacedOptionsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.later("hello")
	body["firstComment"], body["contentType"] = "c", "story"
	body["platforms"] = []any{map[string]any{"platform": "bluesky", "accountId": w.bluesky, "langs": []string{"en"}, "platformSpecificData": map[string]any{"shareToFeed": true, "mine": 1}}}
	a := w.do("POST", "/v1/posts", body).want(201)
	for i, want := range []string{"contentType in the post's root", "firstComment in the post's root", "platforms[0].langs", "platforms[0].platformSpecificData.shareToFeed"} {
		if got := a.text(fmt.Sprint("warnings.", i)); !strings.HasPrefix(got, want) {
			t.Errorf("warning %d is %q, want it to begin with %q", i, got, want)
		}
	}
	if a.at("warnings.4") != nil {
		t.Errorf("more warnings: %s", a.body)
	}
}

func TestEqualRequestIDsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		wg.Go(func() { answers[i] = w.do("POST", "/v1/posts", w.later("once"), "x-request-id", "r-1") })
	}
	wg.Wait()
	made := 0
	for _, a := range answers {
		if a.status == 201 {
			made++
		} else {
			a.want(200)
		}
		if a.text("post._id") != answers[0].text("post._id") {
			t.Errorf("two posts: %s", a.body)
		}
	}
	if made != 1 || w.total() != 1 {
		t.Errorf("%d say that they made the post, and there are %d", made, w.total())
	}
}
