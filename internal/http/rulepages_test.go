package http

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRulePages(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.server.ServeHTTP(w, httptest.NewRequest("GET", path, nil)) // without a key: anybody may read them
		return w
	}
	list := get("/docs/rules").Body.String()
	for _, r := range a.server.rules.All() {
		w := get("/docs/rules/" + r.Name)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<code>"+r.Name+"</code>") {
			t.Errorf("%s: status %d", r.Name, w.Code)
		}
		if !strings.Contains(list, `href="/docs/rules/`+r.Name+`"`) {
			t.Errorf("%s is not in the list of pages", r.Name)
		}
	}
	for path, status := range map[string]int{"/docs/rules": 200, "/docs/rules/bluesky.text.max_length": 200, "/docs/rules/no.such": 404, "/docs/rules/%3Cscript%3E": 404} {
		w := get(path)
		body := w.Body.String()
		if w.Code != status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: status %d, %v", path, w.Code, w.Header())
		}
		if policy := w.Header().Get("Content-Security-Policy"); policy != docsPolicy {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if strings.Contains(body, "<script") || !strings.Contains(body, `name="viewport"`) {
			t.Errorf("%s: %s", path, body)
		}
	}
	page := get("/docs/rules/bluesky.text.max_length").Body.String()
	for _, part := range []string{"300 characters", "https://docs.bsky.app", "What to do", "&#34;rule&#34;: &#34;bluesky.text.max_length&#34;", "400 Bad Request"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not say %q: %s", part, page)
		}
	}
	if page := get("/docs/rules/bluesky.rejected").Body.String(); !strings.Contains(page, "On a target") || !strings.Contains(page, "&#34;status&#34;: &#34;failed&#34;") {
		t.Errorf("a rule of a target: %s", page)
	}
}

func TestFormatBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KB", 1536: "1.5 KB", 8 << 20: "8 MB", 512 << 20: "512 MB", 256 << 30: "256 GB", 1_000_000: "976.6 KB", 1 << 60: "1048576 TB"} {
		if got := formatBytes(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
