package fault

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
)

// maxBody is the largest request body that a fault keeps in memory: a platform's largest upload.
const maxBody = 1 << 30

// buffer reads a request's body to its end and puts what it read in its place.
func buffer(r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return err
	}
	if len(data) > maxBody {
		return errors.New("the body is too large")
	}
	r.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// writeStatus answers as a rule says. JSON is assumed of a body that looks like it, as platforms answer in it.
func writeStatus(w http.ResponseWriter, rule Rule) {
	if b := rule.Body; b != "" && (b[0] == '{' || b[0] == '[') {
		w.Header().Set("Content-Type", "application/json")
	}
	for name, value := range rule.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(rule.Status)
	_, _ = io.WriteString(w, rule.Body) // a client that has gone needs no answer
}

// recorder keeps a server's answer until it may be sent.
type recorder struct {
	header http.Header // being built
	sent   http.Header // as it was when the server wrote its status
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (a *recorder) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *recorder) WriteHeader(status int) {
	if a.status == 0 && status >= 200 { // informational answers are not kept
		a.status, a.sent = status, a.header.Clone()
	}
}

// Write implements http.ResponseWriter.
func (a *recorder) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush implements http.Flusher; there is nobody to flush to yet.
func (a *recorder) Flush() {}

// copyTo sends the kept answer.
func (a *recorder) copyTo(w http.ResponseWriter) {
	a.WriteHeader(http.StatusOK)
	maps.Copy(w.Header(), a.sent)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that has gone needs no answer
}
