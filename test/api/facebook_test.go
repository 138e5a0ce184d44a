package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/platforms/facebook/facebookfake"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/consent"
)

const selectPage = "/v1/connect/facebook/select-page"

// choosesPage is where a browser comes out that agreed at Facebook, to choose on pages of the caller's own.
func (w *world) choosesPage(filledIn ...string) url.Values {
	w.t.Helper()
	authURL, _ := w.begin("facebook", url.Values{"headless": {"true"}, "redirect_url": {"myapp://connected"}})
	return w.arrives(authURL, filledIn...).Query()
}

// TestFacebook connects a Page of several, publishes photos with a first comment to it, edits them, and takes them back.
func TestFacebook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	w.work()
	q := w.choosesPage()
	var user struct{ ID, Name string }
	text, err := url.QueryUnescape(q.Get("userProfile"))
	if q.Get("step") != "select_page" || q.Get("platform") != "facebook" || err != nil || json.Unmarshal([]byte(text), &user) != nil || user.Name != "Nora Vance" {
		t.Fatalf("the browser comes back with %v", q)
	}
	list := url.Values{"profileId": {w.profile}, "tempToken": {q.Get("tempToken")}}
	pages := w.as("", "GET", selectPage, list, "X-Connect-Token", q.Get("connect_token")).want(200)
	if pages.text("pages.0.username") != "lighthousebakery" || pages.text("pages.1.category") != "Record Store" || pages.text("pages.2.tasks.0") != "ANALYZE" || strings.Contains(string(pages.body), "access_token") {
		t.Errorf("the Pages are %s", pages.body)
	}
	w.as(w.strangerKey, "GET", selectPage, list).want(404)
	w.do("GET", "/v1/connect/instagram/select-account", list).want(404)
	choose := func(page any) map[string]any {
		return map[string]any{"profileId": w.profile, "pageId": page, "tempToken": q.Get("tempToken"), "userProfile": map[string]any{"id": user.ID, "name": user.Name}}
	}
	if got := w.do("POST", selectPage, choose(pages.at("pages.2.id"))); got.status < 400 || got.status > 499 || !strings.Contains(string(got.body), "may not create content") {
		t.Errorf("a Page that may not be published to: %d %s", got.status, got.body)
	}
	done := w.do("POST", selectPage, choose(pages.at("pages.1.id"))).want(200)
	account := done.text("account.accountId")
	if done.text("account.displayName") != "Kiosk Vinyl" || account != w.accounts["facebook/kioskvinyl"] || !strings.Contains(done.text("redirect_url"), "connected=facebook") {
		t.Errorf("connected %s", done.body)
	}
	if health := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200); health.text("status") != "healthy" || !strings.Contains(string(health.body), "pages_manage_posts") {
		t.Errorf("its health is %s", health.body)
	}

	post := w.do("POST", "/v1/posts", map[string]any{"content": "New in today", "publishNow": true, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "a.jpg", "altText": "A record"}, map[string]any{"type": "image", "url": w.photos + "b.jpg"}},
		"platforms": []any{map[string]any{"platform": "facebook", "accountId": account, "platformSpecificData": map[string]any{"firstComment": "Come and listen"}}}}).want(201)
	if post.text("post.platforms.0.status") != "published" || !strings.HasPrefix(post.text("post.platforms.0.platformPostUrl"), "https://www.facebook.com/") {
		t.Fatalf("it published as %s", post.body)
	}
	far := w.fakes["facebook"].(*facebookfake.Fake)
	seen := func(what string, fits func([]farside.Post) bool) {
		t.Helper()
		for until := time.Now().Add(30 * time.Second); !fits(far.Posts()); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%s: the public sees %+v", what, far.Posts())
			}
		}
	}
	seen("published", func(list []farside.Post) bool {
		return len(list) == 1 && len(list[0].Media) == 2 && list[0].Media[0].Alt == "A record" && len(list[0].Comments) == 1 && list[0].Comments[0].Text == "Come and listen" && list[0].ID == post.text("post.platforms.0.platformPostId")
	})
	id := post.text("post._id")
	if edited := w.do("POST", "/v1/posts/"+id+"/edit", map[string]any{"platform": "facebook", "content": "New in today & tomorrow"}).want(200); edited.text("id") != far.Posts()[0].ID {
		t.Errorf("edited: %s", edited.body)
	}
	seen("edited", func(list []farside.Post) bool { return len(list) == 1 && list[0].Text == "New in today & tomorrow" })
	w.do("POST", "/v1/posts/"+id+"/unpublish", map[string]any{"platform": "facebook"}).want(200)
	seen("taken back", func(list []farside.Post) bool { return len(list) == 0 })
}

// TestFacebookLogins tries who can log in, and what they can leave unticked.
func TestFacebookLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	for name, tt := range map[string]struct {
		filledIn    []string
		code, words string
	}{
		"denied":                 {[]string{consent.FieldDecision, "deny"}, "oauth_denied", "Permissions error"},
		"no Page":                {[]string{consent.FieldUser, "otto.blum"}, "no_facebook_pages", "opens no Facebook Page"},
		"without the portfolio":  {[]string{consent.FieldScope, "pages_show_list pages_read_engagement pages_manage_posts"}, "no_facebook_pages", "opens no Facebook Page"},
		"without the permission": {[]string{consent.FieldScope, "pages_show_list pages_read_engagement business_management"}, "missing_permissions", "pages_manage_posts"},
	} {
		if q := w.choosesPage(tt.filledIn...); q.Get("error") != tt.code || q.Get("platform") != "facebook" || !strings.Contains(q.Get("error_message"), tt.words) {
			t.Errorf("%s: %v", name, q)
		}
	}
	// The one Page of a business is connected without a choice.
	authURL, _ := w.begin("facebook", url.Values{"redirect_url": {"https://shop.example/"}})
	q := w.arrives(authURL, consent.FieldUser, "lea.moor").Query()
	if q.Get("connected") != "facebook" || q.Get("username") != "moorgardens" {
		t.Fatalf("with one Page the browser ends up with %v", q)
	}
	// Meta says that its user has removed the app.
	far := w.fakes["facebook"].(*facebookfake.Fake)
	form := url.Values{"signed_request": {far.SignedRequest("lea.moor", "fb-app-secret")}}
	if rec := w.surf("POST", "/connect/deauthorize/facebook", form); rec.Code != http.StatusOK {
		t.Errorf("the word of Meta: %d %s", rec.Code, rec.Body)
	}
	if health := w.do("GET", "/v1/accounts/"+q.Get("accountId")+"/health", nil).want(200); !strings.Contains(string(health.body), `"status":"error"`) {
		t.Errorf("the health of a Page whose manager has left the app is %s", health.body)
	}
}

// TestFacebookRefusals tries what a post can do wrong.
func TestFacebookRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account("facebook")
	image := func(n int) []any {
		return slices.Repeat([]any{map[string]any{"type": "image", "url": w.photos + "a.jpg"}}, n)
	}
	film := []any{map[string]any{"type": "video", "url": w.photos + "a.mp4"}}
	card := map[string]any{"link": "https://shop.example/a"}
	for _, tt := range []struct {
		rule, text string
		media      []any
		options    map[string]any
	}{
		{"facebook.text.max_length", strings.Repeat("a", 63207), nil, nil},
		{"facebook.photos.max_items", "x", image(11), nil},
		{"facebook.video.max_items", "x", append(image(1), film...), nil},
		{"facebook.reel.media_type", "x", image(1), map[string]any{"contentType": "reel"}},
		{"facebook.story.max_items", "", image(2), map[string]any{"contentType": "story"}},
		{"facebook.kind", "x", image(1), map[string]any{"contentType": "event"}},
		{"facebook.story.no_first_comment", "", image(1), map[string]any{"contentType": "story", "firstComment": "x"}},
		{"facebook.draft.no_story", "", image(1), map[string]any{"contentType": "story", "facebookSettings": map[string]any{"draft": true}}},
		{"facebook.draft.no_first_comment", "x", nil, map[string]any{"firstComment": "x", "facebookSettings": map[string]any{"draft": true}}},
		{"facebook.carousel.cards", "x", image(3), map[string]any{"facebookSettings": map[string]any{"carouselCards": []any{card, card}}}},
		{"facebook.carousel.card_link", "x", image(2), map[string]any{"facebookSettings": map[string]any{"carouselCards": []any{card, map[string]any{"link": "shop"}}}}},
		{"facebook.carousel.media_type", "x", film, map[string]any{"facebookSettings": map[string]any{"carouselCards": []any{card}}}},
		{"facebook.carousel.link_alone", "x", nil, map[string]any{"facebookSettings": map[string]any{"carouselLink": "https://shop.example/"}}},
		{"facebook.text_format.text_only", "x", image(1), map[string]any{"facebookSettings": map[string]any{"textFormatPresetId": "106018623298955"}}},
		{"facebook.geo.country", "x", nil, map[string]any{"geoRestriction": map[string]any{"countries": []any{"Germany"}}}},
		{"facebook.geo.feed_only", "x", film, map[string]any{"contentType": "reel", "geoRestriction": map[string]any{"countries": []any{"DE"}}}},
		{"facebook.title.video_only", "x", nil, map[string]any{"title": "x"}},
		{"facebook.page.id", "x", nil, map[string]any{"pageId": "my page"}},
		{"facebook.options.type", "x", nil, map[string]any{"facebookSettings": map[string]any{"draft": "yes"}}},
	} {
		one := map[string]any{"platform": "facebook", "accountId": account, "platformSpecificData": tt.options}
		got := w.do("POST", "/v1/posts", map[string]any{"content": tt.text, "mediaItems": tt.media, "platforms": []any{one}, "scheduledFor": w.clock().Add(time.Hour)}).want(400)
		if !strings.Contains(string(got.body), tt.rule) {
			t.Errorf("%s: %s", tt.rule, got.body)
		}
	}
}
