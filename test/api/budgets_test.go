package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// budget is one budget of an account as the API shows it.
func (w *world) budget(account, name string) map[string]any {
	w.t.Helper()
	list, _ := w.do("GET", "/v1/accounts/"+account+"/budgets", nil).want(200).at("budgets").([]any)
	for _, b := range list {
		if state, _ := b.(map[string]any); state["name"] == name {
			return state
		}
	}
	w.t.Fatalf("account %s has no budget %s", account, name)
	return nil
}

// TestBudgetIsHeldTo publishes more than an account may in an hour: what is over waits, says why, and goes out when there is room. The
// other account is not held up.
func TestBudgetIsHeldTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_BUDGETS=bluesky.points_hour=6,instagram.calls_hour=0", "POSTHORN_PUBLISH_WAIT=5s") // a post at Bluesky spends three
	w.work()
	publish := func(i int) answer {
		return w.do("POST", "/v1/posts", map[string]any{"content": fmt.Sprintf("post %d", i), "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}})
	}
	for i := range 2 {
		publish(i).want(201)
	}
	if b := w.budget(w.bluesky, "points_hour"); b["used"] != 6.0 || b["percent"] != 100.0 || b["limit"] != 6.0 || b["freesAt"] == nil {
		t.Errorf("the budget is %v", b)
	}
	held := publish(2)
	id := held.text("post._id")
	if held.status >= 400 || held.text("post.platforms.0.status") == "published" || held.text("post.platforms.0.status") == "failed" {
		t.Fatalf("over the budget: %d %s", held.status, held.body)
	}
	timeline := ""
	for end := time.Now().Add(time.Minute); !strings.Contains(timeline, "waiting for Bluesky"); time.Sleep(50 * time.Millisecond) {
		if timeline = string(w.do("GET", "/v1/posts/"+id+"/logs", nil).want(200).body); time.Now().After(end) {
			t.Fatalf("the timeline does not say why: %s", timeline)
		}
	}
	if !strings.Contains(timeline, "budget of 6 points hour in an hour is used up until ") {
		t.Errorf("the timeline says %s", timeline)
	}
	w.do("POST", "/v1/posts", map[string]any{"content": "elsewhere", "publishNow": true, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}},
		"platforms": []any{target("instagram", w.instagram)}}).want(201)
	if seen := len(w.seenAt("bluesky")); seen != 2 {
		t.Fatalf("%d posts are at Bluesky, want 2", seen)
	}
	w.advance(62 * time.Minute)
	w.until(id, "published")
	if seen := len(w.seenAt("bluesky")); seen != 3 {
		t.Errorf("%d posts are at Bluesky, want 3", seen)
	}
	w.as(w.strangerKey, "GET", "/v1/accounts/"+w.bluesky+"/budgets", nil).want(404)
}

// TestBudgetForecast: what is scheduled for the next day is held against what is left.
func TestBudgetForecast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_BUDGETS=bluesky.points_day=9")
	for i := range 3 {
		w.scheduled(fmt.Sprintf("post %d", i), w.bluesky, start.Add(time.Duration(i+1)*time.Hour)).want(201)
	}
	forecast := func() map[string]any {
		return w.budget(w.bluesky, "points_day")["forecast"].(map[string]any)
	}
	if f := forecast(); f["needed"] != 9.0 || f["fits"] != true {
		t.Errorf("three posts: %v", f)
	}
	w.scheduled("one more", w.bluesky, start.Add(4*time.Hour)).want(201)
	w.scheduled("the day after", w.bluesky, start.Add(40*time.Hour)).want(201)
	if f := forecast(); f["needed"] != 12.0 || f["fits"] != false {
		t.Errorf("four posts: %v", f)
	}
}
