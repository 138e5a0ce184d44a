package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newKey makes a key with the owner's own, and is its answer.
func (w *world) newKey(body map[string]any) answer {
	w.t.Helper()
	if body["name"] == nil {
		body["name"] = "test"
	}
	w.advance(time.Microsecond) // what is newer comes first
	return w.do("POST", "/v1/api-keys", body).want(201)
}

// person invites somebody, accepts for him, and is his ID and key.
func (w *world) person(name string, invite map[string]any) (userID, key string) {
	w.t.Helper()
	token := w.do("POST", "/v1/invite/tokens", invite).want(201).text("token")
	got := w.as("", "POST", "/v1/invite/accept", map[string]any{"token": token, "name": name, "email": name + "@example.com"}).want(201)
	return got.text("user._id"), got.text("apiKey.key")
}

const nobody = "6745a1b2c3d4e5f600000000"

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newKey(map[string]any{"name": "Backend", "expiresIn": 30, "scope": "profiles", "profileIds": []string{w.second}, "permission": "read", "disabledResourceGroups": []string{"webhooks", "ads"}})
	key := made.text("apiKey.key")
	if made.text("message") == "" || !strings.HasPrefix(key, "zrk_") || len(key) != 68 || made.text("apiKey.keyPreview") != key[:12]+"..."+key[60:] {
		t.Errorf("%s", made.body)
	}
	if made.text("apiKey.expiresAt") != "2026-02-14T10:00:00.000Z" || made.text("apiKey.scope") != "profiles" || made.text("apiKey.permission") != "read" ||
		made.text("apiKey.profileIds.0._id") != w.second || made.text("apiKey.profileIds.0.name") != "Second" || made.text("apiKey.disabledResourceGroups.0") != "ads" ||
		made.text("apiKey.createdBy.id") != w.owner.UserID {
		t.Errorf("%s", made.body)
	}
	listed := w.do("GET", "/v1/api-keys", nil).want(200)
	if strings.Contains(string(listed.body), key) || listed.at("apiKeys.0.key") != nil || listed.text("apiKeys.0.id") != made.text("apiKey.id") || listed.text("apiKeys.0.profileIds.0.name") != "Second" {
		t.Errorf("%s", listed.body)
	}
	if listed.text("apiKeys.1.scope") != "full" || listed.text("apiKeys.1.permission") != "read-write" || listed.at("apiKeys.1.profileIds") != nil || !strings.Contains(string(listed.body), `"expiresAt":null`) {
		t.Errorf("%s", listed.body)
	}
	plain := w.newKey(map[string]any{"name": "nulls", "expiresIn": nil, "scope": nil, "profileIds": nil, "permission": nil, "disabledResourceGroups": nil})
	if key := plain.text("apiKey.key"); !strings.HasPrefix(key, "sk_") || len(key) != 67 {
		t.Errorf("%s", plain.body)
	}
	w.as(plain.text("apiKey.key"), "GET", "/v1/posts", nil).want(200)
	if got := w.do("DELETE", "/v1/api-keys/"+plain.text("apiKey.id"), nil).want(200); got.text("message") != "API key deleted successfully" {
		t.Errorf("%s", got.body)
	}
	w.as(plain.text("apiKey.key"), "GET", "/v1/posts", nil).want(401)
	w.do("DELETE", "/v1/api-keys/"+plain.text("apiKey.id"), nil).want(404)
	w.as(w.strangerKey, "DELETE", "/v1/api-keys/"+made.text("apiKey.id"), nil).want(404)
	w.do("DELETE", "/v1/api-keys/xyz", nil).want(404)
	w.as("", "GET", "/v1/api-keys", nil).want(401)
	if strings.Contains(w.log.String(), key[4:20]) {
		t.Error("a key is in the log")
	}
}

func TestAPIKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := len(w.do("GET", "/v1/api-keys", nil).want(200).body)
	for body, want := range map[string]string{ // what is sent, and "code param" of the answer
		`{}`:                                              "missing_required_field name",
		`{"name":""}`:                                     "invalid_field_value name",
		`{"name":"  "}`:                                   "invalid_field_value name",
		`{"name":"a\nb"}`:                                 "invalid_field_value name",
		`{"name":null}`:                                   "invalid_field_value name",
		`{"name":"k","expiresIn":0}`:                      "invalid_field_value expiresIn",
		`{"name":"k","expiresIn":1.5}`:                    "invalid_field_value expiresIn",
		`{"name":"k","expiresIn":3651}`:                   "invalid_field_value expiresIn",
		`{"name":"k","expiresIn":"7"}`:                    "invalid_field_value expiresIn",
		`{"name":"k","expiresIn":1e300}`:                  "invalid_field_value expiresIn",
		`{"name":"k","scope":"some"}`:                     "invalid_field_value scope",
		`{"name":"k","scope":"profiles"}`:                 "missing_required_field profileIds",
		`{"name":"k","permission":"all"}`:                 "invalid_field_value permission",
		`{"name":"k","profileIds":["` + w.second + `"]}`:  "invalid_field_value profileIds",
		`{"name":"k","scope":"profiles","profileIds":[]}`: "missing_required_field profileIds",
		`{"name":"k","scope":"profiles","profileIds":["` + nobody + `"]}`:                    "profile_not_found profileIds",
		`{"name":"k","scope":"profiles","profileIds":["xyz"]}`:                               "invalid_field_value profileIds",
		`{"name":"k","scope":"profiles","profileIds":["` + w.strangerProfile + `"]}`:         "profile_not_found profileIds",
		`{"name":"k","disabledResourceGroups":["admin"]}`:                                    "invalid_field_value disabledResourceGroups[0]",
		`{"name":"k","disabledResourceGroups":"ads"}`:                                        "invalid_field_value disabledResourceGroups",
		`{"name":"k","scope":"profiles","profileIds":["` + w.second + `","` + nobody + `"]}`: "profile_not_found profileIds",
	} {
		status := 400
		if strings.HasPrefix(want, "profile_not_found") {
			status = 404
		}
		got := w.do("POST", "/v1/api-keys", body).want(status)
		if got.text("code")+" "+got.text("param") != want {
			t.Errorf("%s: %s", body, got.body)
		}
	}
	if after := len(w.do("GET", "/v1/api-keys", nil).want(200).body); after != before {
		t.Error("a refused request made a key")
	}
}

func TestKeyExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.newKey(map[string]any{"expiresIn": 1}).text("apiKey.key")
	w.advance(24*time.Hour - time.Second)
	w.as(key, "GET", "/v1/auth/verify", nil).want(200)
	w.advance(time.Second)
	if got := w.as(key, "GET", "/v1/auth/verify", nil).want(401); got.text("type") != "authentication_error" {
		t.Errorf("%s", got.body)
	}
}

// TestWhatKeysMay restricts keys in each way and tries what is still open and what is closed.
func TestWhatKeysMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := func(body map[string]any) string { return w.newKey(body).text("apiKey.key") }
	draft := map[string]any{"content": "draft"}

	reader := key(map[string]any{"permission": "read"})
	w.as(reader, "GET", "/v1/posts", nil).want(200)
	w.as(reader, "GET", "/v1/api-keys", nil).want(200)
	for _, path := range []string{"/v1/posts", "/v1/api-keys", "/v1/invite/tokens"} {
		if got := w.as(reader, "POST", path, draft).want(403); got.text("code") != "insufficient_permissions" || got.at("required_group") != nil {
			t.Errorf("%s", got.body)
		}
	}
	scoped := key(map[string]any{"scope": "profiles", "profileIds": []string{w.second}})
	w.as(scoped, "POST", "/v1/posts", draft).want(201)
	w.as(scoped, "GET", "/v1/users", nil).want(200)
	w.as(scoped, "GET", "/v1/auth/verify", nil).want(200)
	w.as(scoped, "GET", "/v1/api-keys", nil).want(403)
	w.as(scoped, "POST", "/v1/api-keys", map[string]any{"name": "more"}).want(403)
	w.as(scoped, "DELETE", "/v1/api-keys/"+nobody, nil).want(403)
	w.as(scoped, "POST", "/v1/invite/tokens", map[string]any{"scope": "all"}).want(403)

	closed := key(map[string]any{"disabledResourceGroups": []string{"publishing", "accounts"}})
	for path, group := range map[string]any{"/v1/posts": "publishing", "/v1/users": "accounts", "/v1/users/" + nobody: "accounts", "/v1/api-keys": nil} {
		got := w.as(closed, "GET", path, nil).want(403)
		if got.text("code") != "insufficient_permissions" || got.at("required_group") != group {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	w.as(closed, "GET", "/v1/platforms", nil).want(200)
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	userID, key := w.person("mia", map[string]any{"scope": "profiles", "profileIds": []string{w.second}})
	list := w.do("GET", "/v1/users", nil).want(200)
	if list.text("currentUserId") != w.owner.UserID || list.text("users.0._id") != w.owner.UserID || list.at("users.0.isRoot") != true || list.text("users.0.role") != "owner" ||
		list.text("users.0.profileAccess.0") != "all" || list.text("users.0.lastLoginAt") != "2026-01-15T10:00:00.000Z" {
		t.Errorf("%s", list.body)
	}
	if list.text("users.1._id") != userID || list.at("users.1.isRoot") != false || list.text("users.1.email") != "mia@example.com" || list.text("users.1.role") != "member" ||
		list.text("users.1.profileAccess.0") != w.second || list.at("users.1.lastLoginAt") != nil {
		t.Errorf("%s", list.body)
	}
	me := w.as(key, "GET", "/v1/auth/verify", nil).want(200)
	if me.text("userId") != userID || me.text("name") != "mia" || me.text("email") != "mia@example.com" || me.text("authType") != "api_key" || me.at("scope") != nil || me.at("valid") != true {
		t.Errorf("%s", me.body)
	}
	if got := w.do("GET", "/v1/users/"+userID, nil).want(200); got.text("user._id") != userID || got.text("user.lastLoginAt") == "" {
		t.Errorf("%s", got.body)
	}
	for _, id := range []string{nobody, "xyz", w.stranger.UserID, "%00"} {
		w.do("GET", "/v1/users/"+id, nil).want(404)
		w.do("DELETE", "/v1/users/"+id, nil).want(404)
	}
	w.as(w.strangerKey, "GET", "/v1/users/"+userID, nil).want(404)
	w.as("", "GET", "/v1/users", nil).want(401)

	// A person of one profile has keys, which reach no further, and manages his own.
	w.advance(time.Microsecond)
	more := w.as(key, "POST", "/v1/api-keys", map[string]any{"name": "mine"}).want(201)
	if got := w.as(more.text("apiKey.key"), "GET", "/v1/profiles", nil).want(200); got.text("profiles.0._id") != w.second || got.at("profiles.1") != nil {
		t.Errorf("%s", got.body)
	}
	w.as(key, "POST", "/v1/api-keys", map[string]any{"name": "k", "scope": "profiles", "profileIds": []string{w.profile}}).want(404)
	if got := w.as(key, "GET", "/v1/api-keys", nil).want(200); got.text("apiKeys.0.name") != "mine" || got.at("apiKeys.2") != nil {
		t.Errorf("a member sees %s", got.body)
	}
	if got := w.do("GET", "/v1/api-keys", nil).want(200); got.text("apiKeys.0.createdBy.email") != "mia@example.com" || got.at("apiKeys.2") == nil {
		t.Errorf("the owner sees %s", got.body)
	}
	if got := w.as(key, "POST", "/v1/invite/tokens", map[string]any{"scope": "all"}).want(403); got.text("code") != "insufficient_permissions" {
		t.Errorf("%s", got.body)
	}
	w.as(key, "DELETE", "/v1/users/"+userID, nil).want(403)

	w.do("DELETE", "/v1/users/"+userID, nil).want(200)
	w.as(key, "GET", "/v1/posts", nil).want(401)
	w.as(more.text("apiKey.key"), "GET", "/v1/posts", nil).want(401)
	w.do("GET", "/v1/users/"+userID, nil).want(404)
	w.do("DELETE", "/v1/users/"+w.owner.UserID, nil).want(403)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	draft := map[string]any{"content": "draft"}
	_, viewer := w.person("vera", map[string]any{"scope": "all", "readOnly": true})
	w.as(viewer, "GET", "/v1/posts", nil).want(200)
	w.as(viewer, "POST", "/v1/posts", draft).want(403)
	w.as(viewer, "POST", "/v1/api-keys", map[string]any{"name": "k"}).want(403)
	_, billing := w.person("bill", map[string]any{"scope": "all", "role": "billing_admin"})
	w.as(billing, "GET", "/v1/posts", nil).want(200)
	w.as(billing, "POST", "/v1/posts", draft).want(403)
	adminID, admin := w.person("ada", map[string]any{"scope": "all", "role": "admin"})
	w.as(admin, "POST", "/v1/posts", draft).want(201)
	w.as(admin, "POST", "/v1/invite/tokens", map[string]any{"scope": "all"}).want(201)
	w.as(admin, "DELETE", "/v1/users/"+w.owner.UserID, nil).want(403)
	w.as(admin, "DELETE", "/v1/users/"+adminID, nil).want(200)
	w.as(admin, "GET", "/v1/posts", nil).want(401)
}

func TestInvites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "profiles", "profileIds": []string{w.second, w.profile}}).want(201)
	token := made.text("token")
	if made.text("scope") != "profiles" || made.text("invitedProfileIds.0") != w.second || made.text("invitedProfileIds.1") != w.profile ||
		made.text("expiresAt") != "2026-01-22T10:00:00.000Z" || made.text("inviteUrl") != "http://localhost:8080/invite/"+token {
		t.Errorf("%s", made.body)
	}
	if got := w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "all", "profileIds": nil, "role": nil, "readOnly": nil}).want(201); fmt.Sprint(got.at("invitedProfileIds")) != "[]" {
		t.Errorf("%s", got.body)
	}
	for body, param := range map[string]string{
		`{}`:                   "scope",
		`{"scope":"full"}`:     "scope",
		`{"scope":"profiles"}`: "profileIds",
		`{"scope":"all","profileIds":["` + w.second + `"]}`:      "profileIds",
		`{"scope":"all","role":"owner"}`:                         "role",
		`{"scope":"all","role":"admin","readOnly":true}`:         "readOnly",
		`{"scope":"all","role":"billing_admin","readOnly":true}`: "readOnly",
	} {
		if got := w.do("POST", "/v1/invite/tokens", body).want(400); got.text("param") != param {
			t.Errorf("%s: %s", body, got.body)
		}
	}
	for _, profileID := range []string{nobody, w.strangerProfile} {
		if got := w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "profiles", "profileIds": []string{profileID}}).want(404); got.text("param") != "profileIds" {
			t.Errorf("%s: %s", profileID, got.body)
		}
	}
	accept := func(token, name, email string) answer {
		return w.as("", "POST", "/v1/invite/accept", map[string]any{"token": token, "name": name, "email": email})
	}
	if got := accept(token, " ", "a@example.com").want(400); got.text("param") != "name" {
		t.Errorf("%s", got.body)
	}
	if got := accept(token, "Anna", "anna").want(400); got.text("param") != "email" {
		t.Errorf("%s", got.body)
	}
	got := accept(token, "Anna", "anna@example.com").want(201)
	if got.text("user.name") != "Anna" || got.text("user.role") != "member" || got.text("user.profileAccess.0") != w.second || got.text("apiKey.createdBy.email") != "anna@example.com" {
		t.Errorf("%s", got.body)
	}
	w.as(got.text("apiKey.key"), "GET", "/v1/posts", nil).want(200)
	if got := accept(token, "Anna", "anna2@example.com").want(410); got.text("code") != "invite_used" {
		t.Errorf("%s", got.body)
	}
	next := w.do("POST", "/v1/invite/tokens", map[string]any{"scope": "all"}).want(201).text("token")
	if got := accept(next, "Anna", "Anna@example.com").want(409); got.text("code") != "email_taken" {
		t.Errorf("%s", got.body)
	}
	w.advance(7 * 24 * time.Hour)
	if got := accept(next, "Bert", "bert@example.com").want(410); got.text("code") != "invite_expired" {
		t.Errorf("%s", got.body)
	}
	if got := accept("inv_unknown", "Bert", "bert@example.com").want(404); got.text("code") != "invite_not_found" {
		t.Errorf("%s", got.body)
	}
	w.as("", "POST", "/v1/invite/accept", `{"token":"inv_1"}`).want(400)
	w.as("", "POST", "/v1/invite/tokens", `{"scope":"all"}`).want(401)
	if strings.Contains(w.log.String(), token[4:20]) {
		t.Error("a token is in the log")
	}
}

func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.as("", "POST", "/api/auth/cli/initiate", map[string]any{"deviceName": "laptop"}).want(200)
	if begun.at("interval") != 5.0 || begun.text("expiresAt") != "2026-01-15T10:10:00.000Z" || begun.text("browserUrl") != "http://localhost:8080/device?code="+begun.text("userCode") {
		t.Errorf("%s", begun.body)
	}
	poll := func(code string) answer {
		w.advance(5 * time.Second)
		return w.as(code, "GET", "/api/auth/cli/poll", nil)
	}
	code := begun.text("deviceCode")
	if got := poll(code).want(200); got.text("status") != "pending" || got.at("apiKey") != nil {
		t.Errorf("%s", got.body)
	}
	if got := w.as(code, "GET", "/api/auth/cli/poll", nil).want(429); got.text("error") == "" || got.header.Get("Retry-After") != "5" {
		t.Errorf("%v %s", got.header, got.body)
	}
	w.approve(w.key, begun.text("userCode"), "approve").want(200)
	got := poll(code).want(200)
	if got.text("status") != "authorized" {
		t.Fatalf("%s", got.body)
	}
	if me := w.as(got.text("apiKey"), "GET", "/v1/auth/verify", nil).want(200); me.text("userId") != w.owner.UserID {
		t.Errorf("%s", me.body)
	}
	if keys := w.do("GET", "/v1/api-keys", nil); keys.text("apiKeys.0.name") != "laptop" {
		t.Errorf("%s", keys.body)
	}
	poll(code).want(410)

	denied := w.as("", "POST", "/api/auth/cli/initiate", nil).want(200)
	w.approve(w.key, denied.text("userCode"), "deny").want(200)
	if got := poll(denied.text("deviceCode")).want(200); got.text("status") != "denied" {
		t.Errorf("%s", got.body)
	}
	late := w.as("", "POST", "/api/auth/cli/initiate", `{"deviceName":null}`).want(200)
	w.advance(10 * time.Minute)
	if got := poll(late.text("deviceCode")).want(410); got.text("error") == "" {
		t.Errorf("%s", got.body)
	}
	poll("").want(401)
	poll("dev_1").want(401)
	poll(w.key).want(401)
	w.as("", "POST", "/api/auth/cli/initiate", `{"deviceName":5}`).want(400)
	if log := w.log.String(); strings.Contains(log, code[4:20]) || strings.Contains(log, w.key[3:20]) {
		t.Error("a secret is in the log")
	}
}

// approve decides on a device as a browser does.
func (w *world) approve(key, userCode, decision string) answer {
	w.t.Helper()
	page := w.form("/device?code="+userCode, map[string]string{"code": userCode, "key": key}).want(200)
	return w.form("/device/decision", map[string]string{"ticket": hidden(page, "ticket"), "decision": decision})
}

func TestDevicePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begun := w.as("", "POST", "/api/auth/cli/initiate", map[string]any{"deviceName": `<b>Eve's</b>`}).want(200)
	code := begun.text("userCode")
	if page := w.page("GET", "/device?code="+code).want(200); !strings.Contains(string(page.body), `value="`+code+`"`) {
		t.Errorf("%s", page.body)
	}
	if page := w.page("GET", `/device?code="><script>`).want(200); strings.Contains(string(page.body), "<script") {
		t.Errorf("%s", page.body)
	}
	reader := w.newKey(map[string]any{"permission": "read"}).text("apiKey.key")
	for _, tt := range []struct {
		code, key string
		status    int
		says      string
	}{
		{code, "", 401, "Invalid API key"}, {code, "sk_nonsense", 401, "Invalid API key"}, {code, reader, 403, "may only read"}, {"BBBB-BBBB", w.key, 404, "No device waits"}, {"", w.key, 404, "No device waits"},
	} {
		page := w.form("/device", map[string]string{"code": tt.code, "key": tt.key}).want(tt.status)
		if text := string(page.body); !strings.Contains(text, tt.says) || !strings.Contains(text, `role="alert"`) || tt.key != "" && strings.Contains(text, tt.key) {
			t.Errorf("%+v: %s", tt, text)
		}
	}
	page := w.form("/device", map[string]string{"code": strings.ToLower(code), "key": " " + w.key + " "}).want(200)
	if text := string(page.body); !strings.Contains(text, "&lt;b&gt;Eve&#39;s&lt;/b&gt;") || !strings.Contains(text, code) || strings.Contains(text, w.key) || !strings.Contains(text, "just now") {
		t.Errorf("%s", text)
	}
	ticket := hidden(page, "ticket")
	w.form("/device/decision", map[string]string{"ticket": ticket}).want(400)
	w.form("/device/decision", map[string]string{"ticket": "tkt_1", "decision": "approve"}).want(410)
	w.form("/device/decision", map[string]string{"ticket": ticket, "decision": "approve"}).want(200)
	w.form("/device/decision", map[string]string{"ticket": ticket, "decision": "approve"}).want(410)
	for range 20 {
		w.form("/device", map[string]string{"code": "BBBB-BBBB", "key": w.key})
	}
	if page := w.form("/device", map[string]string{"code": code, "key": w.key}).want(429); page.header.Get("Retry-After") == "" {
		t.Errorf("%v", page.header)
	}
	w.page("DELETE", "/device").want(http.StatusMethodNotAllowed)
}
