package api

import (
	"net/url"
	"time"
)

// examplePosts schedules a post, publishes one, reads and deletes.
func examplePosts(w *world) {
	photo := map[string]any{"type": "image", "url": w.photos + "coast.jpg", "altText": "A coast at sunset"}
	later := map[string]any{"content": "The lighthouse opens again on Saturday. #coast", "mediaItems": []any{photo},
		"platforms":    []any{target("bluesky", w.bluesky), target("instagram", w.instagram)},
		"scheduledFor": "2026-02-01T10:00:00", "timezone": "Europe/Berlin"}
	w.do("POST", "/v1/posts", later, "x-request-id", "spring-opening").want(201)
	w.do("POST", "/v1/posts", later, "x-request-id", "spring-opening").want(200)
	w.do("POST", "/v1/posts", later).want(409)
	w.do("POST", "/v1/posts", map[string]any{"content": "No picture", "platforms": []any{target("instagram", w.instagram)}, "publishNow": true}).want(400)
	w.as(w.strangerKey, "POST", "/v1/posts", later).want(403)
	w.do("GET", "/v1/posts", url.Values{"limit": {"5"}, "status": {"scheduled"}, "sortBy": {"scheduled-asc"}}).want(200)
	w.do("GET", "/v1/posts", url.Values{"limit": {"501"}}).want(400)
	w.work()
	published := w.do("POST", "/v1/posts", map[string]any{"content": "Good morning from the coast", "mediaItems": []any{photo}, "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(201).text("post._id")
	w.do("POST", "/v1/posts", map[string]any{"content": "Refused [[sandbox:fail]]", "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(207)
	w.written()
	w.do("GET", "/v1/posts/"+published, nil).want(200)
	w.do("GET", "/v1/posts/"+nothing, nil).want(404)
	w.do("GET", "/v1/posts/"+published+"/logs", nil).want(200)
	w.do("GET", "/v1/posts/6745a1b2c3d4e5f600000000/logs", nil).want(404)
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "A draft", "isDraft": true}).want(201).text("post._id")
	w.do("DELETE", "/v1/posts/"+draft, nil).want(200)
	w.do("DELETE", "/v1/posts/"+draft, nil).want(404)
	w.do("DELETE", "/v1/posts/"+published, nil).want(400)
	w.advance(time.Second)
}
