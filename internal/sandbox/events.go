package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// Rhythm of the event stream.
const (
	pollEvery      = 300 * time.Millisecond
	keepAliveEvery = 15 * time.Second
)

// getEvents is a stream of server-sent events: "posts" when the list of posts has changed, "requests" when a platform request
// was recorded. The first of each tells how things stand. The fakes are asked only while somebody listens.
func (s *Sandbox) getEvents(w http.ResponseWriter, r *http.Request) error {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")

	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	posts, requests, silent := "", -1, time.Duration(0)
	for {
		message := ""
		list := s.posts(filter{})
		if v := version(list); v != posts {
			posts = v
			message += fmt.Sprintf("event: posts\ndata: {\"version\": %q, \"count\": %d}\n\n", v, len(list))
		}
		if v := s.log.state(); v != requests {
			requests = v
			message += fmt.Sprintf("event: requests\ndata: {\"version\": %d}\n\n", v)
		}
		if silent += pollEvery; message == "" && silent >= keepAliveEvery {
			message = ": still here\n\n"
		}
		if message != "" {
			silent = 0
			if _, err := w.Write([]byte(message)); err != nil {
				return nil //nolint:nilerr // the client has gone
			}
			if err := out.Flush(); err != nil {
				return nil //nolint:nilerr // the client has gone
			}
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return nil
		case <-s.done:
			return nil
		}
	}
}
