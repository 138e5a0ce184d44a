package webhooks_test

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"posthorn/internal/events"
	"posthorn/internal/outbound"
	"posthorn/internal/webhooks"
)

// TestBadReceivers delivers to servers that misbehave, each in its own way. Every attempt fails in time, is logged with what the server
// said, and is made again later.
func TestBadReceivers(t *testing.T) {
	t.Parallel()
	elsewhere := newReceiver(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS() // with a certificate that nobody trusts
	t.Cleanup(secure.Close)
	for name, tt := range map[string]struct {
		url      string
		answer   func(w http.ResponseWriter, r *http.Request)
		status   int
		error    string
		after    time.Duration // the least wait for the next attempt
		response string
	}{
		"500":                   {answer: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) }, status: 500, error: "answered 500", response: "broken\n", after: 30 * time.Second},
		"302":                   {answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.endpoint, 302) }, status: 302, error: "redirects"},
		"307":                   {answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.endpoint, 307) }, status: 307, error: "redirects"},
		"429":                   {answer: retryAt("7200", 429), status: 429, error: "answered 429", after: 2 * time.Hour},
		"503 with a date":       {answer: retryAt("Mon, 23 Nov 2026 13:00:00 GMT", 503), status: 503, error: "answered 503", after: 3*time.Hour - time.Second},
		"429 for ever":          {answer: retryAt("99999999999999", 429), status: 429, error: "answered 429", after: 24*time.Hour - time.Second},
		"429 with nonsense":     {answer: retryAt("-1; soon", 429), status: 429, error: "answered 429", after: 30 * time.Second},
		"hangs":                 {answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, error: "no answer within 10 s"},
		"hangs in its answer":   {answer: hangAfter("begun"), error: "broke off", response: "begun"},
		"dies before an answer": {answer: func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }, error: "broke off"},
		"dies in its answer": {answer: func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, error: "broke off", response: "half"},
		"speaks nonsense": {answer: func(w http.ResponseWriter, _ *http.Request) { hijack(w, "220 mail.example.com ESMTP\r\n") }, error: "broke off"},
		"bad certificate": {url: secure.URL, error: "certificate"},
		"no TLS":          {url: strings.Replace(elsewhere.endpoint, "http:", "https:", 1), error: "TLS"},
		"nobody there":    {url: closed.URL, error: "cannot be reached"},
		"no such host":    {url: "http://nowhere.invalid/hook", error: "host name"},
		"binary answer": {answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = w.Write([]byte("a\x00b\xffc"))
		}, status: 400, error: "answered 400", response: "ab?c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, url := newWorld(t), tt.url
			if tt.answer != nil {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					tt.answer(w, r)
				}))
				t.Cleanup(srv.Close)
				url = srv.URL
			}
			w.listen(t, url, "post.published")
			w.emit(t, events.PostPublished, "p1")
			w.dispatch(t, 1)
			begun := time.Now()
			again, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID)
			if err != nil || again.Sub(w.now) < max(tt.after, 30*time.Second) || again.Sub(w.now) > max(tt.after, 30*time.Second)+10*time.Second {
				t.Errorf("again in %v, %v", again.Sub(w.now), err)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
			list, _, err := w.Log(t.Context(), w.owner, webhooks.LogFilter{Limit: 10})
			if err != nil || len(list) != 1 || list[0].Succeeded || list[0].StatusCode != tt.status || !strings.Contains(list[0].Error, tt.error) || list[0].Response != tt.response {
				t.Errorf("the log: %+v, %v", list, err)
			}
		})
	}
	t.Cleanup(func() {
		if len(elsewhere.got) > 0 {
			t.Errorf("a redirect was followed: %v", elsewhere.bodies)
		}
	})
}

func retryAt(value string, status int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", value)
		w.WriteHeader(status)
	}
}

func hangAfter(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, text)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// hijack writes raw bytes and closes the connection.
func hijack(w http.ResponseWriter, raw string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, raw)
	conn.(*net.TCPConn).Close()
}

// TestAVastAnswer is one of 100 MB: 10 KB of it are read and kept, and it counts as a success.
func TestAVastAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := make(chan int64, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n, _ := io.Copy(w, bytes.NewReader(bytes.Repeat([]byte("x"), 100<<20)))
		sent <- n
	}))
	t.Cleanup(srv.Close)
	w.listen(t, srv.URL, "post.published")
	w.emit(t, events.PostPublished, "p1")
	w.dispatch(t, 1)
	if again, err := w.Service.Deliver(t.Context(), w.due[0].DeliveryID); err != nil || !again.IsZero() {
		t.Errorf("again %v, %v", again, err)
	}
	list, _, err := w.Log(t.Context(), w.owner, webhooks.LogFilter{Limit: 10})
	if err != nil || len(list) != 1 || !list[0].Succeeded || len(list[0].Response) != 10<<10 {
		t.Errorf("%d lines, %v", len(list), err)
	}
	if n := <-sent; n > 20<<20 {
		t.Errorf("%d MB were taken", n>>20)
	}
	runtime.KeepAlive(srv)
}

// TestPrivateAddressesAreRefused leads endpoints to addresses of this machine and its surroundings, also by names.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	far := newReceiver(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(far.endpoint, "http://"), ":")
	w := newWorld(t)
	w.Client = outbound.NewGuarded(outbound.Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "0.0.0.0", "2130706433"} {
		e := w.listen(t, "http://"+host+":"+port+"/hook", "post.published")
		got, err := w.Test(t.Context(), w.owner, e.ID)
		if err != nil || got.Succeeded || got.StatusCode != 0 || !strings.Contains(got.Error, "public address") && !strings.Contains(got.Error, "host name") {
			t.Errorf("%s: %+v, %v", host, got, err)
		}
	}
	t.Cleanup(func() {
		if len(far.got) > 0 {
			t.Errorf("%d requests arrived", len(far.got))
		}
	})
}
