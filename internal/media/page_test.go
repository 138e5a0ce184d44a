package media

import (
	"net/http"
	"strings"
	"testing"

	"posthorn/internal/platforms"
)

func TestPage(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 2000)
	for name, c := range map[string]struct {
		kind, body string
		want       platforms.Page // ImageURL and URL relative to the server
	}{
		"open graph": {"text/html", `<head><title>T</title><meta property="og:title" content="OG &amp; more"><meta property='og:description' content=" a
 b "><meta property=og:image content="/i.png"></head>`, platforms.Page{Title: "OG & more", Description: "a b", ImageURL: "/i.png"}},
		"fallbacks":        {"text/html", `<svg><title>icon</title></svg><TITLE>Plain &lt;b&gt;</TITLE><meta name="Description" content="d">`, platforms.Page{Title: "Plain <b>", Description: "d"}},
		"nothing":          {"text/html", ``, platforms.Page{Title: "127.0.0.1"}},
		"first counts":     {"text/html", `<meta property="og:title" content=""><meta property="og:title" content="1"><meta property="og:title" content="2">`, platforms.Page{Title: "1"}},
		"base":             {"text/html", `<title>x</title><base href="/deep/er/"><meta property="og:image" content="i.png">`, platforms.Page{Title: "x", ImageURL: "/deep/er/i.png"}},
		"secure image":     {"text/html", `<title>x</title><meta property="og:image" content="http://a/i"><meta property="og:image:secure_url" content="https://a/i">`, platforms.Page{Title: "x", ImageURL: "https://a/i"}},
		"bad image":        {"text/html", `<title>x</title><meta property="og:image" content="javascript:alert(1)">`, platforms.Page{Title: "x"}},
		"data image":       {"text/html", `<title>x</title><meta property="og:image" content="data:image/png;base64,AA">`, platforms.Page{Title: "x"}},
		"long":             {"text/html", `<title>` + long + `</title><meta name=description content="` + long + `">`, platforms.Page{Title: long[:2*299] + "…", Description: long[:2*999] + "…"}},
		"latin-1":          {"text/html; charset=iso-8859-1", "<title>caf\xe9</title>", platforms.Page{Title: "café"}},
		"charset in page":  {"text/html", "<meta charset=windows-1252><title>\x93caf\xe9\x94</title>", platforms.Page{Title: "“café”"}},
		"invalid utf-8":    {"text/html; charset=utf-8", "<title>a\xffb</title>", platforms.Page{Title: "a\ufffdb"}},
		"beyond the limit": {"text/html", `<title>x</title>` + strings.Repeat(" ", maxPage) + `<meta property="og:title" content="late">`, platforms.Page{Title: "x"}},
		"unclosed":         {"text/html", `<title>x`, platforms.Page{Title: "x"}},
		"no type":          {"", `<html><title>x</title>`, platforms.Page{Title: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			base := handle(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/moved" {
					http.Redirect(w, r, "/a/page", http.StatusFound)
					return
				}
				w.Header()["Content-Type"] = []string{c.kind}
				w.Write([]byte(c.body))
			})
			c.want.URL = base + "/moved"
			if strings.HasPrefix(c.want.ImageURL, "/") {
				c.want.ImageURL = base + c.want.ImageURL
			}
			got, err := newSource(t).Page(t.Context(), c.want.URL)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestPageErrors(t *testing.T) {
	t.Parallel()
	for rule, h := range map[string]http.HandlerFunc{
		RuleNotFound:    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		RuleUnsupported: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "image/png") },
		RuleUnreachable: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<title>x"))
		},
	} {
		_, err := newSource(t).Page(t.Context(), handle(t, h))
		if e := platforms.AsError(err); err == nil || e.Rule != rule {
			t.Errorf("got %v, want %s", err, rule)
		}
	}
}
