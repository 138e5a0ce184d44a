package api

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// page asks for a page, and holds it to what all pages promise.
func (w *world) page(method, path string) answer {
	w.t.Helper()
	return w.browse(httptest.NewRequest(method, "http://posthorn.test"+strings.ReplaceAll(path, `"><script>`, "%22%3E%3Cscript%3E"), nil))
}

// form sends a form.
func (w *world) form(path string, fields map[string]string) answer {
	w.t.Helper()
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	r := httptest.NewRequest(http.MethodPost, "http://posthorn.test"+path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.browse(r)
}

var elsewhere = regexp.MustCompile(`(?i)(src|href|action)="?(https?:)?//|<script|\son[a-z]+=|style=`)

func (w *world) browse(r *http.Request) answer {
	w.t.Helper()
	got := w.send("", r)
	if got.status == http.StatusMethodNotAllowed {
		return got
	}
	for name, want := range map[string]string{"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"} {
		if got.header.Get(name) != want {
			w.t.Errorf("%s %s: %s is %q", r.Method, r.URL, name, got.header.Get(name))
		}
	}
	policy, text := got.header.Get("Content-Security-Policy"), string(got.body)
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "form-action 'self'") {
		w.t.Errorf("%s %s: policy %q", r.Method, r.URL, policy)
	}
	if found := elsewhere.FindString(text); found != "" {
		w.t.Errorf("%s %s: the page has %q", r.Method, r.URL, found)
	}
	for _, part := range []string{`<html lang="en">`, `name="viewport"`, "<title>", "<main>", "<h1>"} {
		if r.Method != http.MethodHead && strings.Count(text, part) != 1 {
			w.t.Errorf("%s %s: %d times %s in %s", r.Method, r.URL, strings.Count(text, part), part, text)
		}
	}
	for _, field := range regexp.MustCompile(`<(?:input|textarea) id="([a-z]+)"`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, `<label for="`+field[1]+`">`) {
			w.t.Errorf("%s %s: the field %s has no label", r.Method, r.URL, field[1])
		}
	}
	return got
}

// hidden is the value of a hidden field.
func hidden(page answer, name string) string {
	found := regexp.MustCompile(`type="hidden" name="` + name + `" value="([^"]*)"`).FindSubmatch(page.body)
	if found == nil {
		page.t.Fatalf("no field %s in %s", name, page.body)
	}
	return html.UnescapeString(string(found[1]))
}

func TestInvitePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := func(a answer) string {
		return strings.TrimPrefix(a.want(201).text("inviteUrl"), "http://localhost:8080")
	}
	link := path(w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "profiles", "profileIds": []string{w.second}, "role": "viewer"}))
	for range 2 { // looking changes nothing
		page := w.page("GET", link).want(200)
		if text := string(page.body); !strings.Contains(text, "owner invites you") || !strings.Contains(text, "a viewer") || !strings.Contains(text, "22 January 2026") || strings.Contains(text, link[len("/invite/"):]) {
			t.Errorf("%s", text)
		}
	}
	w.page("HEAD", link).want(200)
	secret := hidden(w.page("GET", link), "form")
	for _, tt := range []struct{ name, email, fault string }{
		{"", "v@example.com", `id="name-fault"`}, {"Vera", "vera", `id="email-fault"`}, {`"><script>`, "x", `id="email-fault"`}, {"\x00", "v@example.com", `id="name-fault"`}, {"\xff", "v@example.com", `id="name-fault"`},
	} {
		page := w.form(link, map[string]string{"form": secret, "name": tt.name, "email": tt.email}).want(400)
		if !strings.Contains(string(page.body), tt.fault) || hidden(page, "form") != secret {
			t.Errorf("%q: %s", tt.name, page.body)
		}
	}
	fields := map[string]string{"form": secret, "name": "Vera <3", "email": "vera@example.com"}
	joined := w.form(link, fields).want(201)
	key := regexp.MustCompile(`sk_[0-9a-f]{64}`).FindString(string(joined.body))
	if me := w.as(key, "GET", "/v1/auth/verify", nil).want(200); me.text("name") != "Vera <3" || me.text("email") != "vera@example.com" {
		t.Errorf("%s", me.body)
	}
	w.as(key, "POST", "/v1/posts", map[string]any{"content": "x"}).want(403)
	if again := w.form(link, fields).want(201); !strings.Contains(string(again.body), key) {
		t.Errorf("the same form, sent twice: %s", again.body)
	}
	fields["form"] = ""
	w.form(link, fields).want(410)
	if page := w.page("GET", link).want(410); !strings.Contains(string(page.body), "accepted already") {
		t.Errorf("%s", page.body)
	}
	other := path(w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "all"}))
	if page := w.form(other, map[string]string{"name": "Vera", "email": "vera@example.com"}).want(409); !strings.Contains(string(page.body), `id="email-fault"`) {
		t.Errorf("%s", page.body)
	}
	w.form(other, map[string]string{"name": strings.Repeat("a", 70<<10)}).want(400)
	w.advance(8 * 24 * time.Hour)
	if page := w.page("GET", other).want(410); !strings.Contains(string(page.body), "has expired") {
		t.Errorf("%s", page.body)
	}
	w.form(other, map[string]string{"name": "Late", "email": "late@example.com"}).want(410)
	for _, token := range []string{"x", "%00", "a%2Fb", "inv_" + strings.Repeat("0", 64)} {
		w.page("GET", "/invite/"+token).want(404)
		w.form("/invite/"+token, fields).want(404)
	}
	if log := w.log.String(); strings.Contains(log, link[len("/invite/"):]) || strings.Contains(log, secret) {
		t.Error("a secret is in the log")
	}
}
