package api

import (
	"strings"
	"testing"
	"time"

	"posthorn/internal/budget"
	"posthorn/internal/platforms"
)

// atInstagram connects an account with a token of ours.
func (w *world) atInstagram(name, login string, expires time.Time, scopes ...string) string {
	w.t.Helper()
	return w.connectRaw(w.owner.OwnerID, w.second, "instagram", platforms.Account{RemoteID: name, Username: name, DisplayName: strings.ToUpper(name), Data: []byte(`{"loginMethod":"` + login + `"}`)},
		platforms.Token{Access: platforms.NewSecret("secret token of " + name), ExpiresAt: expires, Scopes: scopes})
}

func TestAccountHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	well := w.atInstagram("well", "instagram_login", start.Add(40*24*time.Hour), "instagram_business_basic", "instagram_business_content_publish")
	got := w.do("GET", "/v1/accounts/"+well+"/health", nil).want(200)
	for path, want := range map[string]any{
		"accountId": well, "platform": "instagram", "username": "well", "displayName": "WELL", "status": "healthy",
		"tokenStatus.valid": true, "tokenStatus.expiresAt": "2026-02-24T10:00:00.000Z", "tokenStatus.expiresIn": "40 days, renewed automatically", "tokenStatus.needsRefresh": false,
		"permissions.canPost": true, "permissions.canFetchAnalytics": false, "permissions.missingRequired.0": nil,
		"permissions.posting.1.scope": "instagram_business_content_publish", "permissions.posting.1.granted": true, "permissions.posting.1.required": true,
		"permissions.analytics.0.scope": "instagram_business_manage_insights", "permissions.analytics.0.granted": false, "permissions.analytics.0.required": false,
		"permissions.optional.0.scope": "instagram_business_manage_comments", "issues.0": nil, "recommendations.0": nil,
	} {
		if is := got.at(path); is != want {
			t.Errorf("%s is %v, want %v", path, is, want)
		}
	}
	unknown := w.atInstagram("unknown", "facebook_login", time.Time{})
	got = w.do("GET", "/v1/accounts/"+unknown+"/health", nil).want(200)
	if got.text("status") != "healthy" || got.text("permissions.posting.0.scope") != "instagram_basic" || got.at("permissions.posting.0.granted") != nil || got.at("tokenStatus.expiresIn") != nil || got.at("tokenStatus.valid") != true {
		t.Errorf("what the platform did not tell: %s", got.body)
	}
	lacking := w.atInstagram("lacking", "facebook_login", time.Time{}, "instagram_basic")
	got = w.do("GET", "/v1/accounts/"+lacking+"/health", nil).want(200)
	if got.text("status") != "error" || got.text("permissions.missingRequired.0") != "instagram_content_publish" || got.at("permissions.canPost") != false || !strings.Contains(got.text("recommendations.0"), "instagram_content_publish") {
		t.Errorf("without a permission: %s", got.body)
	}
	got = w.do("GET", "/v1/accounts/"+w.bluesky+"/health", nil).want(200)
	if got.text("status") != "healthy" || strings.Contains(string(got.body), "scope") || !strings.Contains(string(got.body), `"posting":[]`) {
		t.Errorf("a platform without permissions: %s", got.body)
	}
	for _, body := range [][]byte{got.body, w.do("GET", "/v1/accounts/health", nil).body} {
		if strings.Contains(string(body), "secret token") {
			t.Errorf("a token is shown: %s", body)
		}
	}
}

func TestAllAccountsHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := map[string]string{
		"well":    w.atInstagram("well", "", start.Add(60*24*time.Hour)),
		"soon":    w.atInstagram("soon", "", start.Add(20*time.Hour)),
		"expired": w.atInstagram("expired", "", start.Add(-time.Hour)),
		"dead":    w.atInstagram("dead", "", time.Time{}),
		"gone":    w.atInstagram("gone", "", time.Time{}),
		"full":    w.atInstagram("full", "", time.Time{}),
		"sealed":  w.atInstagram("sealed", "", time.Time{}),
		"empty":   w.atInstagram("empty", "", time.Time{}),
		"renewed": w.connectRaw(w.owner.OwnerID, w.second, "bluesky", platforms.Account{RemoteID: "did:plc:renewed", Username: "renewed"},
			platforms.Token{Access: platforms.NewSecret("a"), Refresh: platforms.NewSecret("r"), ExpiresAt: start.Add(-time.Hour)}),
	}
	if err := w.app.Accounts.NeedsReconnection(t.Context(), ids["dead"]); err != nil {
		t.Fatal(err)
	}
	w.do("DELETE", "/v1/accounts/"+ids["gone"], nil).want(200)
	if err := (&budget.Store{Pool: w.app.Pool, Now: w.clock}).Note(t.Context(), ids["full"], platforms.Usage{Budget: "calls", Percent: 100, Regain: time.Hour}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`update tokens set sealed = '\x00' where account_id = $1`, `delete from tokens where account_id = $1`} {
		id := ids["sealed"]
		if strings.HasPrefix(sql, "delete") {
			id = ids["empty"]
		}
		if _, err := w.app.Pool.Exec(t.Context(), sql, id); err != nil {
			t.Fatal(err)
		}
	}
	got := w.do("GET", "/v1/accounts/health?accountId=ignored&profileId="+w.second, nil).want(200)
	for path, want := range map[string]any{"summary.total": 9.0, "summary.healthy": 2.0, "summary.warning": 2.0, "summary.error": 5.0, "summary.needsReconnect": 5.0} {
		if is := got.at(path); is != want {
			t.Errorf("%s is %v, want %v", path, is, want)
		}
	}
	type line struct {
		status                string
		canPost, valid, needs bool
		issue                 string
	}
	want := map[string]line{
		"well": {"healthy", true, true, false, ""}, "renewed": {"healthy", true, true, false, ""},
		"soon": {"warning", true, true, false, "expires on 16 January 2026 at 06:00 UTC"}, "full": {"warning", true, true, false, "used up until 15 January 2026 at 11:00 UTC"},
		"expired": {"error", false, false, true, "expired on 15 January 2026 at 09:00 UTC"}, "dead": {"error", false, false, true, "does not accept"},
		"gone": {"error", false, false, true, "disconnected"}, "sealed": {"error", false, false, true, "cannot be opened"}, "empty": {"error", false, false, true, "no token"},
	}
	seen := 0
	for _, a := range got.at("accounts").([]any) {
		a := a.(map[string]any)
		for name, id := range ids {
			if a["accountId"] != id {
				continue
			}
			seen++
			is := line{a["status"].(string), a["canPost"].(bool), a["tokenValid"].(bool), a["needsReconnect"].(bool), want[name].issue}
			issues := a["issues"].([]any)
			if is != want[name] || (want[name].issue == "") != (len(issues) == 0) || len(issues) > 0 && !strings.Contains(issues[0].(string), want[name].issue) {
				t.Errorf("%s: %v", name, a)
			}
			if restriction, told := a["messagingRestriction"]; !told || restriction != nil || a["profileId"] != w.second || a["canFetchAnalytics"] != false {
				t.Errorf("%s: %v", name, a)
			}
		}
	}
	if seen != len(ids) {
		t.Errorf("%d of %d are told of", seen, len(ids))
	}
	narrow := w.do("GET", "/v1/accounts/health?status=warning&platform=instagram&profileId="+w.second, nil).want(200)
	if narrow.at("summary.total") != 8.0 || narrow.at("accounts.1") == nil || narrow.at("accounts.2") != nil {
		t.Errorf("narrowed: %s", narrow.body)
	}
	if got := w.do("GET", "/v1/accounts/"+ids["soon"]+"/health", nil).want(200); got.text("tokenStatus.expiresIn") != "20 hours" || got.at("tokenStatus.needsRefresh") != true || got.text("recommendations.0") == "" {
		t.Errorf("soon: %s", got.body)
	}
	if got := w.do("GET", "/v1/accounts/"+ids["renewed"]+"/health", nil).want(200); got.text("tokenStatus.expiresIn") != "expired, renewed automatically" || got.at("tokenStatus.valid") != true {
		t.Errorf("renewed: %s", got.body)
	}
	for _, query := range []string{"status=fine", "platform=myspace", "profileId=nonsense"} {
		w.do("GET", "/v1/accounts/health?"+query, nil).want(400)
	}
	if got := w.as(w.strangerKey, "GET", "/v1/accounts/health?status=&platform=&profileId=", nil).want(200); got.at("summary.total") != 0.0 || got.at("accounts.0") != nil {
		t.Errorf("a stranger sees %s", got.body)
	}
}
