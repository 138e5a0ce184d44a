package http

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// linked are the addresses that a page or script names.
var linked = regexp.MustCompile(`(?:href|src|url)(?:=|: )["']([^"']+)["']`)

// TestDocs reads the pages and follows every address in them: each leads to something that this server has, and to no other.
func TestDocs(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, page := range []string{"/docs", "/docs/guides", "/docs/rules", "/docs/rules/bluesky.text.max_length", "/docs/assets/reference.js"} {
		got := a.do("GET", page, "", "Authorization", "")
		if got.status != 200 {
			t.Fatalf("%s: %d %s", page, got.status, got.body)
		}
		if !strings.HasSuffix(page, ".js") && (got.header.Get("Content-Security-Policy") != docsPolicy || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html")) {
			t.Errorf("%s: %v", page, got.header)
		}
		for _, found := range linked.FindAllSubmatch(got.body, -1) {
			address, anchor, _ := strings.Cut(string(found[1]), "#")
			if anchor != "" && !strings.Contains(string(got.body), ` id="`+anchor+`"`) {
				t.Errorf("%s links to #%s, which is not there", page, anchor)
			}
			if address == "" {
				continue
			}
			if strings.HasPrefix(address, "https://docs.bsky.app") { // where a platform states the rule
				continue
			}
			if !strings.HasPrefix(address, "/") {
				t.Errorf("%s names %s, which is not on this server", page, address)
			} else if got := a.do("GET", address, "", "Authorization", ""); got.status != 200 {
				t.Errorf("%s links to %s: %d", page, address, got.status)
			}
		}
	}
	if got := a.do("GET", "/docs/assets/docs.go", ""); got.status != 404 || got.json(t)["code"] != "not_found" {
		t.Errorf("a file that is not there: %d %s", got.status, got.body)
	}
}

// TestDocsAssets asks for the viewer as a browser does, and as one that takes nothing compressed.
func TestDocsAssets(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	plain := a.do("GET", "/docs/assets/swagger-ui-bundle.js", "")
	zipped := a.do("GET", "/docs/assets/swagger-ui-bundle.js", "", "Accept-Encoding", "gzip, br")
	if !strings.Contains(string(plain.body[:2000]), "SwaggerUIBundle") || zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body)*2 > len(plain.body) {
		t.Errorf("%d bytes plain, %d zipped, %v", len(plain.body), len(zipped.body), zipped.header)
	}
	again := a.do("GET", "/docs/assets/swagger-ui-bundle.js", "", "If-None-Match", plain.header.Get("ETag"))
	if again.status != http.StatusNotModified || len(again.body) != 0 {
		t.Errorf("what is unchanged is sent again: %d", again.status)
	}
}
