package sandbox

import (
	"net/http"
	"regexp"
	"sync"
	"time"

	"posthorn/internal/sandbox/fault"
)

// maxRequests is how many platform requests are remembered.
const maxRequests = 500

// request is one request that came through the gateway. It holds no query, header or body, and so no token.
type request struct {
	ID        int       `json:"id"`
	At        time.Time `json:"at"`
	Method    string    `json:"method"`
	Host      string    `json:"host"`
	Path      string    `json:"path"`   // as sent, without the query
	Status    int       `json:"status"` // zero: none was sent, or not yet
	Millis    float64   `json:"durationMs"`
	Open      bool      `json:"open"` // still being answered
	RequestID string    `json:"requestId,omitempty"`
	RemoteID  string    `json:"platformRequestId,omitempty"`
	Fault     string    `json:"fault,omitempty"` // "hold before (r3)"
}

// requestLog remembers the last platform requests.
type requestLog struct {
	mu      sync.Mutex
	entries []*request // oldest first
	next    int
	version int // grows with each change
}

func newRequestLog() *requestLog { return &requestLog{} }

// start records a request that has arrived.
func (l *requestLog) start(r *http.Request, at time.Time) *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	entry := &request{
		ID: l.next, At: at.UTC(), Method: r.Method, Host: r.Host, Path: hideToken(r.URL.EscapedPath()), Open: true,
		RequestID: shorten(r.Header.Get("X-Request-Id"), 100),
	}
	if len(l.entries) >= maxRequests {
		copy(l.entries, l.entries[1:])
		l.entries = l.entries[:maxRequests-1]
	}
	l.entries = append(l.entries, entry)
	l.version++
	return entry
}

// finish records how a request ended; status zero means that no answer was sent.
func (l *requestLog) finish(entry *request, status int, header http.Header, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Open, entry.Status = false, status
	entry.Millis = float64(took.Microseconds()) / 1000
	for _, name := range []string{"X-Request-Id", "X-Fb-Request-Id", "X-Fb-Trace-Id"} {
		if id := header.Get(name); id != "" {
			entry.RemoteID = shorten(id, 100)
			break
		}
	}
	l.version++
}

// newest returns up to n requests, the newest first.
func (l *requestLog) newest(n int) []request {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.entries))
	list := make([]request, 0, n)
	for i := range n {
		list = append(list, *l.entries[len(l.entries)-1-i])
	}
	return list
}

// state returns a number that grows whenever something is recorded.
func (l *requestLog) state() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}

// botToken is a Telegram bot's token, which travels in the path (https://core.telegram.org/bots/api#making-requests).
var botToken = regexp.MustCompile(`bot[0-9]+(?::|%3[aA])[^/]+`)

// hideToken takes a token out of a path.
func hideToken(path string) string { return botToken.ReplaceAllString(path, "bot[redacted]") }

// watcher passes an answer on and remembers its status and what a rule did to it.
type watcher struct {
	http.ResponseWriter
	log    *requestLog
	entry  *request
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *watcher) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watcher) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *watcher) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap serves http.ResponseController.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// NoteFault implements fault.Noter.
func (w *watcher) NoteFault(ruleID string, action fault.Action, when fault.Moment) {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	w.entry.Fault = string(action) + " " + string(when) + " (" + ruleID + ")"
	w.log.version++
}
