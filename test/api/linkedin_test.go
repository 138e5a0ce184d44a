package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/linkedin/linkedinfake"
)

// linkedIn is the world's LinkedIn.
func (w *world) linkedIn() *linkedinfake.Fake { return w.fakes["linkedin"].(*linkedinfake.Fake) }

// choice sends a member through LinkedIn's consent page for a page of the caller's own, and gives the token of what it opened.
func (w *world) choice(form ...string) url.Values {
	w.t.Helper()
	authURL, _ := w.begin("linkedin", url.Values{"headless": {"true"}, "redirect_url": {"https://shop.example/done?keep=1"}})
	q := w.arrives(authURL, form...).Query()
	if q.Get("step") != "select_organization" || q.Get("pendingDataToken") == "" || q.Get("keep") != "1" {
		w.t.Fatalf("the browser ends up with %v", q)
	}
	return q
}

// sees waits until the public sees so many posts at LinkedIn, and gives the newest.
func (w *world) sees(n int, ready func(farside.Post) bool) farside.Post {
	w.t.Helper()
	for until := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		posts := w.linkedIn().Posts()
		if len(posts) == n && (n == 0 || ready == nil || ready(posts[0])) {
			if n == 0 {
				return farside.Post{}
			}
			return posts[0]
		}
		if time.Now().After(until) {
			w.t.Fatalf("the public sees %+v, want %d posts", posts, n)
		}
	}
}

// TestLinkedInPage connects a page of a member, publishes with pictures and a first comment, changes the text, lets the token end, and takes the post back.
func TestLinkedInPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	w.work()
	q := w.choice()
	token := q.Get("pendingDataToken")
	data := w.as("", "GET", "/v1/connect/pending-data", url.Values{"token": {token}}).want(200)
	if data.text("selectionType") != "organizations" || data.text("organizations.0.name") != "Harbour Lights Studio" || data.text("organizations.1.vanityName") != "old-mill-books" || data.at("organizations.2") != nil ||
		data.text("userProfile.displayName") != "Mira Castell" || strings.Contains(string(data.body), "AQ-") {
		t.Errorf("the pending data is %s", data.body)
	}
	list := w.as("", "GET", "/v1/connect/linkedin/organizations", url.Values{"tempToken": {token}, "orgIds": {"7730021, 1"}}).want(200)
	if list.text("organizations.0.urn") != "urn:li:organization:7730021" || list.text("organizations.0.website") != "https://oldmill.example" || list.at("organizations.1") != nil {
		t.Errorf("the pages are %s", list.body)
	}
	const choose = "/v1/connect/linkedin/select-organization"
	body := map[string]any{"profileId": w.profile, "tempToken": token, "userProfile": data.at("userProfile"), "accountType": "organization", "selectedOrganization": map[string]any{"id": "9905512"}}
	if got := w.do("POST", choose, body).want(404); got.text("param") != "selectedOrganization" {
		t.Errorf("a page at which the member may not publish: %s", got.body)
	}
	w.as(w.strangerKey, "POST", choose, body).want(404)
	body["selectedOrganization"] = data.at("organizations.0")
	done := w.as("", "POST", choose, body, "X-Connect-Token", q.Get("connect_token")).want(200)
	account := done.text("account.accountId")
	if done.text("account.username") != "harbour-lights-studio" || done.text("account.accountType") != "organization" || account != w.accounts["linkedin/harbour-lights-studio"] || !strings.Contains(done.text("redirect_url"), "connected=linkedin") {
		t.Fatalf("finished with %s", done.body)
	}
	w.as("", "GET", "/v1/connect/pending-data", url.Values{"token": {token}}).want(404)

	post := w.do("POST", "/v1/posts", map[string]any{"content": "Lamps (all of *them*) by @[Old Mill Books](urn:li:organization:7730021) #light_s", "publishNow": true,
		"mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "quay.jpg", "altText": "A quay"}, map[string]any{"type": "image", "url": w.photos + "coast.jpg"}},
		"platforms":  []any{map[string]any{"platform": "linkedin", "accountId": account, "platformSpecificData": map[string]any{"firstComment": "And (more)"}}}}).want(201)
	if post.text("post.platforms.0.status") != "published" || !strings.HasPrefix(post.text("post.platforms.0.platformPostUrl"), "https://www.linkedin.com/feed/update/urn:li:") {
		t.Fatalf("it published as %s", post.body)
	}
	p := w.sees(1, func(p farside.Post) bool { return len(p.Comments) == 1 })
	if p.Text != "Lamps (all of *them*) by Old Mill Books #light_s" || len(p.Media) != 2 || p.Media[0].Alt != "A quay" || p.Comments[0].Text != "And (more)" || p.Username != "harbour-lights-studio" {
		t.Errorf("the public sees %+v", p)
	}
	id := post.text("post._id")
	edited := w.do("POST", "/v1/posts/"+id+"/edit", map[string]any{"platform": "linkedin", "content": "Lamps [again] ~ now"}).want(200)
	if edited.text("id") != p.ID || w.sees(1, nil).Text != "Lamps [again] ~ now" {
		t.Errorf("edited into %+v: %s", w.sees(1, nil), edited.body)
	}

	before := w.secretOf(account)
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account, w.clock().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	second := w.do("POST", "/v1/posts", map[string]any{"content": "with a fresh token", "publishNow": true, "platforms": []any{target("linkedin", account)}}).want(201)
	if second.text("post.platforms.0.status") != "published" || string(w.secretOf(account)) == string(before) {
		t.Fatalf("after its token had ended: %s", second.body)
	}
	w.do("POST", "/v1/posts/"+id+"/unpublish", map[string]any{"platform": "linkedin"}).want(200)
	w.sees(1, nil)
}

// TestLinkedInMember connects with an app that may only share for members: there is nothing to choose, and no way to look for a post. It publishes an
// article for the member, finds it by LinkedIn's refusal to take it twice when the answer is lost, and says what to do where nobody can know.
func TestLinkedInMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example", "POSTHORN_LINKEDIN_SCOPES=openid profile w_member_social")
	w.work()
	authURL, _ := w.begin("linkedin", url.Values{"redirect_url": {"https://shop.example/done"}})
	if u, err := url.Parse(authURL); err != nil || u.Query().Get("scope") != "openid profile w_member_social" {
		t.Errorf("the consent page is %s", authURL)
	}
	q := w.arrives(authURL, consent.FieldUser, "jF3feldmann").Query()
	account := q.Get("accountId")
	if q.Get("connected") != "linkedin" || q.Get("username") != "Jonas Feldmann" || account == "" {
		t.Fatalf("the browser ends up with %v", q)
	}
	publish := func(post map[string]any) answer {
		t.Helper()
		post["publishNow"], post["platforms"] = true, []any{target("linkedin", account)}
		return w.do("POST", "/v1/posts", post)
	}
	lost := publish(map[string]any{"content": "Found again [[sandbox:drop]]"}).want(201)
	p := w.sees(1, nil)
	if lost.text("post.platforms.0.platformPostId") != p.ID {
		t.Errorf("the answer was lost: %s", lost.body)
	}
	gone := publish(map[string]any{"content": "Not to be found [[sandbox:drop]]", "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "quay.jpg"}}})
	failed := w.do("GET", "/v1/posts/"+gone.text("post._id"), nil).want(200)
	for until := time.Now().Add(60 * time.Second); failed.text("post.platforms.0.status") != "failed"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it stands as %s", failed.body)
		}
		failed = w.do("GET", "/v1/posts/"+gone.text("post._id"), nil).want(200)
	}
	if e, _ := json.Marshal(failed.at("post.platforms.0")); !strings.Contains(string(e), "linkedin.unconfirmed") || !strings.Contains(string(e), "delete it here and create it again") || strings.Contains(string(e), "retry looks") {
		t.Errorf("what nobody can know is told as %s", e)
	}
	w.sees(2, nil)
}

// TestLinkedInSharesALogin connects a member and a page of its own one after the other: both live on the newest login.
func TestLinkedInSharesALogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const choose = "/v1/connect/linkedin/select-organization"
	connect := func(kind, id string) answer {
		t.Helper()
		return w.do("POST", choose, map[string]any{"profileId": w.profile, "tempToken": w.choice().Get("pendingDataToken"), "userProfile": map[string]any{}, "accountType": kind, "selectedOrganization": map[string]any{"id": id}}).want(200)
	}
	member := connect("personal", "none").text("account.accountId")
	before := w.secretOf(member)
	page := connect("organization", "7730021")
	if page.at("bulkRefresh.updatedCount") != 1.0 || page.at("bulkRefresh.errors") != 0.0 {
		t.Errorf("the page was connected with %s", page.body)
	}
	if slices.Equal(before, w.secretOf(member)) {
		t.Error("the member's account has its old token")
	}
	if got := w.do("GET", "/v1/accounts/"+member+"/health", nil).want(200); got.text("status") != "healthy" {
		t.Errorf("the member's account is %s", got.body)
	}
}

// TestLinkedInRefusesTooManyPermissions asks for more than the app was given.
func TestLinkedInRefusesTooManyPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example", "POSTHORN_LINKEDIN_SCOPES=openid profile w_member_social r_ads")
	authURL, _ := w.begin("linkedin", url.Values{"redirect_url": {"https://shop.example/done"}})
	if back := w.refusedAt(authURL); back.Get("error") != "oauth_denied" || !strings.Contains(back.Get("error_message"), "Scope is not authorized") {
		t.Errorf("the browser ends up with %v", back)
	}
	authURL, _ = w.begin("linkedin", url.Values{"redirect_url": {"https://shop.example/done"}})
	plain := strings.Replace(authURL, "%20r_ads", "", 1)
	if back := w.arrives(plain, consent.FieldDecision, "deny").Query(); back.Get("error") != "oauth_denied" {
		t.Errorf("denied, the browser ends up with %v", back)
	}
	authURL, _ = w.begin("linkedin", url.Values{"redirect_url": {"https://shop.example/done"}})
	back := w.arrives(strings.Replace(authURL, "%20r_ads", "", 1), consent.FieldScope, "openid").Query()
	if back.Get("error") != "missing_permissions" || back.Get("missing_scopes") != "profile,w_member_social" {
		t.Errorf("with one permission alone the browser ends up with %v", back)
	}
}

// TestLinkedInRefusals tries what a post can do wrong.
func TestLinkedInRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.accounts["linkedin/harbour-lights-studio"]
	poll := func(question, duration string, options ...string) map[string]any {
		return map[string]any{"poll": map[string]any{"question": question, "options": options, "duration": duration}}
	}
	audience := func(field string, values ...any) map[string]any {
		return map[string]any{"audience": map[string]any{field: append([]any{}, values...)}}
	}
	for _, tt := range []struct {
		rule    string
		options map[string]any
	}{
		{"organization.urn", map[string]any{"organizationUrn": "2414183"}},
		{"reshare.url", map[string]any{"reshareUrl": "https://example.com/posts/a-activity-1-x"}},
		{"reshare.no_poll", map[string]any{"reshareUrl": "urn:li:share:1", "poll": map[string]any{"question": "q", "options": []string{"a", "b"}}}},
		{"first_comment.max_length", map[string]any{"firstComment": strings.Repeat("a", 1251)}},
		{"first_comment.empty", map[string]any{"firstComment": "  "}},
		{"poll.question", poll(strings.Repeat("q", 141), "", "a", "b")},
		{"poll.options", poll("q", "", "a")},
		{"poll.option_length", poll("q", "", "a", strings.Repeat("b", 31))},
		{"poll.same_option", poll("q", "", "a", "a")},
		{"poll.duration", poll("q", "A_YEAR", "a", "b")},
		{"geo.countries", map[string]any{"geoRestriction": map[string]any{"countries": []string{}}}},
		{"geo.country", map[string]any{"geoRestriction": map[string]any{"countries": []string{"Germany"}}}},
		{"geo.unknown_country", map[string]any{"geoRestriction": map[string]any{"countries": []string{"XX"}}}},
		{"audience.urn", audience("industries", "urn:li:geo:4")},
		{"audience.staff_count", audience("staffCountRanges", "MANY")},
		{"audience.locale", audience("interfaceLocales", map[string]any{"language": "Spanish", "country": "ES"})},
		{"audience.empty", map[string]any{"audience": map[string]any{}}},
	} {
		post := map[string]any{"content": "x", "scheduledFor": w.clock().Add(time.Hour), "platforms": []any{map[string]any{"platform": "linkedin", "accountId": account, "platformSpecificData": tt.options}}}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), "linkedin."+tt.rule) {
			t.Errorf("%s: %s", tt.rule, got.body)
		}
	}
	image := map[string]any{"type": "image", "url": w.photos + "a.jpg"}
	for rule, post := range map[string]map[string]any{
		"images.max_items": {"content": "x", "mediaItems": slices.Repeat([]any{image}, 21)},
		"text.max_length":  {"content": strings.Repeat("a", 2985) + " #tag"},
		"video.media_type": {"content": "x", "mediaItems": []any{image, map[string]any{"type": "video", "url": w.photos + "a.mp4"}}},
	} {
		post["scheduledFor"], post["platforms"] = w.clock().Add(time.Hour), []any{target("linkedin", account)}
		if got := w.do("POST", "/v1/posts", post).want(400); !strings.Contains(string(got.body), "linkedin."+rule) {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
}

// refusedAt visits a consent page that asks nobody, and gives what the browser ends up with.
func (w *world) refusedAt(authURL string) url.Values {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(authURL)
	if err != nil {
		w.t.Fatal(err)
	}
	page.Body.Close()
	back, err := page.Location()
	if err != nil {
		w.t.Fatalf("the consent page answered %d: %v", page.StatusCode, err)
	}
	rec := w.surf("GET", back.RequestURI(), nil)
	to, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || to.Host == "" {
		w.t.Fatalf("the callback answered %d with %q", rec.Code, rec.Body)
	}
	return to.Query()
}
