package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"posthorn/internal/auth"
	"posthorn/internal/logs"
)

// logged reads the log after everything in hand has been written.
func (w *world) logged(path string, query ...string) answer {
	w.t.Helper()
	if err := w.app.LogWriter.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	q := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	return w.do("GET", path, q)
}

// entries are the entries of a page.
func (a answer) entries() []map[string]any {
	a.t.Helper()
	var page struct{ Logs, Exchanges []map[string]any }
	if err := json.Unmarshal(a.want(200).body, &page); err != nil {
		a.t.Fatal(err)
	}
	if page.Exchanges != nil {
		return page.Exchanges
	}
	return page.Logs
}

func countOf(list []map[string]any, field string, value any) (n int) {
	for _, e := range list {
		if e[field] == value {
			n++
		}
	}
	return n
}

// TestLogTellsEveryExchangeAndNoSecret publishes to both platforms, logs in and refreshes a token, and looks through all that was kept.
func TestLogTellsEveryExchangeAndNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_INSTAGRAM_CLIENT_ID=app-1", "POSTHORN_INSTAGRAM_CLIENT_SECRET=the-app-secret-of-instagram", "POSTHORN_FACEBOOK_CLIENT_ID=app-2",
		"POSTHORN_FACEBOOK_CLIENT_SECRET=the-app-secret-of-facebook")
	w.work()
	var secrets []string
	for _, fake := range w.fakes {
		for _, a := range fake.Accounts() {
			secrets = append(secrets, a.Access, a.Refresh, a.Password)
		}
	}
	bsky := w.fakes["bluesky"].Accounts()[0]
	account := w.do("POST", "/v1/connect/bluesky/credentials", map[string]any{"identifier": bsky.Login, "appPassword": bsky.Password, "profileId": w.profile}, "X-Request-Id", "connect-1").want(200)
	if bsky.Password == "" || account.text("account._id") == "" {
		t.Fatalf("the sandbox's account has no password, or was not connected: %s", account.body)
	}
	// The token that the login gave is stale: the next step refreshes it.
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account.text("account._id"), w.clock().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	before := w.tokens(t, account.text("account._id"))
	post := w.do("POST", "/v1/posts", map[string]any{"content": "hello", "publishNow": true, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}},
		"platforms": []any{target("bluesky", account.text("account._id")), target("instagram", w.instagram)}}, "X-Request-Id", "create-1").want(201)
	secrets = append(secrets, "the-app-secret-of-instagram", "the-app-secret-of-facebook", w.key)
	secrets = append(secrets, before...)
	secrets = append(secrets, w.tokens(t, account.text("account._id"))...)
	w.do("POST", "/v1/connect/bluesky/credentials", map[string]any{"identifier": bsky.Login, "appPassword": "wrong-password-1", "profileId": w.profile}).want(401)
	secrets = append(secrets, "wrong-password-1")
	if err := w.app.LogWriter.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all string
	if err := w.app.Pool.QueryRow(t.Context(), `select string_agg(l::text, E'\n') from logs l`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	for i, s := range secrets {
		if len(s) >= 8 && (strings.Contains(all, s) || strings.Contains(all, url.QueryEscape(s))) {
			t.Errorf("secret %d of %d is in the log", i, len(secrets))
		}
	}

	id := post.text("post._id")
	exchanges := w.logged("/v1/posts/"+id+"/logs", "limit", "100")
	list := exchanges.entries()
	for _, want := range []string{"bsky.app", "graph."} {
		if !strings.Contains(fmt.Sprint(list), want) {
			t.Errorf("no exchange with %s in %v", want, list)
		}
	}
	if countOf(list, "action", logs.PlatformCall) < 5 || countOf(list, "action", logs.PostPublished) != 2 || countOf(list, "request_id", "create-1") != len(list) {
		t.Errorf("the post's exchanges are %v", list)
	}
	if exchanges.at("logs.0.outcome") == nil || exchanges.at("pagination.total") != float64(len(list)) {
		t.Errorf("the timeline is gone: %s", exchanges.body)
	}
	for _, e := range list {
		if e["action"] == logs.PlatformCall && (e["endpoint"] == "" || e["status_code"] != 200.0 || e["method"] == nil || !strings.Contains(fmt.Sprint(e["metadata"]), `"postId":"`+id+`"`)) {
			t.Errorf("an exchange is %v", e)
		}
	}
	if !strings.Contains(fmt.Sprint(list), "bytes of image/jpeg>") {
		t.Errorf("the upload of the photo is not told: %v", list)
	}

	// One request's ID finds all that it led to: itself, and what the worker did.
	led := w.logged("/v1/logs", "request_id", "create-1", "limit", "100").entries()
	if countOf(led, "type", "api_request") != 1 || countOf(led, "type", "publishing") != len(list) || countOf(led, "action", logs.TokenRefresh) != 1 {
		t.Errorf("create-1 led to %v", led)
	}
	if led := w.logged("/v1/logs", "requestId", "connect-1").entries(); countOf(led, "action", logs.AccountLogin) < 1 || countOf(led, "action", logs.AccountConnected) != 1 {
		t.Errorf("connect-1 led to %v", led)
	}
}

// tokens opens an account's tokens.
func (w *world) tokens(t *testing.T, accountID string) []string {
	t.Helper()
	v, err := w.app.Accounts.Vault.Token(t.Context(), accountID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{v.Access.Reveal(), v.Refresh.Reveal()}
}

func TestLogFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := w.clock()
	add := func(e logs.Entry) {
		e.OwnerID, e.At = w.owner.OwnerID, e.At.UTC()
		w.app.LogWriter.Add(e)
	}
	about := func(kind logs.Type, action, platform, account string) logs.About {
		return logs.About{Type: kind, Action: action, Platform: platform, AccountID: account}
	}
	for i := range 3 {
		add(logs.Entry{About: about(logs.Publishing, logs.PlatformCall, "bluesky", w.bluesky), At: now.Add(-time.Duration(i) * time.Hour), Status: logs.Success, StatusCode: 200, ResponseBody: `{"odd":"100%_sure"}`})
	}
	add(logs.Entry{About: about(logs.Publishing, logs.PostFailed, "instagram", w.instagram), At: now.Add(-50 * time.Hour), Status: logs.Failed, StatusCode: 400, ErrorMessage: "no"})
	add(logs.Entry{About: about(logs.Connections, logs.AccountConnected, "instagram", w.instagram), At: now.Add(-80 * 24 * time.Hour), Status: logs.Success})
	add(logs.Entry{About: about(logs.Messaging, "message.read", "instagram", w.instagram), At: now.Add(-time.Minute), Status: logs.Success, Event: "message.read"})
	add(logs.Entry{About: about(logs.Connections, "too.old", "instagram", w.instagram), At: now.Add(-91 * 24 * time.Hour), Status: logs.Success})
	tests := []struct {
		path  string
		query []string
		want  int
	}{
		{"/v1/logs", []string{"type", "publishing"}, 4},
		{"/v1/posts/logs", nil, 4},
		{"/api/v1/connections/logs", nil, 1},
		{"/v1/posts/logs", []string{"type", "connections"}, 1},
		{"/v1/logs", []string{"type", "messaging"}, 0},
		{"/v1/logs", []string{"type", "messaging", "includeReadReceipts", "true"}, 1},
		{"/v1/logs", []string{"type", "messaging", "include_read_receipts", "true", "event", "message.read"}, 1},
		{"/v1/logs", []string{"type", "webhooks"}, 0},
		{"/v1/logs", []string{"status", "failed"}, 1},
		{"/v1/logs", []string{"status", "all", "platform", "all", "type", "publishing", "nonsense", "ignored"}, 4},
		{"/v1/logs", []string{"platform", "instagram"}, 2},
		{"/v1/logs", []string{"platform", "tiktok"}, 0},
		{"/v1/logs", []string{"accountId", w.bluesky}, 3},
		{"/v1/logs", []string{"account_id", w.bluesky}, 3},
		{"/v1/logs", []string{"action", "post.failed"}, 1},
		{"/v1/logs", []string{"statusCode", "400"}, 1},
		{"/v1/logs", []string{"status_code", "400"}, 1},
		{"/v1/logs", []string{"search", "100%_SURE"}, 3},
		{"/v1/logs", []string{"search", "100_%"}, 0},
		{"/v1/logs", []string{"days", "2", "type", "publishing"}, 3},
		{"/v1/logs", []string{"type", "publishing", "from", now.Add(-90 * time.Minute).Format(time.RFC3339), "to", now.Add(-30 * time.Minute).Format(time.RFC3339)}, 1},
		{"/v1/logs", []string{"type", "publishing", "to", "2026-01-14"}, 1},
	}
	for _, tt := range tests {
		if got := w.logged(tt.path, tt.query...); len(got.entries()) != tt.want || got.at("pagination.total") != float64(tt.want) {
			t.Errorf("%s %v found %d, want %d: %s", tt.path, tt.query, len(got.entries()), tt.want, got.body)
		}
	}
	for _, bad := range [][]string{{"type", "nonsense"}, {"status", "maybe"}, {"days", "0"}, {"days", "91"}, {"limit", "101"}, {"limit", "0"}, {"skip", "-1"}, {"accountId", "x"}, {"platform", "myspace"},
		{"from", "yesterday"}, {"to", "x"}, {"statusCode", "99"}, {"includeReadReceipts", "perhaps"}, {"apiKeyId", "nobody"}} {
		if got := w.logged("/v1/logs", bad...).want(400); got.text("code") != "invalid_field_value" {
			t.Errorf("%v: %s", bad, got.body)
		}
	}
	first := w.logged("/v1/posts/logs", "limit", "3")
	second := w.logged("/v1/posts/logs", "limit", "3", "skip", "3")
	if len(first.entries()) != 3 || first.at("pagination.hasMore") != true || first.at("pagination.pages") != 2.0 || len(second.entries()) != 1 || second.at("pagination.hasMore") != false {
		t.Errorf("pages are %s and %s", first.body, second.body)
	}
	requests := w.logged("/v1/logs", "type", "api_request", "statusCode", "400", "limit", "100").entries()
	if len(requests) == 0 || requests[0]["action"] != "listLogs" || requests[0]["method"] != "GET" || requests[0]["path"] != "/v1/logs" || requests[0]["error_code"] != "invalid_field_value" ||
		requests[0]["api_key_id"] == nil || requests[0]["ip_address"] == nil {
		t.Errorf("requests are %v", requests)
	}
	byKey := w.logged("/v1/logs", "apiKeyId", fmt.Sprint(requests[0]["api_key_id"]), "limit", "1")
	if len(byKey.entries()) != 1 {
		t.Errorf("the key's requests: %s", byKey.body)
	}
	if got := w.as(w.strangerKey, "GET", "/v1/logs?type=publishing", nil); len(got.entries()) != 0 {
		t.Errorf("a stranger reads %s", got.body)
	}
}

// TestLogIsScoped lets a key of one profile see what is about that profile's accounts, and its own requests.
func TestLogIsScoped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.app.Pool.Exec(t.Context(), `update accounts set profile_id = $1, updated_at = $3 where id = $2`, w.second, w.bluesky, w.clock()); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{w.bluesky, w.instagram} {
		w.app.LogWriter.Add(logs.Entry{At: w.clock(), Status: logs.Success, About: logs.About{Type: logs.Publishing, Action: logs.PlatformCall, OwnerID: w.owner.OwnerID, AccountID: account}})
		w.app.LogWriter.Add(logs.Entry{At: w.clock(), Status: logs.Success, About: logs.About{Type: logs.Connections, Action: logs.TokenRefresh, OwnerID: w.owner.OwnerID, AccountID: account}})
	}
	w.do("GET", "/v1/posts", nil).want(200)
	key := w.restrictedKey("profile_ids", "{"+w.second+"}")
	w.as(key, "GET", "/v1/profiles", nil).want(200)
	w.logged("/v1/logs")
	list := w.as(key, "GET", "/v1/logs", nil).entries()
	if len(list) != 3 || countOf(list, "account_id", w.bluesky) != 2 || countOf(list, "action", "listProfiles") != 1 {
		t.Errorf("the key of one profile sees %v", list)
	}
	closed := w.restrictedKey("disabled_groups", "{accounts}")
	w.logged("/v1/logs")
	if list := w.as(closed, "GET", "/v1/logs?type=connections", nil).entries(); len(list) != 0 {
		t.Errorf("a key without accounts sees %v", list)
	}
}

// restrictedKey makes a key of owner's with one column set.
func (w *world) restrictedKey(column, value string) string {
	w.t.Helper()
	key := auth.NewKey()
	tx, err := w.app.Pool.Begin(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.app.Auth.StoreKey(w.t.Context(), tx, w.owner.OwnerID, key[:20], key); err != nil {
		w.t.Fatal(err)
	}
	if _, err := tx.Exec(w.t.Context(), `update api_keys set `+column+` = $1 where name = $2`, value, key[:20]); err != nil {
		w.t.Fatal(err)
	}
	if err := tx.Commit(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// TestLogOfRequestsAtPlatforms: what a request, and not a worker, does at a platform is in the log of the post and of its account too.
func TestLogOfRequestsAtPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	post := w.do("POST", "/v1/posts", map[string]any{"content": "soon gone", "publishNow": true, "platforms": []any{target("bluesky", w.bluesky)}}).want(201).text("post._id")
	w.do("POST", "/v1/posts/"+post+"/unpublish", map[string]any{"platform": "bluesky"}, "X-Request-Id", "take-away").want(200)
	deleted := 0
	for _, e := range w.logged("/v1/posts/" + post + "/logs").entries() {
		if endpoint, _ := e["endpoint"].(string); strings.Contains(endpoint, "deleteRecord") && e["request_id"] == "take-away" {
			deleted++
		}
	}
	if deleted != 1 {
		t.Errorf("%d deletions are in the post's log, want one: %s", deleted, w.logged("/v1/posts/"+post+"/logs").body)
	}
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	if got := w.logged("/v1/connections/logs", "action", logs.AccountDisconnected).entries(); len(got) != 1 {
		t.Errorf("the log tells of %d disconnections, want one", len(got))
	}
}
