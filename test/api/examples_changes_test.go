package api

import "net/url"

// exampleChanges changes, copies, publishes and takes away posts.
func exampleChanges(w *world) {
	target := []any{target("bluesky", w.bluesky)}
	draft := w.do("POST", "/v1/posts", map[string]any{"content": "The harbour fair begins", "isDraft": true, "platforms": target}).want(201).text("post._id")
	path := "/v1/posts/" + draft
	w.do("PUT", path, map[string]any{"content": "The harbour fair begins on Friday", "scheduledFor": "2035-02-06T09:00:00", "timezone": "Europe/Berlin", "isDraft": false}).want(200)
	w.do("PUT", path, map[string]any{"scheduledFor": "on Friday"}).want(400)
	w.do("PUT", "/v1/posts/"+nothing, map[string]any{"content": "x"}).want(404)
	w.do("POST", path+"/duplicate", nil).want(201)
	w.do("POST", "/v1/posts/"+nothing+"/duplicate", nil).want(404)
	w.do("POST", path+"/retry", nil).want(400)
	w.do("POST", path+"/unpublish", map[string]any{"platform": "bluesky"}).want(400)
	w.work()
	w.do("POST", path+"/publish", nil).want(200)
	w.do("POST", path+"/publish", nil).want(400)
	w.do("PUT", path, map[string]any{"content": "too late"}).want(400)
	w.do("POST", path+"/edit", map[string]any{"platform": "bluesky", "content": "The harbour fair begins on Friday at nine"}).want(400)
	w.do("POST", path+"/update-metadata", map[string]any{"platform": "youtube", "title": "The harbour fair"}).want(400)
	w.do("POST", path+"/unpublish", map[string]any{"platform": "bluesky"}).want(200)
	failed := w.do("POST", "/v1/posts", map[string]any{"content": "Refused [[sandbox:fail]]", "platforms": target, "publishNow": true}).want(207).text("post._id")
	w.do("PUT", "/v1/posts/"+failed, map[string]any{"content": "Accepted"}).want(200)
	w.do("POST", "/v1/posts/"+failed+"/retry", nil).want(200)
}

// exampleBulk makes posts of a file and of a queue.
func exampleBulk(w *world) {
	file := "platforms,profiles,post_content,schedule_time,tz\nbluesky,Default,The first of many,2026-02-01T10:00,Europe/Berlin\nbluesky,Default,The second,2026-02-02T10:00,Europe/Berlin\n"
	w.upload("/v1/posts/bulk-upload", "file", "posts.csv", file).want(200)
	w.upload("/v1/posts/bulk-upload", "file", "posts.csv", "").want(400)
	w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": "Mornings", "timezone": "America/New_York", "slots": []any{map[string]any{"dayOfWeek": 1, "time": "09:00"}}}).want(201)
	w.do("POST", "/v1/posts", map[string]any{"content": "In its turn", "platforms": []any{target("bluesky", w.bluesky)}, "queuedFromProfile": w.profile}).want(201)
	w.do("GET", "/v1/posts/queue", url.Values{"accountId": {w.bluesky}}).want(200)
	w.do("GET", "/v1/posts/queue", url.Values{"limit": {"0"}}).want(400)
}
