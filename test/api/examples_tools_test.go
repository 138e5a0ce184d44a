package api

import "net/url"

// exampleTools checks a post, a text, a picture and a subreddit without publishing.
func exampleTools(w *world) {
	w.do("POST", "/v1/tools/validate/post", map[string]any{"content": "Good morning from the coast", "platforms": []any{map[string]any{"platform": "bluesky"}}}).want(200)
	w.do("POST", "/v1/tools/validate/post", map[string]any{"content": "To nobody"}).want(400)
	w.do("POST", "/v1/tools/validate/post-length", map[string]any{"text": "Good morning from the coast"}).want(200)
	w.do("POST", "/v1/tools/validate/post-length", map[string]any{}).want(400)
	w.do("POST", "/v1/tools/validate/media", map[string]any{"url": w.photos + "coast.jpg"}).want(200)
	w.do("POST", "/v1/tools/validate/media", map[string]any{}).want(400)
	w.do("GET", "/v1/tools/validate/subreddit", url.Values{"name": {"golang"}}).want(200)
	w.do("GET", "/v1/tools/validate/subreddit", nil).want(400)
	w.do("POST", "/v1/posts/validate", map[string]any{"content": "Good morning from the coast", "platform": "bluesky"}).want(200)
	w.do("POST", "/v1/posts/validate", map[string]any{}).want(400)
	w.do("GET", "/v1/rules", url.Values{"platform": {"bluesky"}}).want(200)
	w.do("GET", "/v1/rules?%zz", nil).want(400)
}
