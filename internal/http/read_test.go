package http

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"posthorn/internal/accounts"
	"posthorn/internal/errs"
	"posthorn/internal/posts"
)

func TestListPostsFilter(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		query string
		want  posts.Filter
	}{
		{"", posts.Filter{Limit: 10}},
		{"page=3&limit=20", posts.Filter{Limit: 20, Offset: 40}},
		{"page=3&offset=5&limit=500", posts.Filter{Limit: 500, Offset: 5}},
		{"offset=0&page=9", posts.Filter{Limit: 10}},
		{"status=failed&platform=tiktok&profileId=" + profileID + "&accountId=" + accountID, posts.Filter{Limit: 10, Status: posts.Failed, Platform: "tiktok", ProfileID: profileID, AccountID: accountID}},
		{"profileId=all&status=&platform=&accountId=&createdBy=&search=&fromDate=&toDate=", posts.Filter{Limit: 10}},
		{"profileId=&includeHidden=true&source=zernio&createdBy=" + ownerID, posts.Filter{Limit: 10, UserID: ownerID}},
		{"fromDate=2026-01-01&toDate=2026-01-31", posts.Filter{Limit: 10, From: day(1), To: day(32)}},
		{"dateFrom=2026-01-01T00:00:00%2B02:00&dateTo=2026-01-31T12:00", posts.Filter{Limit: 10, From: day(1).Add(-2 * time.Hour), To: day(31).Add(12*time.Hour + time.Millisecond)}},
		{"fromDate=2026-01-02&dateFrom=2026-01-01&search=50%25+off&sortBy=created-asc", posts.Filter{Limit: 10, From: day(2), Search: "50% off", Sort: "created-asc"}},
	}
	for _, tt := range tests {
		a := newAPI(t)
		if got := a.do("GET", "/v1/posts?"+tt.query, ""); got.status != 200 {
			t.Errorf("%s: %s", tt.query, got.body)
		}
		if diff := cmp.Diff(tt.want, a.posts.filter, cmpopts.IgnoreUnexported(posts.Filter{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.query, diff)
		}
	}
}

func TestListPosts(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.posts.list, a.posts.total = []posts.Post{aPost(posts.Draft)}, 41
	body := a.do("GET", "/api/v1/posts?limit=20&offset=20", "").json(t)
	if diff := cmp.Diff(map[string]any{"page": 2.0, "limit": 20.0, "total": 41.0, "pages": 3.0}, body["pagination"]); diff != "" {
		t.Errorf("pagination (-want +got):\n%s", diff)
	}
	if n := len(body["posts"].([]any)); n != 1 {
		t.Errorf("%d posts", n)
	}
	got := string(a.do("GET", "/v1/posts?source=external", "").body)
	if want := `{"pagination":{"limit":10,"page":1,"pages":0,"total":0},"posts":[]}` + "\n"; got != want {
		t.Errorf("external: %s", got)
	}
}

func TestPostByID(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	if got := a.do("GET", "/v1/posts/"+postID, "").json(t); got["post"].(map[string]any)["_id"] != postID {
		t.Errorf("get: %v", got)
	}
	if got := a.do("GET", "/v1/posts/"+strings.Replace(postID, "6745", "%36%37%34%35", 1), ""); got.status != 200 {
		t.Errorf("percent-encoded: %d %s", got.status, got.body)
	}
	if got := a.do("DELETE", "/v1/posts/"+postID, `{"ignored":true}`); got.status != 200 || got.json(t)["message"] != "Post deleted successfully" {
		t.Errorf("delete: %d %s", got.status, got.body)
	}
	if got := a.do("DELETE", "/v1/posts/"+postID, "", "Content-Type", "application/json"); got.status != 200 {
		t.Errorf("delete with a type and no body: %d %s", got.status, got.body)
	}
	a.posts.err = errs.New(errs.Invalid, "It is published")
	if got := a.do("DELETE", "/v1/posts/"+postID, ""); got.status != 400 || got.json(t)["error"] != "It is published" {
		t.Errorf("delete of a published one: %d %s", got.status, got.body)
	}
}

func TestPostLogs(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.posts.steps = []posts.Step{{TargetID: targetID, At: testNow, Step: "", Outcome: "step", Note: "uploaded", Wait: 2 * time.Second, Took: 30 * time.Millisecond}}
	got := a.do("GET", "/v1/posts/"+postID+"/logs", "").json(t)["logs"].([]any)[0]
	want := map[string]any{"at": "2026-01-15T10:00:00.000Z", "targetId": targetID, "platform": "", "accountId": "", "step": "", "outcome": "step", "note": "uploaded", "waitMs": 2000.0, "tookMs": 30.0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := a.do("GET", "/v1/posts/"+accountID+"/logs", ""); got.status != 404 {
		t.Errorf("unknown post: %d", got.status)
	}
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	second := anAccount()
	second.Active, second.NeedsReconnection, second.PictureURL, second.ProfileURL, second.Data = false, true, "https://a.test/p.jpg", "https://a.test/u", []byte(`{"host":"pds.test"}`)
	a.accounts.list, a.accounts.total = []accounts.Account{anAccount(), second}, 2
	got := a.do("GET", "/v1/accounts?includeOverLimit=true&unknown=1", "").json(t)
	bare := map[string]any{"_id": accountID, "platform": "bluesky", "profileId": map[string]any{"_id": profileID, "name": "Side Project", "slug": "side-project"}, "username": "alice.test",
		"displayName": "Alice", "profilePicture": nil, "isActive": true, "enabled": true, "parentAccountId": nil, "metadata": map[string]any{},
		"createdAt": "2026-01-15T10:00:00.000Z", "updatedAt": "2026-01-15T10:00:00.000Z"}
	full := map[string]any{}
	for name, value := range bare {
		full[name] = value
	}
	full["isActive"], full["needsReconnection"], full["profilePicture"], full["profileUrl"] = false, true, "https://a.test/p.jpg", "https://a.test/u"
	full["metadata"] = map[string]any{"host": "pds.test"}
	if diff := cmp.Diff(map[string]any{"accounts": []any{bare, full}, "hasAnalyticsAccess": false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = a.do("GET", "/v1/accounts?page=2&limit=1&status=disconnected&platform=bluesky&profileId="+profileID, "").json(t)
	if diff := cmp.Diff(map[string]any{"page": 2.0, "limit": 1.0, "total": 2.0, "pages": 2.0}, got["pagination"]); diff != "" {
		t.Errorf("pagination (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(accounts.Filter{ProfileID: profileID, Platform: "bluesky", Status: "disconnected", Limit: 1, Offset: 1}, a.accounts.filter); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	a.accounts.list = nil
	if got := string(a.do("GET", "/v1/accounts?profileId=&status=&platform=", "").body); !strings.Contains(got, `"accounts":[]`) {
		t.Errorf("without accounts: %s", got)
	}
}

func TestListProfiles(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.accounts.profiles, a.accounts.total = []accounts.Profile{{ID: profileID, OwnerID: ownerID, Name: "Default", IsDefault: true, CreatedAt: testNow}}, 7
	profile := map[string]any{"_id": profileID, "userId": ownerID, "name": "Default", "description": "", "color": "", "isDefault": true, "createdAt": "2026-01-15T10:00:00.000Z"}
	if diff := cmp.Diff(map[string]any{"profiles": []any{profile}}, a.do("GET", "/v1/profiles?name=Default", "").json(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := map[string]any{"profiles": []any{profile}, "total": 7.0, "skip": 0.0, "limit": 5.0}
	if diff := cmp.Diff(want, a.do("GET", "/v1/profiles?limit=5", "").json(t)); diff != "" {
		t.Errorf("paged (-want +got):\n%s", diff)
	}
	a.do("GET", "/v1/profiles?skip=2&name=x", "")
	if diff := cmp.Diff(accounts.ProfileFilter{Name: "x", Limit: 1000, Skip: 2}, a.accounts.profileFilter); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
}

func TestConnectBluesky(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"identifier":" alice.test ","appPassword":"abcd-efgh","profileId":"` + profileID + `"}`,
		`{"identifier":"alice.test","appPassword":"abcd-efgh","state":"` + ownerID + `-` + profileID + `","redirect_url":"https://a.test"}`,
	} {
		a := newAPI(t)
		got := a.do("POST", "/v1/connect/bluesky/credentials", body)
		if got.status != 200 || got.json(t)["account"].(map[string]any)["_id"] != accountID {
			t.Errorf("status %d: %s", got.status, got.body)
		}
		c := a.accounts.connected
		if c.profile != profileID || c.platform != "bluesky" || c.fields["identifier"].Reveal() != "alice.test" || c.fields["appPassword"].Reveal() != "abcd-efgh" {
			t.Errorf("connected %+v", c)
		}
		if strings.Contains(a.log.String(), "abcd") {
			t.Errorf("the password is in the log: %s", a.log)
		}
	}
	a := newAPI(t)
	a.accounts.err = &errs.Error{Code: errs.Unauthorized, Wire: "invalid_credentials", Message: "Wrong password"}
	if got := a.do("POST", "/v1/connect/bluesky/credentials", `{"identifier":"a","appPassword":"b","profileId":"`+profileID+`"}`); got.status != 401 || got.json(t)["code"] != "invalid_credentials" {
		t.Errorf("wrong password: %d %s", got.status, got.body)
	}
}

func TestVerifyCredential(t *testing.T) {
	t.Parallel()
	want := map[string]any{"valid": true, "userId": ownerID, "name": "Anna", "email": nil, "authType": "api_key", "scope": nil}
	if diff := cmp.Diff(want, newAPI(t).do("GET", "/v1/auth/verify", "").json(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListPlatforms(t *testing.T) {
	t.Parallel()
	got := newAPI(t).do("GET", "/v1/platforms", "").json(t)["platforms"].([]any)[0].(map[string]any)
	want := map[string]any{"name": "bluesky", "title": "Bluesky", "docs": "https://docs.bsky.app", "capabilities": []any{"credentials", "publish"},
		"budgets": []any{map[string]any{"name": "calls", "scope": "account", "limit": 3000.0, "windowSeconds": 300.0, "source": "https://docs.bsky.app"}},
		"options": map[string]any{"type": "object", "properties": map[string]any{"langs": map[string]any{"type": "array", "items": map[string]any{"type": "string"}}}},
		"rules":   got["rules"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if max := got["rules"].(map[string]any)["text"].(map[string]any)["max"]; max != 300.0 {
		t.Errorf("text limit %v", max)
	}
}
