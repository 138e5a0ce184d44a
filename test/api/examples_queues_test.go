package api

import "net/url"

// exampleQueues makes a queue of slots, looks at what comes next, and takes it away.
func exampleQueues(w *world) {
	slots := []any{map[string]any{"dayOfWeek": 1, "time": "09:00"}, map[string]any{"dayOfWeek": 4, "time": "17:30"}}
	made := w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": "Mornings", "timezone": "America/New_York", "slots": slots}).want(201).text("schedule._id")
	w.do("POST", "/v1/queue/slots", map[string]any{"profileId": w.profile, "name": "Never", "timezone": "America/New_York", "slots": []any{map[string]any{"dayOfWeek": 7, "time": "09:00"}}}).want(400)
	queue := url.Values{"profileId": {w.profile}, "queueId": {made}}
	for _, path := range []string{"/v1/queue/slots", "/v1/queue/preview", "/v1/queue/next-slot"} {
		w.do("GET", path, queue).want(200)
		w.do("GET", path, nil).want(400)
		w.do("GET", path, url.Values{"profileId": {nothing}}).want(404)
	}
	w.do("PUT", "/v1/queue/slots", map[string]any{"profileId": w.profile, "queueId": made, "timezone": "America/New_York", "slots": slots[:1], "setAsDefault": true}).want(200)
	w.do("PUT", "/v1/queue/slots", map[string]any{"profileId": w.profile}).want(400)
	w.do("DELETE", "/v1/queue/slots?"+queue.Encode(), nil).want(200)
	w.do("DELETE", "/v1/queue/slots", nil).want(400)
}
