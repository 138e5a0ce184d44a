package media

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Own gives a client that reads what the store itself serves straight from the store, and everything else as before. The server may not be
// reachable from itself under the address that the world knows, and a guarded client would not call it on a private one.
func (s *Store) Own(client *http.Client) *http.Client {
	own := *client
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	public, err := url.Parse(s.public)
	if err != nil {
		return client
	}
	own.Transport = &ownTransport{public: public, handler: s.Handler(), next: next}
	return &own
}

type ownTransport struct {
	public  *url.URL
	handler http.Handler
	next    http.RoundTripper
}

// RoundTrip answers from the store what lies under its public address.
func (t *ownTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	path, ours := strings.CutPrefix(r.URL.Path, strings.TrimRight(t.public.Path, "/"))
	if !ours || !strings.HasPrefix(path, Prefix) || r.URL.Scheme != t.public.Scheme || !strings.EqualFold(r.URL.Host, t.public.Host) {
		return t.next.RoundTrip(r)
	}
	if r.Body != nil {
		r.Body.Close()
	}
	asked := r.Clone(r.Context())
	asked.URL.Path, asked.URL.RawPath, asked.Body = path, "", http.NoBody
	pr, pw := io.Pipe()
	w := &pipedAnswer{header: http.Header{}, begun: make(chan struct{}), pipe: pw}
	go func() {
		defer func() { // as net/http does for a handler that gives up
			if recover() != nil {
				pw.CloseWithError(errors.New("the file cannot be read"))
			}
		}()
		t.handler.ServeHTTP(w, asked)
		w.WriteHeader(http.StatusOK)
		pw.Close()
	}()
	select {
	case <-w.begun:
	case <-r.Context().Done():
		pr.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	resp := &http.Response{Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.sent, Body: pr, ContentLength: -1, Request: r}
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	if r.Method == http.MethodHead {
		pr.Close()
		resp.Body = http.NoBody
	}
	return resp, nil
}

// pipedAnswer is a handler's answer that is read while it is written.
type pipedAnswer struct {
	header, sent http.Header
	status       int
	begun        chan struct{}
	once         sync.Once
	pipe         *io.PipeWriter
}

// Header is what will be sent.
func (w *pipedAnswer) Header() http.Header { return w.header }

// WriteHeader begins the answer.
func (w *pipedAnswer) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

// Write hands bytes to the reader.
func (w *pipedAnswer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}
