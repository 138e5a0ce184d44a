package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
)

func TestPageWhileEmpty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, header, body := w.call(t, http.MethodGet, "/", "")
	if status != 200 || !strings.Contains(body, "Nothing published yet") || !strings.Contains(body, "&lt;b&gt;") {
		t.Errorf("%d %s", status, body)
	}
	policy := header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "img-src 'self' data:", "media-src 'self'", "style-src 'self'", "script-src 'self'", "connect-src 'self'",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	for _, forbidden := range []string{"style=", "onclick=", "<script>", "<style"} {
		if strings.Contains(body, forbidden) {
			t.Errorf("the policy forbids the page's own %s", forbidden)
		}
	}
	for _, asset := range []string{"style.css", "page.js", "icon.svg"} {
		status, header, _ := w.call(t, http.MethodGet, "/_sandbox/assets/"+asset, "")
		if status != 200 || !strings.Contains(body, "/_sandbox/assets/"+asset) || header.Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", asset, status, header)
		}
	}
}

func TestPageEscapesWhatWasPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const nasty = `<img src=x onerror=alert(1)>"'&`
	w.insta.publish(farside.Post{
		ID: `1"><b>`, Username: nasty, Kind: nasty, Text: nasty + " #tag<script> @anna<i> https://x.example/<u>", URL: "javascript:alert(1)", At: noon,
		Media: []farside.Media{
			{Type: "image", URL: "https://cdn.example.com/a b.jpg?x=1&y=2", Alt: nasty},
			{Type: "image", URL: "//evil.example/a.jpg"},
			{Type: "video", URL: "https://evil.example/v.mp4"},
			{Type: "image", URL: "javascript:alert(1)"},
			{Type: "image", URL: "data:text/html,<script>"},
		},
		Link:     &farside.Link{URL: "javascript:alert(1)", Title: nasty, Description: nasty, Thumb: "https://evil.example/t.jpg"},
		Comments: []farside.Comment{{Username: nasty, Text: nasty}}, Extra: []string{nasty},
	})
	_, _, body := w.call(t, http.MethodGet, "/?q=%3Cimg&platform=instagram", "")
	_, _, part := w.call(t, http.MethodGet, "/_sandbox/feed", "")
	for name, html := range map[string]string{"page": body, "feed": part} {
		for _, bad := range []string{"<img src=x", "<script>", "<b>\"", "<i>\"", "<u>", `="//evil`, `="https://evil`, `href="javascript`, `src="javascript`, `src="data`} {
			if strings.Contains(html, bad) {
				t.Errorf("the %s holds %s", name, bad)
			}
		}
		for _, want := range []string{
			`src="/cdn.example.com/a%20b.jpg?x=1&amp;y=2"`, `<span class="mark">#tag</span>`, `<span class="mark">@anna</span>`,
			`<span class="mark">https://x.example/</span>`, "just now",
		} {
			if !strings.Contains(html, want) {
				t.Errorf("the %s lacks %s:\n%s", name, want, html)
			}
		}
	}
}

func TestPageSurvivesHostileRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insta.publish(farside.Post{ID: "1", Text: "x\xff\xfe\x00 #", URL: "https://%zz/", Media: []farside.Media{{URL: ":"}}, At: noon})
	for _, query := range []string{"?platform=%ff", "?q=%00", "?account=%3Cb%3E", "?%zz", "?platform=" + strings.Repeat("x", 4000)} {
		if status, _, body := w.call(t, http.MethodGet, "/"+query, ""); status != 200 {
			t.Errorf("%.20s: %d %s", query, status, body)
		}
	}
}

func TestThreadsAreJoined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.blue.publish(farside.Post{ID: "root", Text: "one", At: noon})
	w.blue.publish(farside.Post{ID: "a", Text: "two", ReplyTo: "root", At: noon.Add(time.Second)})
	w.blue.publish(farside.Post{ID: "b", Text: "three", ReplyTo: "a", At: noon.Add(2 * time.Second)})
	w.blue.publish(farside.Post{ID: "lost", Text: "answers something else", ReplyTo: "elsewhere", At: noon})
	w.blue.publish(farside.Post{ID: "x", Text: "ring", ReplyTo: "y", At: noon})
	w.blue.publish(farside.Post{ID: "y", Text: "ring", ReplyTo: "x", At: noon})
	w.insta.publish(farside.Post{ID: "i", Text: "another platform", ReplyTo: "root", At: noon})
	_, _, body := w.call(t, http.MethodGet, "/_sandbox/feed", "")
	for key, want := range map[string]int{"bluesky root": 1, "bluesky a": 0, "bluesky b": 0, "bluesky lost": 1, "instagram i": 1} {
		if got := strings.Count(body, `data-key="`+key+`"`); got != want {
			t.Errorf("%d cards for %s, want %d", got, key, want)
		}
	}
	if one, two, three := strings.Index(body, "one</p>"), strings.Index(body, "two</p>"), strings.Index(body, "three</p>"); one < 0 || one > two || two > three {
		t.Errorf("the thread's order: %d, %d, %d", one, two, three)
	}
	if strings.Count(body, "ring") != 2 {
		t.Error("a ring of answers does not show each post once")
	}
}

func TestPlatformsHaveTheirTitles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insta.publish(farside.Post{ID: "1", Text: "a post", Platform: "instagram", At: noon})
	_, _, body := w.call(t, http.MethodGet, "/", "")
	if n := strings.Count(body, "Insta &amp; Co"); n != 2+len(w.insta.Accounts()) { // the filter, the post, the accounts
		t.Errorf("the title is there %d times:\n%s", n, body)
	}
	_, _, body = w.call(t, http.MethodGet, "/?platform=instagram&q=nothing-has-this", "")
	if !strings.Contains(body, "Nothing on Insta &amp; Co yet") {
		t.Errorf("an empty list does not name the platform:\n%s", body)
	}
	_, _, body = w.call(t, http.MethodGet, "/?platform=bluesky", "")
	if !strings.Contains(body, "Nothing on bluesky yet") {
		t.Errorf("a platform without a title is not named:\n%s", body)
	}
}
