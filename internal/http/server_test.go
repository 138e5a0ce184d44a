package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"posthorn"
	"posthorn/internal/errs"
	"posthorn/internal/openapi"
)

func TestEveryOperationHasAHandler(t *testing.T) {
	t.Parallel()
	s := newAPI(t).server
	handlers := s.handlers()
	for path, item := range s.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if handlers[op.OperationID] == nil {
				t.Errorf("%s %s: no handler for %q", method, path, op.OperationID)
			}
			delete(handlers, op.OperationID)
		}
	}
	for id := range handlers {
		t.Errorf("handler %q has no operation", id)
	}
	var err error
	if s.doc, err = openapi3.NewLoader().LoadFromData(posthorn.OpenAPI); err != nil { // one that may be changed
		t.Fatal(err)
	}
	if op := s.doc.Paths.Find("/v1/posts").Get; true {
		op.OperationID = "nobody"
		if err := s.route(); err == nil || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("an operation without handler gave %v", err)
		}
		op.OperationID = "createPost"
		if err := s.route(); err == nil {
			t.Error("one operationId twice was accepted")
		}
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	tests := []struct {
		header string
		status int
	}{
		{"", 401}, {"Bearer", 401}, {"Bearer ", 401}, {"Basic " + testKey, 401}, {testKey, 401}, {"Bearer sk_123", 401}, {"Bearer sk_" + strings.Repeat("0", 64), 401},
		{"Bearer \x00", 401}, {"Bearer " + strings.Repeat("a", 1<<16), 401}, {"bearer " + testKey, 200}, {"Bearer  " + testKey, 200}, {"Bearer sk_away", 503},
	}
	for _, tt := range tests {
		a := newAPI(t)
		got := a.do("GET", "/v1/posts", "", "Authorization", tt.header)
		if got.status != tt.status {
			t.Errorf("%q: status %d, want %d", clip(tt.header, 40), got.status, tt.status)
		}
		if tt.status == 401 && (got.json(t)["type"] != "authentication_error" || got.header.Get("WWW-Authenticate") != "Bearer") {
			t.Errorf("%q: %s", clip(tt.header, 40), got.body)
		}
		if strings.Contains(a.log.String(), "sk_") {
			t.Errorf("a key is in the log: %s", a.log)
		}
	}
}

func TestEveryRouteButTheOpenOnesNeedsAKey(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	open := map[string]bool{"/health": true, "/healthz": true, "/readyz": true, "/openapi.yaml": true, "/openapi.json": true,
		"/v1/invite/accept": true, "/api/auth/cli/initiate": true, "/v1/connect/pending-data": true, "/v1/connect/linkedin/organizations": true}
	for path, item := range a.server.doc.Paths.Map() {
		for method := range item.Operations() {
			for _, prefix := range []string{"", "/api"} {
				if prefix != "" && (open[path] || strings.HasPrefix(path, prefix)) {
					continue
				}
				// A body that is not valid shows that the key is asked for first.
				got := a.do(method, prefix+strings.ReplaceAll(path, "{postId}", postID), "garbage", "Authorization", "")
				if (got.status == 401) == open[path] {
					t.Errorf("%s %s%s without a key: %d", method, prefix, path, got.status)
				}
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	tests := []struct{ method, path, allow string }{
		{"PUT", "/v1/posts", "GET, HEAD, POST"},
		{"POST", "/api/v1/posts/" + postID, "DELETE, GET, HEAD, PUT"},
		{"BREW", "/v1/accounts", "GET, HEAD"},
		{"OPTIONS", "/v1/accounts", "GET, HEAD"},
		{"DELETE", "/healthz", "GET, HEAD"},
	}
	for _, tt := range tests {
		got := a.do(tt.method, tt.path, "")
		if got.status != 405 || got.header.Get("Allow") != tt.allow || got.json(t)["code"] != "method_not_allowed" {
			t.Errorf("%s %s: %d, Allow %q: %s", tt.method, tt.path, got.status, got.header.Get("Allow"), got.body)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	server := httptest.NewServer(a.server)
	defer server.Close()
	for _, path := range []string{"/healthz", "/v1/posts", "/api/v1/platforms", "/v1/posts/" + postID, "/openapi.yaml"} {
		r, err := http.NewRequest(http.MethodHead, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+testKey)
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || err != nil || len(body) != 0 || resp.ContentLength <= 0 {
			t.Errorf("HEAD %s: %d, %d bytes, length %d, %v", path, resp.StatusCode, len(body), resp.ContentLength, err)
		}
	}
}

// TestLargeBodyIsAnswered sends more than the limit over a real connection: the client must get the answer, not a broken connection.
func TestLargeBodyIsAnswered(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	server := httptest.NewServer(a.server)
	defer server.Close()
	for name, body := range map[string]io.Reader{
		"length told":   strings.NewReader(strings.Repeat("a", 12<<20)),
		"length untold": io.MultiReader(strings.NewReader(strings.Repeat("a", 12<<20))),
	} {
		r, err := http.NewRequest(http.MethodPost, server.URL+"/v1/posts", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+testKey)
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != 413 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *Config) {
		c.Media = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/media/begun" {
				w.WriteHeader(200)
			}
			panic("hunter2")
		})
	})
	w := httptest.NewRecorder()
	a.server.ServeHTTP(w, httptest.NewRequest("GET", "/media/x", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if log := a.log.String(); !strings.Contains(log, "hunter2") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not tell of the panic: %s", log)
	}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("an answer that had begun was not cut")
			}
		}()
		a.server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/media/begun", nil))
	}()
}

func TestLogLine(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.do("POST", "/api/v1/posts", `{"content":"private text"}`, "X-Request-Id", "req-1")
	a.do("GET", "/v1/posts?search=private", "")
	a.do("GET", "/healthz", "")
	lines := strings.Split(strings.TrimSpace(a.log.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines for 3 requests:\n%s", len(lines), a.log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"method": "POST", "route": "/api/v1/posts", "status": 201.0, "ms": 0.0, "request_id": "req-1", "owner": ownerID, "key": "key1", "level": "info"} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Contains(a.log.String(), "private") {
		t.Errorf("what was sent is in the log: %s", a.log)
	}
	if !strings.Contains(lines[2], `"level":"debug"`) {
		t.Errorf("a health check is logged as %s", lines[2])
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	if got := a.do("GET", "/readyz", "", "Authorization", ""); got.status != 200 || string(got.body) != `{"checks":{"database":{"ok":true}},"status":"ready"}`+"\n" {
		t.Errorf("ready: %d %s", got.status, got.body)
	}
	a.health = map[string]error{"database": nil, "schema": errors.New("hunter2"), "worker": errs.New(errs.Unavailable, "no worker has been heard of for 40s")}
	got := a.do("GET", "/readyz", "")
	want := `{"checks":{"database":{"ok":true},"schema":{"error":"failed","ok":false},"worker":{"error":"no worker has been heard of for 40s","ok":false}},"status":"not ready"}` + "\n"
	if got.status != 503 || string(got.body) != want {
		t.Errorf("not ready: %d %s", got.status, got.body)
	}
	if !strings.Contains(a.log.String(), "hunter2") {
		t.Error("the log does not tell why")
	}
	for _, path := range []string{"/health", "/healthz"} {
		if got := a.do("GET", path, "", "Authorization", ""); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestDescription(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	d, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := a.do("GET", "/openapi.yaml", ""); !bytes.Equal(got.body, d.YAML) {
		t.Error("the description is not what is served")
	}
	if got := a.do("GET", "/openapi.json", "").json(t); got["openapi"] != "3.0.3" {
		t.Errorf("openapi is %v", got["openapi"])
	}
}

func TestMediaIsServed(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *Config) {
		c.Media = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	})
	if got := a.do("GET", "/media/a/b.jpg", "", "Authorization", ""); got.status != 200 || string(got.body) != "/media/a/b.jpg" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := newAPI(t).do("GET", "/media/a", ""); got.status != 404 {
		t.Errorf("without a handler: %d", got.status)
	}
}
