package api

import (
	"fmt"
	"sync"
	"testing"
)

func TestRetryPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.rule(fmt.Sprintf(refusePosts, 2))
	made := w.do("POST", "/v1/posts", map[string]any{"content": "try and try again", "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg"}}, "publishNow": true,
		"platforms": []any{target("instagram", w.instagram), target("bluesky", w.bluesky)}}).want(207)
	path := "/v1/posts/" + made.text("post._id") + "/retry"
	a := w.do("POST", path, nil).want(207)
	if a.text("message") == "" || a.text("error") == "" || a.text("post.status") != "partial" || a.at("platformResults") != nil || a.text("post.platforms.1.errorMessage") == "" {
		t.Errorf("refused again: %s", a.body)
	}
	a = w.do("POST", path, `{}`).want(200)
	if a.text("post.status") != "published" || a.text("message") == "" || a.text("post.platforms.0.platformPostId") != made.text("post.platforms.0.platformPostId") {
		t.Errorf("accepted: %s", a.body)
	}
	for _, platform := range []string{"instagram", "bluesky"} {
		if n := w.visible(platform, "try and try again"); n != 1 {
			t.Errorf("%d posts at %s", n, platform)
		}
	}
	w.do("POST", path, nil).want(400)
	draft := w.do("POST", "/v1/posts", `{"content":"draft"}`).want(201).text("post._id")
	w.do("POST", "/v1/posts/"+draft+"/retry", nil).want(400)
	w.do("POST", "/v1/posts/65f1c0a9e2b5af0012ab34cd/retry", nil).want(404)
	w.do("POST", "/v1/posts/x/retry", nil).want(404)
}

func TestAllTargetsFailAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.rule(fmt.Sprintf(refusePosts, 0))
	made := w.do("POST", "/v1/posts", map[string]any{"content": "never", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(207)
	a := w.do("POST", "/v1/posts/"+made.text("post._id")+"/retry", nil).want(207)
	if a.text("error") != "All platforms failed" || a.text("post.status") != "failed" {
		t.Errorf("got %s", a.body)
	}
	w.do("DELETE", "/v1/posts/"+made.text("post._id"), nil).want(200)
}

// TestDeleteAPartlyPublishedPost: the record goes, what is out stays out.
func TestDeleteAPartlyPublishedPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.rule(fmt.Sprintf(refusePosts, 1))
	made := w.do("POST", "/v1/posts", map[string]any{"content": "here to stay", "mediaItems": []any{map[string]any{"url": w.photos + "coast.jpg"}}, "publishNow": true,
		"platforms": []any{target("instagram", w.instagram), target("bluesky", w.bluesky)}}).want(207)
	path := "/v1/posts/" + made.text("post._id")
	if made.text("post.status") != "partial" {
		t.Fatalf("created: %s", made.body)
	}
	if a := w.do("DELETE", path, nil).want(200); a.text("message") != "Post deleted successfully" {
		t.Errorf("deleted: %s", a.body)
	}
	w.do("GET", path, nil).want(404)
	w.do("PUT", path, `{"publishNow":true}`).want(404)
	if n := w.visible("instagram", "here to stay"); n != 1 {
		t.Errorf("%d posts at Instagram", n)
	}
}

// TestRetriesAtOnce: of several retries one wins, and one post comes of it.
func TestRetriesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	w.rule(fmt.Sprintf(refusePosts, 1))
	made := w.do("POST", "/v1/posts", map[string]any{"content": "only once", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(207)
	var all sync.WaitGroup
	statuses := make([]int, 6)
	for i := range statuses {
		all.Go(func() { statuses[i] = w.do("POST", "/v1/posts/"+made.text("post._id")+"/retry", nil).status })
	}
	all.Wait()
	won := 0
	for _, status := range statuses {
		switch status {
		case 200:
			won++
		case 400, 409:
		default:
			t.Errorf("status %d", status)
		}
	}
	if n := w.visible("bluesky", "only once"); won != 1 || n != 1 {
		t.Errorf("%d retries won, %d posts are visible (%v)", won, n, statuses)
	}
}
