package subreddit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/outbound"
)

// service asks a gateway that answers with h.
func service(t *testing.T, h http.HandlerFunc) *Service {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	gateway, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &Service{Outbound: outbound.NewPlatforms(outbound.PlatformOptions{Gateway: gateway}), Now: time.Now}
}

func TestLook(t *testing.T) {
	t.Parallel()
	full := About{Name: "golang", Title: "Go", Description: "d", Subscribers: 7, NSFW: true, Type: "public", AllowImages: true}
	for _, tt := range []struct {
		name, ask string
		status    int
		body      string
		want      About
		found     bool
		code      errs.Code
	}{
		{"found", "golang", 200, `{"kind":"t5","data":{"display_name":"golang","title":"Go","public_description":"d","subscribers":7,"over18":true,"subreddit_type":"public","allow_images":true}}`, full, true, ""},
		{"with a prefix", "r/golang", 200, `{"kind":"t5","data":{"subreddit_type":"archived"}}`, About{Name: "golang", Type: "restricted"}, true, ""},
		{"search results", "golang", 200, `{"kind":"Listing","data":{}}`, About{}, false, ""},
		{"redirected", "golang", 302, ``, About{}, false, ""},
		{"missing", "golang", 404, `{"message":"Not Found"}`, About{}, false, ""},
		{"banned", "golang", 404, `{"reason":"banned"}`, About{}, false, ""},
		{"private", "golang", 403, `{"reason":"private"}`, About{Name: "golang", Type: "private"}, true, ""},
		{"turned away", "golang", 403, `<html>blocked</html>`, About{}, false, errs.Unavailable},
		{"too many", "golang", 429, ``, About{}, false, errs.Unavailable},
		{"down", "golang", 502, ``, About{}, false, errs.Unavailable},
		{"garbled", "golang", 200, `<html>`, About{}, false, errs.Unavailable},
		{"too short", "g", 0, ``, About{}, false, errs.Invalid},
		{"a path", "golang/../user", 0, ``, About{}, false, errs.Invalid},
		{"nothing", "", 0, ``, About{}, false, errs.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := service(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/www.reddit.com/r/golang/about.json" || !strings.Contains(r.UserAgent(), "posthorn") {
					t.Errorf("asked for %s as %q", r.URL, r.UserAgent())
				}
				if tt.status == 302 {
					w.Header().Set("Location", "/subreddits/search")
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			})
			got, found, err := s.Look(t.Context(), tt.ask)
			if got != tt.want || found != tt.found || errs.CodeOf(err) != tt.code {
				t.Errorf("%+v, %t, %v", got, found, err)
			}
		})
	}
}
