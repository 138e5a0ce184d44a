package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"posthorn/internal/media/mediatest"
	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/tiktok/tiktokfake"
)

// servedWorld is a world that platforms can read media from.
func servedWorld(t *testing.T, settings ...string) *world {
	t.Helper()
	var w *world
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	w = newWorld(t, append([]string{"POSTHORN_PUBLIC_URL=http://" + srv.Listener.Addr().String()}, settings...)...)
	srv.Start()
	t.Cleanup(srv.Close)
	return w
}

// film is the address of a video.
func film(t *testing.T, m mediatest.Movie) map[string]any {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(rw, r, "", time.Time{}, m.Make().Again())
	}))
	t.Cleanup(srv.Close)
	return map[string]any{"type": "video", "url": srv.URL + "/film.mp4"}
}

// agreed are the options that a creator has to have chosen, and others.
func agreed(privacy string, more ...any) map[string]any {
	o := map[string]any{"privacyLevel": privacy, "allowComment": true, "allowDuet": true, "allowStitch": false, "contentPreviewConfirmed": true, "expressConsentGiven": true}
	for i := 0; i < len(more); i += 2 {
		o[more[i].(string)] = more[i+1]
	}
	return o
}

// postToTikTok publishes at once.
func (w *world) postToTikTok(account, text string, options map[string]any, media ...any) answer {
	w.t.Helper()
	return w.do("POST", "/v1/posts", map[string]any{"content": text, "publishNow": true, "mediaItems": media,
		"platforms": []any{map[string]any{"platform": "tiktok", "accountId": account, "platformSpecificData": options}}})
}

// resolved waits until a post's target has an address.
func (w *world) resolved(postID string) (at answer) {
	w.t.Helper()
	for until := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if at = w.do("GET", "/v1/posts/"+postID, nil).want(200); at.at("post.platforms.0.platformPostUrl") != nil && at.text("post.platforms.0.platformPostUrl") != "" {
			return at
		}
		if time.Now().After(until) {
			w.t.Fatalf("it has no address after a minute: %s", at.body)
		}
	}
}

// TestTikTok connects an account, publishes a video whose address TikTok tells late, and photos that it reads from this server, and renews the token.
func TestTikTok(t *testing.T) {
	t.Parallel()
	w := servedWorld(t)
	w.work()
	authURL, _ := w.begin("tiktok", url.Values{"redirect_url": {"https://shop.example/done"}})
	u, err := url.Parse(authURL)
	if err != nil || u.Query().Get("client_key") != "tt-app" || u.Query().Has("client_id") || len(u.Query().Get("code_challenge")) != 64 || !strings.Contains(u.Query().Get("scope"), ",video.publish,") {
		t.Errorf("the consent page is %s", authURL)
	}
	q := w.arrives(authURL, consent.FieldUser, "amber.reels").Query()
	account := q.Get("accountId")
	if q.Get("connected") != "tiktok" || q.Get("username") != "amber.reels" || account != w.accounts["tiktok/amber.reels"] {
		t.Fatalf("the browser ends up with %v", q)
	}
	far := w.fakes["tiktok"].(*tiktokfake.Fake)
	far.Moderation(time.Hour)

	post := w.postToTikTok(account, "A film & <more>", agreed("PUBLIC_TO_EVERYONE", "videoMadeWithAi", true), film(t, mediatest.Movie{Bytes: 34 << 20})).want(201)
	if post.text("post.platforms.0.status") != "published" || !strings.HasPrefix(post.text("post.platforms.0.platformPostId"), "v_pub_file~") && !strings.HasPrefix(post.text("post.platforms.0.platformPostId"), "v_file~") {
		t.Fatalf("it published as %s", post.body)
	}
	far.Moderation(0)
	w.advance(time.Minute)
	at := w.resolved(post.text("post._id"))
	seen := far.Posts()
	if len(seen) != 1 || seen[0].Text != "A film & <more>" || at.text("post.platforms.0.platformPostUrl") != seen[0].URL || at.text("post.platforms.0.platformPostId") != seen[0].ID || !slices.Contains(seen[0].Extra, "AI-generated") {
		t.Errorf("the public sees %+v; the post is %s", seen, at.body)
	}
	w.tells(`"event":"post.tiktok.url_resolved"`, 2) // of the event, and in its payload
	if far.Leaks() > 0 {
		t.Error("the token went to the upload host")
	}

	before := w.secretOf(account)
	if _, err := w.app.Pool.Exec(t.Context(), `update tokens set expires_at = $2 where account_id = $1`, account, w.clock().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	far.LoseTokens(1) // the answer to the first change of the pair is lost, and the old one taken once more
	photos := w.postToTikTok(account, strings.Repeat("Many words of a quay. ", 10), map[string]any{"tiktokSettings": agreed("PUBLIC_TO_EVERYONE", "auto_add_music", true, "allowComment", false)},
		map[string]any{"type": "image", "url": w.photos + "quay.jpg"}, map[string]any{"type": "image", "url": w.photos + "lamp.jpg"})
	at = w.resolved(photos.text("post._id"))
	seen = far.Posts()
	if len(seen) != 2 || len(seen[0].Media) != 2 || seen[0].Kind != "photo" || !strings.Contains(at.text("post.platforms.0.platformPostUrl"), "/@amber.reels/photo/") || !strings.Contains(seen[0].Text, "…\n\nMany words") {
		t.Errorf("the public sees %+v; the post is %s", seen, at.body)
	}
	if string(w.secretOf(account)) == string(before) {
		t.Error("the pair was not changed")
	}
	w.do("POST", "/v1/posts/"+photos.text("post._id")+"/unpublish", map[string]any{"platform": "tiktok"}).want(400)
}

// TestTikTokOnTheWeb looks at the consent page that sends its user to an address on the web: it has no challenge. Some permissions are not given.
func TestTikTokOnTheWeb(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	begin := func() string {
		authURL, _ := w.begin("tiktok", url.Values{"redirect_url": {"https://shop.example/done"}})
		return authURL
	}
	if u, err := url.Parse(begin()); err != nil || u.Query().Has("code_challenge") || u.Query().Get("redirect_uri") != "https://post.example/connect/callback/tiktok" {
		t.Errorf("the consent page is %s", u)
	}
	if q := w.arrives(begin(), consent.FieldDecision, "deny").Query(); q.Get("error") != "oauth_denied" || q.Get("platform") != "tiktok" {
		t.Errorf("denied: %v", q)
	}
	if q := w.arrives(begin(), consent.FieldScope, "user.info.basic video.list").Query(); q.Get("error") != "missing_tiktok_permissions" || q.Get("missing_scopes") != "video.publish" {
		t.Errorf("without video.publish: %v", q)
	}
	q := w.arrives(begin(), consent.FieldUser, "quiet.orchard", consent.FieldScope, "video.publish").Query()
	if q.Get("connected") != "tiktok" || q.Get("username") != "quiet.orchard" {
		t.Fatalf("with the least: %v", q)
	}
	health := w.do("GET", "/v1/accounts/"+q.Get("accountId")+"/health", nil).want(200)
	if health.at("permissions.canPost") != true || health.at("permissions.canFetchAnalytics") != false {
		t.Errorf("its health is %s", health.body)
	}
}

// TestTikTokHoldsWhatIsOverTheCap publishes more than TikTok takes in a day: the post waits, and goes out when TikTok takes posts again.
func TestTikTokHoldsWhatIsOverTheCap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLISH_WAIT=2s")
	w.work()
	account := w.account("tiktok")
	far := w.fakes["tiktok"].(*tiktokfake.Fake)
	far.Posts24h(0)
	post := w.postToTikTok(account, "one too many", agreed("PUBLIC_TO_EVERYONE"), film(t, mediatest.Movie{}))
	id := post.text("post._id")
	var at answer
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if at = w.do("GET", "/v1/posts/"+id, nil).want(200); strings.Contains(string(at.body), "posts of a day are used up") {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("it does not say why it waits: %s", at.body)
		}
	}
	if status := at.text("post.platforms.0.status"); status == "failed" || status == "published" {
		t.Errorf("it is %s", at.body)
	}
	far.Posts24h(100)
	w.advance(time.Hour + time.Minute)
	w.until(id, "published")
	if n := len(far.Posts()); n != 1 {
		t.Errorf("the public sees %d posts", n)
	}
}

// TestTikTokDrafts sends a draft, of which TikTok asks nothing but the media.
func TestTikTokDrafts(t *testing.T) {
	t.Parallel()
	w := servedWorld(t)
	w.work()
	account := w.account("tiktok")
	post := w.postToTikTok(account, "to be finished", map[string]any{"draft": true}, map[string]any{"type": "image", "url": w.photos + "quay.jpg"}).want(201)
	if post.text("post.platforms.0.status") != "published" {
		t.Fatalf("the draft is %s", post.body)
	}
	if seen := w.seenAt("tiktok"); len(seen) != 1 || seen[0].Kind != "draft" || seen[0].Text != "to be finished" {
		t.Errorf("in the inbox is %+v", seen)
	}
}

// TestTikTokFailures publishes what TikTok refuses, each with words that say what to do.
func TestTikTokFailures(t *testing.T) {
	t.Parallel()
	w := servedWorld(t)
	w.work()
	account := w.account("tiktok")
	far := w.fakes["tiktok"].(*tiktokfake.Fake)
	video, photo := film(t, mediatest.Movie{}), map[string]any{"type": "image", "url": w.photos + "quay.jpg"}
	fails := func(what, rule string, a answer) {
		t.Helper()
		id := a.text("post._id")
		w.until(id, "failed")
		if got := w.do("GET", "/v1/posts/"+id, nil).want(200); got.text("post.platforms.0.rule") != "tiktok."+rule && !strings.Contains(string(got.body), `"tiktok.`+rule+`"`) {
			t.Errorf("%s: %s", what, got.body)
		}
	}
	fails("spam", "error.spam_risk_text", w.postToTikTok(account, "buy [[sandbox:fail]]", agreed("PUBLIC_TO_EVERYONE"), video))
	fails("a level of another account", "error.privacy_level_option_mismatch", w.postToTikTok(account, "for followers", agreed("FOLLOWER_OF_CREATOR"), video))
	far.Unaudited(true)
	fails("not audited", "error.unaudited_client_can_only_post_to_private_accounts", w.postToTikTok(account, "not yet", agreed("SELF_ONLY"), video))
	far.Unaudited(false)
	far.Unverified("127.0.0.1")
	fails("not verified", "error.url_ownership_unverified", w.postToTikTok(account, "from where", agreed("SELF_ONLY"), photo))
	far.Unverified()
	fails("too long for this creator", "error.duration_check_failed", w.postToTikTok(w.accounts["tiktok/quiet.orchard"], "long", agreed("SELF_ONLY"), film(t, mediatest.Movie{Seconds: 200})))
	if seen := far.Posts(); len(seen) > 0 {
		t.Errorf("the public sees %+v", seen)
	}
}

// TestTikTokRefusals tries what a post can do wrong.
func TestTikTokRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.account("tiktok")
	video, image := film(t, mediatest.Movie{}), map[string]any{"type": "image", "url": w.photos + "quay.jpg"}
	without := func(name string) map[string]any {
		o := agreed("PUBLIC_TO_EVERYONE")
		delete(o, name)
		return o
	}
	for rule, options := range map[string]map[string]any{
		"tiktok.privacy.required":   without("privacyLevel"),
		"tiktok.privacy.value":      agreed("EVERYBODY"),
		"tiktok.comment.required":   without("allowComment"),
		"tiktok.duet.required":      without("allowDuet"),
		"tiktok.stitch.required":    without("allowStitch"),
		"tiktok.preview.required":   without("contentPreviewConfirmed"),
		"tiktok.consent.required":   agreed("SELF_ONLY", "expressConsentGiven", false),
		"tiktok.commercial.value":   agreed("SELF_ONLY", "commercialContentType", "ads"),
		"tiktok.commercial.private": agreed("SELF_ONLY", "commercialContentType", "brand_content"),
		"tiktok.media_type.value":   agreed("SELF_ONLY", "mediaType", "film"),
		"tiktok.media_type.fits":    agreed("SELF_ONLY", "mediaType", "photo"),
		"tiktok.video_cover.time":   agreed("SELF_ONLY", "video_cover_timestamp_ms", 11_000),
		"tiktok.description.photos": agreed("SELF_ONLY", "description", "below"),
		"tiktok.not_offered":        agreed("SELF_ONLY", "tiktok_settings", map[string]any{"location_id": "1"}),
		"tiktok.options.type":       agreed("SELF_ONLY", "allow_comment", "yes", "tiktokSettings", "x"),
	} {
		post := map[string]any{"content": "x", "scheduledFor": w.clock().Add(time.Hour), "mediaItems": []any{video}, "platforms": []any{map[string]any{"platform": "tiktok", "accountId": account, "platformSpecificData": options}}}
		if got := w.do("POST", "/v1/posts", post).want(400); got.text("rule") != rule {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
	for rule, post := range map[string]map[string]any{
		"tiktok.video.min_items":        {"content": "x"},
		"tiktok.images.max_items":       {"content": "x", "mediaItems": slices.Repeat([]any{image}, 36)},
		"tiktok.video.max_items":        {"content": "x", "mediaItems": []any{video, image}},
		"tiktok.text.max_length":        {"content": strings.Repeat("😀", 1101), "mediaItems": []any{video}},
		"tiktok.photo_cover.index":      {"content": "x", "mediaItems": []any{image}, "tiktokSettings": map[string]any{"photoCoverIndex": 1}},
		"tiktok.description.max_length": {"content": "x", "mediaItems": []any{image}, "tiktokSettings": map[string]any{"description": strings.Repeat("a", 4001)}},
		"tiktok.video.duration":         {"content": "x", "mediaItems": []any{film(t, mediatest.Movie{Seconds: 2})}},
	} {
		post["scheduledFor"], post["platforms"] = w.clock().Add(time.Hour), []any{map[string]any{"platform": "tiktok", "accountId": account, "platformSpecificData": agreed("SELF_ONLY")}}
		if got := w.do("POST", "/v1/posts", post).want(400); got.text("rule") != rule {
			t.Errorf("%s: %s", rule, got.body)
		}
	}
	if seen := w.seenAt("tiktok"); len(seen) > 0 {
		t.Errorf("the public sees %+v", seen)
	}
}

// TestTikTokCreatorInfo asks what creators may choose from: one who is public, one who is private, and one whose posts of a day are used up.
func TestTikTokCreatorInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := func(name string) string { return "/v1/accounts/" + w.accounts[name] + "/tiktok/creator-info" }
	got := w.do("GET", path("tiktok/amber.reels"), nil).want(200)
	if got.text("creator.nickname") != "Amber Reels" || got.at("creator.canPostMore") != true || got.text("privacyLevels.0.value") != "PUBLIC_TO_EVERYONE" || got.text("privacyLevels.0.label") != "Everyone" ||
		got.at("postingLimits.maxVideoDurationSec") != 600.0 || got.at("postingLimits.interactionSettings.allow_duet.enabled") != true || got.at("postingLimits.interactionSettings.allow_comment.required") != true {
		t.Errorf("in public: %s", got.body)
	}
	got = w.do("GET", path("tiktok/quiet.orchard"), url.Values{"mediaType": {"photo"}}).want(200)
	if got.text("privacyLevels.0.value") != "FOLLOWER_OF_CREATOR" || got.at("postingLimits.interactionSettings.allow_comment.enabled") != false || got.at("postingLimits.interactionSettings.allow_duet") != nil {
		t.Errorf("in private: %s", got.body)
	}
	w.fakes["tiktok"].(*tiktokfake.Fake).Posts24h(0)
	got = w.do("GET", path("tiktok/amber.reels"), nil).want(200)
	if got.at("creator.canPostMore") != false || got.text("creator.nickname") != "amber.reels" || len(got.at("privacyLevels").([]any)) != 0 {
		t.Errorf("with its posts used up: %s", got.body)
	}
	w.do("GET", path("tiktok/amber.reels"), url.Values{"mediaType": {"film"}}).want(400)
	w.as(w.strangerKey, "GET", path("tiktok/amber.reels"), nil).want(404)
	if got := w.do("GET", "/v1/accounts/"+w.bluesky+"/tiktok/creator-info", nil).want(400); got.text("rule") != "account.wrong_platform" {
		t.Errorf("of another platform: %s", got.body)
	}
}
