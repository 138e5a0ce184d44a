package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"posthorn/internal/id"
)

func TestListRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do("GET", "/v1/rules", nil).want(200)
	n := 0
	for ; a.at(fmt.Sprintf("rules.%d", n)) != nil; n++ {
		name, page := a.text(fmt.Sprintf("rules.%d.name", n)), a.text(fmt.Sprintf("rules.%d.docUrl", n))
		if page != w.app.Config.PublicURL+"/docs/rules/"+name {
			t.Errorf("%s is said to be described at %s", name, page)
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(page, w.app.Config.PublicURL), nil))
		if rec.Code != 200 {
			t.Errorf("the page of %s answers %d", name, rec.Code)
		}
	}
	if n < 200 {
		t.Errorf("%d rules are listed", n)
	}
	one := w.do("GET", "/v1/rules?platform=bluesky", nil).want(200)
	if one.text("rules.0.platform") != "bluesky" {
		t.Errorf("%s", one.body)
	}
	w.do("GET", "/v1/rules?platform=nowhere", nil).want(200)
}

// TestErrorsCarryTheirRule makes errors of every sort; that the page of each rule exists is held for every answer.
func TestErrorsCarryTheirRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(extra string) string {
		return `{"content":"x","scheduledFor":"2026-02-01T10:00:00Z",` + extra + `}`
	}
	bluesky := `"platforms":[{"platform":"bluesky","accountId":"` + w.bluesky + `"}]`
	login := w.fakes["bluesky"].Accounts()[0].Login
	w.do("POST", "/v1/posts", post(bluesky)).want(201)
	for _, tt := range []struct {
		method, path, body, rule string
		status                   int
	}{
		{"GET", "/v1/nowhere", "", "request.not_found", 404},
		{"PATCH", "/v1/posts", "", "request.method_not_allowed", 405},
		{"GET", "/v1/posts/" + id.New(start), "", "request.not_found", 404},
		{"GET", "/v1/posts?limit=0", "", "request.invalid_field_value", 400},
		{"GET", "/v1/posts?colour=red", "", "request.unknown_query_parameter", 400},
		{"GET", "/v1/posts?search=%zz", "", "request.invalid_query", 400},
		{"POST", "/v1/posts", "{", "request.invalid_json", 400},
		{"POST", "/v1/posts", `{"content":"\u0000"}`, "request.unstorable_value", 400},
		{"POST", "/v1/tools/validate/media", `{}`, "request.missing_required_field", 400},
		{"POST", "/v1/posts", post(`"platforms":[{"platform":"bluesky","accountId":"nobody"}]`), "account.foreign", 403},
		{"POST", "/v1/posts", post(`"platforms":[{"platform":"myspace","accountId":"x"}]`), "platform.unknown", 400},
		{"POST", "/v1/posts", post(`"platforms":[{"platform":"instagram","accountId":"` + w.bluesky + `"}]`), "account.wrong_platform", 400},
		{"POST", "/v1/posts", post(`"platforms":[{"platform":"instagram","accountId":"` + w.instagram + `"}]`), "instagram.photo.min_items", 400},
		{"POST", "/v1/posts", post(bluesky), "post.duplicate_content", 409},
		{"POST", "/v1/connect/bluesky/credentials", `{"identifier":"` + login + `","appPassword":"wrong","profileId":"` + w.profile + `"}`, "bluesky.error.authentication_required", 401},
	} {
		var body any
		if tt.body != "" {
			body = tt.body
		}
		a := w.do(tt.method, tt.path, body).want(tt.status)
		if a.text("rule") != tt.rule {
			t.Errorf("%s %s %s: the rule is %s, want %s: %s", tt.method, tt.path, tt.body, a.text("rule"), tt.rule, a.body)
		}
	}
	w.as("sk_wrong", "GET", "/v1/posts", nil).want(401)
	refused := w.do("POST", "/v1/connect/bluesky/credentials", map[string]any{"identifier": login, "appPassword": "wrong", "profileId": w.profile})
	if refused.text("platform") != "bluesky" || refused.text("platformError.error") != "AuthenticationRequired" {
		t.Errorf("Bluesky's own words are missing: %s", refused.body)
	}
	several := w.do("POST", "/v1/posts", post(`"platforms":[{"platform":"instagram","accountId":"`+w.instagram+`"}]`)).want(400)
	if several.text("details.problems.0.rule") != "instagram.photo.min_items" || !strings.HasSuffix(several.text("details.problems.0.docUrl"), "/docs/rules/instagram.photo.min_items") {
		t.Errorf("%s", several.body)
	}
}

// TestFailedTargetsCarryTheirRule publishes what the platforms refuse, by a code that is known, by one that is not, and in between.
func TestFailedTargetsCarryTheirRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	photo := []any{map[string]any{"url": w.photos + "coast.jpg"}}
	for _, tt := range []struct {
		content, platform, account, rule, version string
		media                                     []any
	}{
		{"known code [[sandbox:fail:36003/2207009]]", "instagram", w.instagram, "instagram.error.36003-2207009", "v25.0", photo},
		{"no code [[sandbox:fail]]", "bluesky", w.bluesky, "", "", nil},
	} {
		a := w.do("POST", "/v1/posts", map[string]any{"content": tt.content, "mediaItems": tt.media, "platforms": []any{target(tt.platform, tt.account)}, "publishNow": true}).want(207)
		e := "post.platforms.0.error."
		if a.text("post.platforms.0.status") != "failed" || a.text(e+"rule") == "" || a.text(e+"remediation") == "" || a.at(e+"platformError") == nil ||
			a.text(e+"platformDocUrl") == "" || a.text(e+"apiVersion") != tt.version || tt.rule != "" && a.text(e+"rule") != tt.rule {
			t.Errorf("%s: %s", tt.content, a.body)
		}
		if page := a.text(e + "docUrl"); page != w.app.Config.PublicURL+"/docs/rules/"+a.text(e+"rule") {
			t.Errorf("%s: the page of %s is %s", tt.content, a.text(e+"rule"), page)
		}
	}
}
