package api

import (
	"testing"
	"time"
)

// copyOf waits for the copy of a post.
func (w *world) copyOf(id string) map[string]any {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		list, _ := w.do("GET", "/v1/posts?limit=100", nil).want(200).at("posts").([]any)
		for _, p := range list {
			if post, _ := p.(map[string]any); post["recycledFromPostId"] == id {
				return post
			}
		}
	}
	w.t.Fatal("no copy was made")
	return nil
}

// TestRecycling publishes a post at the sandbox, moves the clock by a week, and sees the copy published.
func TestRecycling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	p := w.do("POST", "/v1/posts", map[string]any{"content": "first time", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)},
		"recycling": map[string]any{"gap": 1, "gapFreq": "week", "expireCount": 1, "contentVariations": []string{"second time", "third time"}}}).want(201)
	id := p.text("post._id")
	state := "post.recycling."
	if p.at(state+"enabled") != true || p.at(state+"recycleCount") != 0.0 || p.text(state+"nextRecycleAt") == "" || p.text(state+"startDate") != p.text("post.scheduledFor") {
		t.Errorf("created as %s", p.body)
	}
	w.advance(7 * 24 * time.Hour)
	made := w.copyOf(id)
	if made["content"] != "second time" {
		t.Errorf("the copy is %v", made)
	}
	for end := time.Now().Add(time.Minute); len(w.seenAt("bluesky")) < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the copy was not published: %s", w.do("GET", "/v1/posts/"+made["_id"].(string), nil).body)
		}
	}
	if seen := w.seenAt("bluesky"); seen[0].Text != "second time" {
		t.Errorf("the public sees %v", seen)
	}
	got := w.do("GET", "/v1/posts/"+id, nil).want(200)
	if got.at(state+"enabled") != false || got.at(state+"recycleCount") != 1.0 || got.at(state+"nextRecycleAt") != nil || got.text(state+"lastRecycledAt") == "" || got.at(state+"contentVariationIndex") != 1.0 {
		t.Errorf("at its end it is %s", got.body)
	}
}

func TestRecyclingIsValidated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		field     string
		recycling map[string]any
	}{
		{"recycling.gap", map[string]any{"enabled": true}},
		{"recycling.gap", map[string]any{"gap": 0}},
		{"recycling.gap", map[string]any{"gap": "x"}},
		{"recycling.gapFreq", map[string]any{"gap": 1, "gapFreq": "day"}},
		{"recycling.expireCount", map[string]any{"gap": 1, "expireCount": 0}},
		{"recycling.expireDate", map[string]any{"gap": 1, "expireDate": "2026-01-01"}},
		{"recycling.startDate", map[string]any{"gap": 1, "startDate": "soon"}},
		{"recycling.contentVariations", map[string]any{"gap": 1, "contentVariations": []string{"one"}}},
	} {
		got := w.do("POST", "/v1/posts", map[string]any{"content": "x", "scheduledFor": "2026-02-01T10:00:00Z", "platforms": []any{target("bluesky", w.bluesky)}, "recycling": tt.recycling}).want(400)
		if got.text("param") != tt.field {
			t.Errorf("%v: %s", tt.recycling, got.body)
		}
	}
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "x", "recycling": map[string]any{"gap": 2, "expireCount": nil, "expireDate": nil, "contentVariations": []string{}}}).want(201)
	if draft.at("post.recycling.enabled") != true || draft.text("post.recycling.gapFreq") != "month" || draft.at("post.recycling.nextRecycleAt") != nil {
		t.Errorf("a draft is %s", draft.body)
	}
	body := func(i int) map[string]any {
		return map[string]any{"content": time.Duration(i).String(), "scheduledFor": "2026-02-01T10:00:00Z", "platforms": []any{target("bluesky", w.bluesky)}, "recycling": map[string]any{"gap": 1}}
	}
	for i := range 10 {
		w.do("POST", "/v1/posts", body(i)).want(201)
	}
	if got := w.do("POST", "/v1/posts", body(10)).want(400); got.text("param") != "recycling" {
		t.Errorf("the eleventh: %s", got.body)
	}
}
