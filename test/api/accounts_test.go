package api

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// connectRaw connects an account of the owner's that its platform knows nothing of.
func (w *world) connectRaw(ownerID, profileID, platform string, a platforms.Account, token platforms.Token) (id string) {
	w.t.Helper()
	err := postgres.InTx(w.t.Context(), w.app.Pool, func(tx pgx.Tx) (err error) {
		id, err = w.app.Accounts.Connect(w.t.Context(), tx, ownerID, profileID, platform, a, token)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) strangersAccount() string {
	w.t.Helper()
	return w.connectRaw(w.stranger.OwnerID, w.strangerProfile, "bluesky", platforms.Account{RemoteID: "did:plc:strange", Username: "strange.test"}, platforms.Token{Access: platforms.NewSecret("strange")})
}

// login is what reconnects the owner's account at Bluesky.
func (w *world) login(profileID string) map[string]any {
	w.t.Helper()
	for _, f := range w.fakes["bluesky"].Accounts() {
		if w.accounts["bluesky/"+f.Username] == w.bluesky && f.Password != "" {
			return map[string]any{"identifier": f.Login, "appPassword": f.Password, "profileId": profileID}
		}
	}
	w.t.Fatal("the sandbox's account at Bluesky has no password")
	return nil
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/accounts/" + w.bluesky
	own := w.shownName(w.bluesky)
	got := w.do("PUT", path, map[string]any{"username": " acme ", "displayName": "Acme, main"}).want(200)
	if got.text("message") != "Account updated successfully" || got.text("username") != "acme" || got.text("displayName") != "Acme, main" || got.at("xCapabilities") != nil {
		t.Errorf("renamed: %s", got.body)
	}
	if got := w.do("PUT", path, map[string]any{"displayName": "Acme", "username": nil}).want(200); got.text("username") != "acme" || got.text("displayName") != "Acme" {
		t.Errorf("only the other name: %s", got.body)
	}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "hello", "platforms": []any{target("bluesky", w.bluesky)}, "scheduledFor": "2026-02-01T10:00:00Z"}).want(201)
	if got := post.text("post.platforms.0.accountId.username"); got != "acme" {
		t.Errorf("a post names it %q", got)
	}
	w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.profile)).want(200)
	if got := w.shownName(w.bluesky); got != "acme" {
		t.Errorf("connected again it is called %q", got)
	}
	if got := w.do("PUT", path, map[string]any{"username": ""}).want(200); got.text("username") != own || got.text("displayName") != "Acme" {
		t.Errorf("the name taken back: %s, want %s", got.body, own)
	}
	for _, body := range []any{map[string]any{}, map[string]any{"username": nil}, map[string]any{"xCapabilities": nil}, map[string]any{"isActive": false}} {
		if got := w.do("PUT", path, body).want(400); got.text("code") != "missing_required_field" {
			t.Errorf("%v: %s", body, got.body)
		}
	}
	for param, body := range map[string]any{
		"username": map[string]any{"username": strings.Repeat("x", 201)}, "displayName": map[string]any{"displayName": "a\tb"}, "xCapabilities": map[string]any{"xCapabilities": map[string]any{"inbox": true}},
		"xCapabilities.analytics": map[string]any{"xCapabilities": map[string]any{"analytics": "yes"}},
	} {
		if got := w.do("PUT", path, body).want(400); got.text("param") != param || got.text("code") != "invalid_field_value" {
			t.Errorf("%v: %s", body, got.body)
		}
	}
}

// shownName is the username in the list of accounts.
func (w *world) shownName(accountID string) string {
	w.t.Helper()
	got := w.do("GET", "/v1/accounts", nil).want(200)
	for _, a := range got.at("accounts").([]any) {
		if a := a.(map[string]any); a["_id"] == accountID {
			return a["username"].(string)
		}
	}
	w.t.Fatalf("account %s is not listed", accountID)
	return ""
}

func TestXCapabilities(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.connectRaw(w.owner.OwnerID, w.profile, "twitter", platforms.Account{RemoteID: "1", Username: "acme"}, platforms.Token{Access: platforms.NewSecret("token of X")})
	if got := w.do("PUT", "/v1/accounts/"+x, map[string]any{"xCapabilities": map[string]any{"inbox": true}}).want(200); got.at("xCapabilities.inbox") != true || got.at("xCapabilities.analytics") != false || got.text("username") != "acme" {
		t.Errorf("one: %s", got.body)
	}
	if got := w.do("PUT", "/v1/accounts/"+x, map[string]any{"xCapabilities": map[string]any{"analytics": true}}).want(200); got.at("xCapabilities.inbox") != true || got.at("xCapabilities.analytics") != true {
		t.Errorf("the other: %s", got.body)
	}
	if got := w.do("PUT", "/v1/accounts/"+x, map[string]any{"username": "acme2"}).want(200); got.at("xCapabilities") != nil {
		t.Errorf("not sent: %s", got.body)
	}
	pins := w.connectRaw(w.owner.OwnerID, w.profile, "pinterest", platforms.Account{RemoteID: "1", Username: "acme"}, platforms.Token{Access: platforms.NewSecret("token of Pinterest")})
	if got := w.do("GET", "/v1/accounts/"+pins+"/health", nil).want(200); got.text("status") != "error" || !strings.Contains(got.text("issues.0"), "no adapter") {
		t.Errorf("on a server without the platform: %s", got.body)
	}
}

func TestMoveAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/accounts/" + w.bluesky
	if got := w.do("PATCH", path, map[string]any{"profileId": w.second}).want(200); got.text("profileId") != w.second || got.text("message") == "" {
		t.Errorf("moved: %s", got.body)
	}
	if got := w.do("GET", "/v1/accounts?profileId="+w.second, nil).want(200); got.text("accounts.0._id") != w.bluesky || got.text("accounts.0.profileId.slug") != "second" || got.at("accounts.1") != nil {
		t.Errorf("listed: %s", got.body)
	}
	w.do("PATCH", path, map[string]any{"profileId": w.second}).want(200) // where it is
	for _, profile := range []string{nobodysID, w.strangerProfile} {
		if got := w.do("PATCH", path, map[string]any{"profileId": profile}).want(404); got.text("code") != "profile_not_found" {
			t.Errorf("to %s: %s", profile, got.body)
		}
	}
	w.do("PATCH", path, map[string]any{"profileId": "nonsense"}).want(400)
	if got := w.do("PATCH", path, map[string]any{}).want(400); got.text("code") != "missing_required_field" {
		t.Errorf("nowhere: %s", got.body)
	}
	scoped := w.keyForProfiles(w.second)
	w.as(scoped, "PATCH", path, map[string]any{"profileId": w.profile}).want(403)
	w.as(scoped, "PATCH", "/v1/accounts/"+w.instagram, map[string]any{"profileId": w.second}).want(403)
	w.as(scoped, "PATCH", path, map[string]any{"profileId": w.strangerProfile}).want(404)
	w.as(w.keyForProfiles(w.second, w.profile), "PATCH", path, map[string]any{"profileId": w.profile}).want(200)
	w.as(scoped, "PUT", path, map[string]any{"username": "mine"}).want(404)
	w.as(scoped, "DELETE", path, nil).want(404)
	w.as(scoped, "GET", path+"/health", nil).want(404)
	if got := w.as(scoped, "GET", "/v1/accounts/health", nil).want(200); got.at("summary.total") != 0.0 {
		t.Errorf("it sees %s", got.body)
	}
	w.as(scoped, "POST", "/v1/connect/bluesky/credentials", w.login(w.second)).want(403) // or it could take the account out of another profile
}

func TestAccountsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{w.strangersAccount(), nobodysID, "nonsense", "%00", "health"} {
		w.do("PUT", "/v1/accounts/"+id, map[string]any{"username": "mine"}).want(404)
		w.do("PATCH", "/v1/accounts/"+id, map[string]any{"profileId": w.profile}).want(404)
		w.do("DELETE", "/v1/accounts/"+id, nil).want(404)
		w.do("GET", "/v1/accounts/"+id+"/health", nil).want(404)
	}
	w.as(w.strangerKey, "DELETE", "/v1/accounts/"+w.bluesky, nil).want(404)
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := len(w.accounts)
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	if err := w.app.Accounts.NeedsReconnection(t.Context(), w.instagram); err != nil {
		t.Fatal(err)
	}
	count := func(query string) int {
		t.Helper()
		return len(w.do("GET", "/v1/accounts?"+query, nil).want(200).at("accounts").([]any))
	}
	for query, want := range map[string]int{"": all, "status=": all, "status=connected": all - 2, "status=disconnected": 2, "status=disconnected&platform=instagram": 1, "platform=pinterest": 0,
		"profileId=" + w.second: 0, "profileId=all": all, "profileId=" + nobodysID: 0, "includeOverLimit=true": all, "whatever=1": all} {
		if got := count(query); got != want {
			t.Errorf("?%s gives %d, want %d", query, got, want)
		}
	}
	got := w.do("GET", "/v1/accounts?page=2&limit=1&status=disconnected", nil).want(200)
	if got.at("pagination.total") != 2.0 || got.at("pagination.pages") != 2.0 || got.at("accounts.0") == nil || got.at("accounts.1") != nil {
		t.Errorf("paged: %s", got.body)
	}
	for _, query := range []string{"page=1", "limit=10", "page=0&limit=1", "page=1&limit=101", "status=gone", "platform=myspace", "profileId=nonsense", "includeOverLimit=x"} {
		w.do("GET", "/v1/accounts?"+query, nil).want(400)
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/accounts/" + w.bluesky
	if got := w.atOnce(8, "DELETE", path, ""); got[200] != 1 || got[404] != 7 {
		t.Errorf("at once: %v", got)
	}
	if got := w.do("DELETE", path, nil).want(404); got.text("code") != "account_not_found" {
		t.Errorf("again: %s", got.body)
	}
	var tokens int
	if err := w.app.Pool.QueryRow(t.Context(), `select count(*) from tokens where account_id = $1`, w.bluesky).Scan(&tokens); err != nil || tokens != 0 {
		t.Errorf("%d tokens are left, %v", tokens, err)
	}
	got := w.do("GET", "/v1/accounts?status=disconnected", nil).want(200)
	if got.text("accounts.0._id") != w.bluesky || got.at("accounts.0.isActive") != false {
		t.Errorf("listed as %s", got.body)
	}
	if got := w.do("POST", "/v1/posts", map[string]any{"content": "x", "platforms": []any{target("bluesky", w.bluesky)}, "publishNow": true}).want(403); got.text("code") != "ACCOUNT_DISCONNECTED" {
		t.Errorf("a new post: %s", got.body)
	}
	if got := w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.second)).want(200); got.text("account._id") != w.bluesky || got.at("account.isActive") != true || got.text("account.profileId._id") != w.second {
		t.Errorf("connected again: %s", got.body)
	}
	w.do("DELETE", path, nil).want(200)
}

// TestScheduledPostsOfADisconnectedAccount disconnects an account that two posts wait for: the first fails at its time and says why, the
// second goes, because the account is connected again by then.
func TestScheduledPostsOfADisconnectedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.work()
	schedule := func(text string, in time.Duration) string {
		at := w.clock().Add(in).UTC().Format(time.RFC3339Nano)
		return w.do("POST", "/v1/posts", map[string]any{"content": text, "platforms": []any{target("bluesky", w.bluesky)}, "scheduledFor": at}).want(201).text("post._id")
	}
	first, second := schedule("too early", 2*time.Second), schedule("in time", 12*time.Second)
	w.do("DELETE", "/v1/accounts/"+w.bluesky, nil).want(200)
	if got := w.do("GET", "/v1/posts/"+first, nil).want(200); got.text("post.status") != "scheduled" || got.at("post.platforms.0.accountId.isActive") != false {
		t.Errorf("before its time: %s", got.body)
	}
	got := w.until(first, "failed")
	if got.text("post.platforms.0.status") != "failed" || got.text("post.platforms.0.error.rule") != "account.disconnected" || got.text("post.platforms.0.errorCategory") != "account_issue" ||
		!strings.Contains(got.text("post.platforms.0.errorMessage"), "is disconnected") {
		t.Errorf("at its time: %s", got.body)
	}
	w.do("POST", "/v1/connect/bluesky/credentials", w.login(w.profile)).want(200)
	if got := w.until(second, "published"); got.text("post.platforms.0.platformPostUrl") == "" {
		t.Errorf("connected again: %s", got.body)
	}
	if got := w.do("GET", "/v1/accounts/"+w.bluesky+"/health", nil).want(200); got.text("status") != "healthy" {
		t.Errorf("afterwards: %s", got.body)
	}
}

// until waits for a post's status.
func (w *world) until(postID, status string) (got answer) {
	w.t.Helper()
	for range 600 {
		if got = w.do("GET", "/v1/posts/"+postID, nil).want(200); got.text("post.status") == status {
			return got
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("the post is not %s: %s", status, got.body)
	return got
}
