package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// locked is a writer that may be read meanwhile.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// TestListen listens to a server whose streams break off after each event, and passes on what comes.
func TestListen(t *testing.T) { // not parallel: it sets the environment
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sk_x" || r.URL.Path != "/v1/events/stream" || r.URL.Query().Get("events") != "post.published" {
			http.Error(w, `{"error":"who?"}`, 401)
			return
		}
		last := r.Header.Get("Last-Event-ID")
		asked <- last
		n := map[string]int{"": 1, "7.1": 2, "7.2": 3}[last]
		if n > 0 && n < 3 {
			fmt.Fprintf(w, ": hello\n\nid: 7.%d\nevent: post.published\nsequence: %d\ndata: {\"id\":\"e%d\",\"post\":{\"id\":\"p1\",\"status\":\"published\"}}\n\nid: 7.9\nevent: cut", n, n, n)
			return // in the middle of the next one
		}
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	heard := make(chan *http.Request, 10)
	mine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		heard <- r
		w.WriteHeader(202)
	}))
	defer mine.Close()
	t.Setenv("POSTHORN_URL", server.URL+"/")
	t.Setenv("POSTHORN_API_KEY", "sk_x")
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var out locked
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"listen", "-forward", mine.URL, "-events", "post.published", "-secret", "s3cret"}, &out)
	}()
	for n := 1; n <= 2; n++ {
		select {
		case r := <-heard:
			body, _ := io.ReadAll(r.Body)
			if want := fmt.Sprintf("e%d", n); r.Header.Get("X-Zernio-Event-Id") != want || r.Header.Get("webhook-id") != want || !strings.Contains(string(body), want) ||
				r.Header.Get("X-Posthorn-Sequence") != fmt.Sprint(n) || len(r.Header.Get("X-Zernio-Signature")) != 64 || !strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,") {
				t.Errorf("event %d came as %s with %v", n, body, r.Header)
			}
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, out.String())
		}
	}
	for _, want := range []string{"", "7.1", "7.2"} {
		if got := <-asked; got != want {
			t.Errorf("it asked for what comes after %q, want %q", got, want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := out.String(); strings.Count(got, " post.published e") != 2 || !strings.Contains(got, "7.2 post.published e2 post p1 (published) -> 202\n") {
		t.Errorf("it printed\n%s", got)
	}
}

func TestListenRefused(t *testing.T) { // not parallel: it sets the environment
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(403)
		fmt.Fprint(w, `{"error":"this key may not read webhooks"}`)
	}))
	defer server.Close()
	for _, tt := range []struct {
		url, key, want string
		args           []string
	}{
		{"", "sk_x", "POSTHORN_URL is missing", nil},
		{server.URL, "", "POSTHORN_API_KEY is missing", nil},
		{server.URL, "sk_x", "may not read webhooks", nil},
		{server.URL, "sk_x", "not an http address", []string{"-forward", "localhost:3000"}},
	} {
		t.Setenv("POSTHORN_URL", tt.url)
		t.Setenv("POSTHORN_API_KEY", tt.key)
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		err := run(ctx, append([]string{"listen"}, tt.args...), io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("with %q and %q: %v, want %q", tt.url, tt.key, err, tt.want)
		}
		stop()
	}
}
