package api

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"image"
	_ "image/gif" // to read one
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/instagram/instagramfake"
)

// begin starts to connect an account and gives the consent page's address.
func (w *world) begin(platform string, query url.Values) (authURL, state string) {
	w.t.Helper()
	if !query.Has("profileId") {
		query.Set("profileId", w.profile)
	}
	a := w.do("GET", "/v1/connect/"+platform, query).want(200)
	return a.text("authUrl"), a.text("state")
}

// consent visits a consent page of the sandbox and gives the address that the browser is sent back to. Its user is the first one and grants what
// is asked for, unless the form says otherwise.
func (w *world) consent(authURL string, form ...string) *url.URL {
	w.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(authURL)
	if err != nil {
		w.t.Fatal(err)
	}
	body, err := io.ReadAll(page.Body)
	page.Body.Close()
	if err != nil || page.StatusCode != http.StatusOK {
		w.t.Fatalf("the consent page answered %d %s: %v", page.StatusCode, body, err)
	}
	fields := url.Values{consent.FieldDecision: {"allow"}}
	for _, m := range consentInput.FindAllStringSubmatch(string(body), -1) {
		if kind, name := m[1], m[2]; kind == "checkbox" || !fields.Has(name) {
			fields.Add(name, m[3])
		}
	}
	for i := 0; i < len(form); i += 2 {
		fields[form[i]] = strings.Fields(form[i+1])
	}
	resp, err := client.PostForm(authURL, fields)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		w.t.Fatalf("the consent page answered its form with %d: %v", resp.StatusCode, err)
	}
	return back
}

var consentInput = regexp.MustCompile(`<input type="(radio|checkbox)" name="([^"]+)" value="([^"]+)"`)

// tells waits until the log of events has a text so many times. An event shows when all that began before it has ended, also in other databases of
// the same server.
func (w *world) tells(text string, times int) {
	w.t.Helper()
	var body string
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if body = string(w.do("GET", "/v1/events", url.Values{"limit": {"100"}}).want(200).body); strings.Count(body, text) == times {
			return
		}
	}
	w.t.Errorf("after 20 s %s is there %d times, want %d: %s", text, strings.Count(body, text), times, body)
}

// surf opens a page of the server as a browser does that follows nothing by itself and has some cookies.
func (w *world) surf(method, path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://posthorn.test"+path, strings.NewReader(form.Encode()))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// arrives follows a login through to where the browser ends up.
func (w *world) arrives(authURL string, form ...string) *url.URL {
	w.t.Helper()
	rec := w.surf("GET", w.consent(authURL, form...).RequestURI(), nil)
	to, err := url.Parse(rec.Header().Get("Location"))
	if rec.Code != http.StatusSeeOther || err != nil {
		w.t.Fatalf("the callback answered %d with %q", rec.Code, rec.Body)
	}
	return to
}

// TestConnectInstagram connects an account by Instagram's login, publishes with it, and connects it once more.
func TestConnectInstagram(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	w.work()
	authURL, state := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/done?keep=1"}, "profileId": {w.second}})
	if q, err := url.Parse(authURL); err != nil || q.Query().Get("redirect_uri") != "https://post.example/connect/callback/instagram" || q.Query().Get("state") != state || !strings.Contains(q.Query().Get("scope"), "instagram_business_content_publish") {
		t.Errorf("the consent page is %s", authURL)
	}
	callback := w.consent(authURL).RequestURI()
	rec := w.surf("GET", callback, nil)
	to, _ := url.Parse(rec.Header().Get("Location"))
	q := to.Query()
	if to.Host != "shop.example" || q.Get("keep") != "1" || q.Get("connected") != "instagram" || q.Get("profileId") != w.second || q.Get("username") == "" || q.Get("error") != "" {
		t.Fatalf("the browser ends up at %s", to)
	}
	got := w.do("GET", "/v1/accounts", url.Values{"profileId": {w.second}}).want(200)
	if got.text("accounts.0._id") != q.Get("accountId") || got.text("accounts.0.platform") != "instagram" {
		t.Errorf("the account is %s", got.body)
	}
	// It is the one that was there, under the same remote identity: it keeps its ID and moves into the profile.
	if q.Get("accountId") != w.instagram {
		t.Errorf("connected again it is %s, was %s", q.Get("accountId"), w.instagram)
	}
	again, err := url.Parse(w.surf("GET", callback, nil).Header().Get("Location"))
	if err != nil || again.Host != "shop.example" || again.Query().Get("error") != "code_already_redeemed" || again.Query().Get("keep") != "1" {
		t.Errorf("the same callback again ends up at %s", again)
	}
	post := w.do("POST", "/v1/posts", map[string]any{"content": "after connecting", "publishNow": true, "mediaItems": []any{map[string]any{"type": "image", "url": w.photos + "coast.jpg"}},
		"platforms": []any{target("instagram", q.Get("accountId"))}}).want(201)
	if post.text("post.platforms.0.status") != "published" {
		t.Errorf("it published as %s", post.body)
	}
	for _, secret := range []string{"ig-app-secret", "fb-app-secret"} {
		if strings.Contains(w.log.String(), secret) {
			t.Error("the log holds an app's secret")
		}
	}
}

// TestConnectByFacebook chooses a Page: on the caller's own pages, with a connect token and with the key, and on ours.
func TestConnectByFacebook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	headless := func() url.Values {
		t.Helper()
		authURL, _ := w.begin("instagram", url.Values{"loginMethod": {"facebook_login"}, "headless": {"true"}, "redirect_url": {"myapp://connected"}})
		to := w.arrives(authURL)
		if q := to.Query(); to.Scheme != "myapp" || q.Get("step") != "select_account" || q.Get("platform") != "instagram" || q.Get("tempToken") == "" || q.Get("connect_token") == "" {
			t.Fatalf("the browser goes to %s", to)
		}
		return to.Query()
	}
	const path = "/v1/connect/instagram/select-account"
	q := headless()
	list := url.Values{"profileId": {w.profile}, "tempToken": {q.Get("tempToken")}}
	pages := w.as("", "GET", path, list, "X-Connect-Token", q.Get("connect_token"))
	if pages.status != 200 {
		t.Fatal(w.log.String())
	}
	page := pages.text("pages.0.id")
	if pages.at("pages.0.instagram_business_account.username") == nil || strings.Contains(string(pages.body), "access_token") {
		t.Errorf("the Pages are %s", pages.body)
	}
	w.do("GET", path, list).want(200)
	w.as(w.strangerKey, "GET", path, list).want(404)
	w.as("", "GET", path, list).want(401)
	w.as("", "GET", path, list, "X-Connect-Token", "nonsense").want(401)
	w.as("", "GET", "/v1/accounts", nil, "X-Connect-Token", q.Get("connect_token")).want(401)
	w.do("GET", path, url.Values{"profileId": {w.second}, "tempToken": {q.Get("tempToken")}}).want(404)
	choose := map[string]any{"profileId": w.profile, "pageId": page, "tempToken": q.Get("tempToken")}
	w.do("POST", path, map[string]any{"profileId": w.profile, "pageId": "none", "tempToken": q.Get("tempToken")}).want(404)
	w.do("POST", path, map[string]any{"profileId": w.profile, "pageId": page, "tempToken": q.Get("tempToken"), "redirect_url": "javascript:alert(1)"}).want(400)
	w.as(w.strangerKey, "POST", path, choose).want(404)
	// Twice at the same time: it is chosen once.
	var at sync.WaitGroup
	codes := make([]int, 4)
	for i := range codes {
		at.Go(func() { codes[i] = w.as("", "POST", path, choose, "X-Connect-Token", q.Get("connect_token")).status })
	}
	at.Wait()
	won := 0
	for _, code := range codes {
		switch code {
		case 200:
			won++
		case 404, 401:
		default:
			t.Errorf("one answered %d", code)
		}
	}
	if won != 1 {
		t.Errorf("%d of 4 were connected: %v", won, codes)
	}
	w.do("GET", path, list).want(404)

	q = headless()
	done := w.do("POST", path, map[string]any{"profileId": w.profile, "pageId": page, "tempToken": q.Get("tempToken")}).want(200)
	if to, err := url.Parse(done.text("redirect_url")); err != nil || to.Scheme != "myapp" || to.Query().Get("accountId") != done.text("account.accountId") || to.Query().Get("connected") != "instagram" {
		t.Errorf("finished with %s", done.body)
	}
	// A connect token is good for its own choice only.
	first, second := headless(), headless()
	if got := w.as("", "GET", path, url.Values{"profileId": {w.profile}, "tempToken": {second.Get("tempToken")}}, "X-Connect-Token", first.Get("connect_token")); got.status != 404 {
		t.Errorf("the connect token of another choice: %d %s", got.status, got.body)
	}
	// Nor can a choice that is to be made elsewhere be made on this server's page.
	if rec := w.surf("GET", "/connect/choose?token="+first.Get("tempToken"), nil); rec.Code != http.StatusNotFound {
		t.Errorf("a headless choice on our page: %d", rec.Code)
	}
}

// TestChoosePage lets a user choose on this server's own page, in the browser that came back and in no other.
func TestChoosePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	authURL, _ := w.begin("instagram", url.Values{"loginMethod": {"facebook_login"}, "redirect_url": {"https://shop.example/?keep=1"}})
	back := w.surf("GET", w.consent(authURL).RequestURI(), nil)
	to, err := url.Parse(back.Header().Get("Location"))
	if err != nil || to.Host != "post.example" || to.Path != "/connect/choose" {
		t.Fatalf("the browser goes to %s", to)
	}
	cookies := back.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies: %v", cookies)
	}
	token := to.Query().Get("token")
	shown := w.surf("GET", to.RequestURI(), nil, cookies...)
	body := shown.Body.String()
	if shown.Code != 200 || !strings.Contains(body, "Choose a Facebook Page") || !strings.Contains(body, "Maison Lune Bakery") || !strings.Contains(body, "No professional Instagram account is linked") {
		t.Errorf("the page is %d %s", shown.Code, body)
	}
	w.pictured(shown, body, ">ML<img", ">ML</span>")
	page := regexp.MustCompile(`name="identity" value="([^"]+)"`).FindStringSubmatch(body)
	if page == nil {
		t.Fatalf("there is nothing to choose: %s", body)
	}
	form := url.Values{"token": {token}, "identity": {page[1]}}
	// Somebody else who got hold of the address, or a form that another site sends.
	for name, other := range map[string][]*http.Cookie{"no cookie": nil, "another cookie": {{Name: cookies[0].Name, Value: "x"}}} {
		if rec := w.surf("GET", to.RequestURI(), nil, other...); rec.Code != http.StatusNotFound {
			t.Errorf("the page with %s: %d", name, rec.Code)
		}
		if rec := w.surf("POST", "/connect/choose", form, other...); rec.Code != http.StatusNotFound {
			t.Errorf("the form with %s: %d", name, rec.Code)
		}
	}
	for name, tt := range map[string]struct {
		form url.Values
		want int
	}{
		"nothing chosen":      {url.Values{"token": {token}}, http.StatusBadRequest},
		"a Page without one":  {url.Values{"token": {token}, "identity": {"104872651849399"}}, http.StatusBadRequest},
		"not of the list":     {url.Values{"token": {token}, "identity": {"1"}}, http.StatusBadRequest},
		"a token that is not": {url.Values{"token": {"nonsense"}, "identity": {page[1]}}, http.StatusNotFound},
	} {
		if rec := w.surf("POST", "/connect/choose", tt.form, cookies...); rec.Code != tt.want {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	if rec := w.surf("POST", "/connect/choose", form, cookies...); rec.Code != 200 || !strings.Contains(rec.Body.String(), "https://shop.example/?") || !strings.Contains(rec.Body.String(), "connected=instagram") {
		t.Errorf("chosen: %d %s", rec.Code, rec.Body)
	} else {
		w.pictured(rec, rec.Body.String(), ">ML<img", "@maison.lune")
	}
	if rec := w.surf("POST", "/connect/choose", form, cookies...); rec.Code != http.StatusNotFound { // a double click, or the button back
		t.Errorf("chosen twice: %d", rec.Code)
	}
}

// pictured holds a page to its promise about pictures: one that this server has drawn, initials for when there is none, and nothing from elsewhere.
func (w *world) pictured(rec *httptest.ResponseRecorder, body string, says ...string) {
	w.t.Helper()
	for _, text := range says {
		if !strings.Contains(body, text) {
			w.t.Errorf("the page does not say %q: %s", text, body)
		}
	}
	found := regexp.MustCompile(`<img src="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(found) != 1 || !strings.HasPrefix(found[0][1], "/connect/picture?of=") || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "img-src 'self';") {
		w.t.Fatalf("pictures %q under %s: %s", found, rec.Header().Get("Content-Security-Policy"), body)
	}
	address := html.UnescapeString(found[0][1])
	got := w.surf("GET", address, nil)
	c, format, err := image.DecodeConfig(got.Body)
	if got.Code != 200 || err != nil || format != "jpeg" || c.Width != 128 || c.Height != 128 || got.Header().Get("Content-Type") != "image/jpeg" || got.Header().Get("X-Content-Type-Options") != "nosniff" ||
		got.Header().Get("Content-Security-Policy") != "default-src 'none'; sandbox" || got.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" {
		w.t.Errorf("the picture is %d, a %s of %d x %d under %v: %v", got.Code, format, c.Width, c.Height, got.Header(), err)
	}
	w.rule(`{"host": "*.cdninstagram.com", "action": "status", "status": 404}`)
	if got := w.surf("GET", address, nil); got.Code != 200 || got.Header().Get("Content-Type") != "image/gif" || got.Header().Get("Cache-Control") != "no-store" {
		w.t.Errorf("a picture that is not there is answered with %d and %v", got.Code, got.Header())
	} else if c, format, err := image.DecodeConfig(got.Body); err != nil || format != "gif" || c.Width != 1 {
		w.t.Errorf("a picture that is not there is a %s of %d: %v", format, c.Width, err)
	}
	changed := []byte(address)
	changed[len(changed)-7] ^= 1
	for _, other := range []string{string(changed), "/connect/picture?of=" + base64.RawURLEncoding.EncodeToString([]byte(w.sandbox)), "/connect/picture?of=" + url.QueryEscape(w.sandbox), "/connect/picture"} {
		if got := w.surf("GET", other, nil); got.Code != 404 {
			w.t.Errorf("%s is answered with %d", other, got.Code)
		}
	}
	w.advance(time.Hour)
	if got := w.surf("GET", address, nil); got.Code != 404 {
		w.t.Errorf("after an hour the picture is answered with %d", got.Code)
	}
	w.advance(-time.Hour)
}

// TestConsent: what users make of the consent page is what they and the app hear.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		method string
		form   []string
		error  string
		says   string
	}{
		"denied":                  {"instagram_login", []string{"decision", "deny"}, "oauth_denied", "denied your request"},
		"denied at Facebook":      {"facebook_login", []string{"decision", "deny"}, "oauth_denied", "denied your request"},
		"a personal account":      {"instagram_login", []string{"user", "tide.watcher"}, "personal_account_not_supported", "creator or business account"},
		"no Pages":                {"facebook_login", []string{"user", "pia.noir"}, "no_facebook_pages", "opens no Facebook Page"},
		"some scopes":             {"instagram_login", []string{"scope", "instagram_business_basic"}, "missing_permissions", "instagram_business_content_publish"},
		"some scopes at Facebook": {"facebook_login", []string{"scope", "instagram_basic pages_show_list"}, "missing_permissions", "instagram_content_publish"},
	} {
		authURL, _ := w.begin("instagram", url.Values{"loginMethod": {tt.method}, "redirect_url": {"https://shop.example/"}})
		q := w.arrives(authURL, tt.form...).Query()
		if q.Get("error") != tt.error || !strings.Contains(q.Get("error_message"), tt.says) || q.Get("platform") != "instagram" || q.Get("is_user_fixable") != "true" {
			t.Errorf("%s: %v", name, q)
		}
		if tt.error == "missing_permissions" && !strings.Contains(q.Get("missing_scopes"), tt.says) {
			t.Errorf("%s: missing_scopes is %q", name, q.Get("missing_scopes"))
		}
	}
	// What is not needed for publishing may be left out; health names it.
	authURL, _ := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	q := w.arrives(authURL, "scope", "instagram_business_basic instagram_business_content_publish").Query()
	if q.Get("connected") != "instagram" {
		t.Fatalf("with what publishing takes: %v", q)
	}
	if got := w.do("GET", "/v1/accounts/"+q.Get("accountId")+"/health", nil).want(200); !strings.Contains(string(got.body), "instagram_business_manage_comments") {
		t.Errorf("health: %s", got.body)
	}
}

// TestConnectByCode is for callers who take the code themselves.
func TestConnectByCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	authURL, state := w.begin("instagram", url.Values{})
	code := w.consent(authURL).Query().Get("code")
	body := map[string]any{"code": code + "#_", "state": state, "profileId": w.profile}
	w.as(w.strangerKey, "POST", "/v1/connect/instagram", map[string]any{"code": code, "state": state, "profileId": w.strangerProfile}).want(400)
	w.do("POST", "/v1/connect/instagram", map[string]any{"code": code, "state": "other", "profileId": w.profile}).want(400)
	if got := w.do("POST", "/v1/connect/instagram", body).want(200); got.text("account.platform") != "instagram" {
		t.Errorf("connected %s", got.body)
	}
	w.do("POST", "/v1/connect/instagram", body).want(400)
	_, state = w.begin("instagram", url.Values{})
	if got := w.do("POST", "/v1/connect/instagram", map[string]any{"code": code, "state": state, "profileId": w.profile}).want(400); got.text("code") != "token_exchange_failed" || !strings.Contains(string(got.body), "already used") {
		t.Errorf("a code used twice: %s", got.body)
	}
}

// TestConnectRefusals: nothing is connected, and everybody learns why.
func TestConnectRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	start := func(platform string, q url.Values) answer { return w.do("GET", "/v1/connect/"+platform, q) }
	own := func(pairs ...string) url.Values {
		q := url.Values{"profileId": {w.profile}}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return q
	}
	for _, address := range []string{"javascript:alert(1)", "/relative", "//evil.example", "data:text/html,x", "https://", "https://user@evil.example/", "JavaScript:alert(1)", "view-source:https://a.example"} {
		if got := start("instagram", own("redirect_url", address)).want(400); got.text("code") != "INVALID_REDIRECT_URL" {
			t.Errorf("%s: %s", address, got.body)
		}
	}
	start("instagram", own("headless", "true")).want(400)
	start("instagram", own("loginMethod", "magic")).want(400)
	start("instagram", url.Values{"profileId": {w.strangerProfile}}).want(404)
	start("instagram", url.Values{}).want(400)
	start("myspace", own()).want(400)
	start("linkedin", own()).want(400)
	if got := start("bluesky", own()).want(400); !strings.Contains(string(got.body), "credentials") {
		t.Errorf("Bluesky: %s", got.body)
	}

	failed := func(query string) url.Values {
		t.Helper()
		_, state := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
		rec := w.surf("GET", "/connect/callback/instagram?state="+state+query, nil)
		to, err := url.Parse(rec.Header().Get("Location"))
		if rec.Code != http.StatusSeeOther || err != nil || to.Host != "shop.example" || to.Query().Get("platform") != "instagram" {
			t.Fatalf("%s: %d, to %s", query, rec.Code, to)
		}
		return to.Query()
	}
	if q := failed("&error=access_denied&error_reason=user_denied&error_description=The+user+denied+your+request"); q.Get("error") != "oauth_denied" || !strings.Contains(q.Get("error_message"), "denied your request") || q.Get("is_user_fixable") != "true" {
		t.Errorf("denied: %v", q)
	}
	if q := failed(""); q.Get("error") != "invalid_callback" {
		t.Errorf("no code: %v", q)
	}
	if q := failed("&code=invented"); q.Get("error") != "token_exchange_failed" {
		t.Errorf("an invented code: %v", q)
	}
	// A state is good for its platform, once, for an hour.
	authURL, state := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	for _, query := range []string{"bluesky?state=" + state, "instagram?state=x", "instagram", "nowhere?state=" + state} {
		if rec := w.surf("GET", "/connect/callback/"+query+"&code=1", nil); rec.Code != http.StatusBadRequest && rec.Code != http.StatusNotFound || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d, to %s", query, rec.Code, rec.Header().Get("Location"))
		}
	}
	back := w.consent(authURL)
	w.advance(61 * time.Minute)
	if to, err := url.Parse(w.surf("GET", back.RequestURI(), nil).Header().Get("Location")); err != nil || to.Host != "shop.example" || to.Query().Get("error") != "invalid_state" {
		t.Errorf("after an hour it ends up at %s", to)
	}
	w.advance(24 * time.Hour)
	if err := w.app.Connect.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := w.app.Pool.QueryRow(t.Context(), `select count(*) from connect_visits`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d visits are left (%v)", left, err)
	}
	bare := newWorld(t, "POSTHORN_INSTAGRAM_CLIENT_ID=", "POSTHORN_INSTAGRAM_CLIENT_SECRET=")
	if got := bare.do("GET", "/v1/connect/instagram", url.Values{"profileId": {bare.profile}}).want(400); got.text("code") != "platform_not_configured" || !strings.Contains(string(got.body), "POSTHORN_INSTAGRAM_CLIENT_ID") {
		t.Errorf("without an app: %s", got.body)
	}
}

// TestTokensAreRenewed lets fifty days pass: the token of Instagram's own login is refreshed though nothing is published, in time and once, and an
// account whose user has taken the permission back is marked.
func TestTokensAreRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	authURL, _ := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	account := w.arrives(authURL).Query().Get("accountId")
	ends := func() (at time.Time) {
		t.Helper()
		if err := w.app.Pool.QueryRow(t.Context(), `select expires_at from tokens where account_id = $1`, account).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	renew := func() {
		t.Helper()
		if err := w.app.Accounts.RenewTokens(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := ends()
	if left := first.Sub(w.clock()); left < 59*24*time.Hour || left > 61*24*time.Hour {
		t.Fatalf("the token lives for %v", left)
	}
	renew()
	w.advance(49 * 24 * time.Hour)
	renew()
	if !ends().Equal(first) {
		t.Error("it was refreshed too early")
	}
	w.advance(2 * 24 * time.Hour)
	far := w.fakes["instagram"].(*instagramfake.Fake)
	far.AgeTokens(51 * 24 * time.Hour) // its clock is the real one
	renew()
	second := ends()
	if second.Sub(first) < 50*24*time.Hour {
		t.Errorf("it ends at %v, before at %v", second, first)
	}
	renew()
	if !ends().Equal(second) {
		t.Error("it was refreshed twice")
	}
	w.advance(55 * 24 * time.Hour)
	far.RevokeTokens()
	renew()
	if got := w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200); got.text("status") != "error" {
		t.Errorf("after the permission was taken back: %s", got.body)
	}
	renew() // and it is left alone
	w.tells(`"disconnectionType":"unintentional"`, 1)
}

// TestUsersLeave lets Meta tell that users have removed the app, and that they want their data deleted.
func TestUsersLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "POSTHORN_PUBLIC_URL=https://post.example")
	far := w.fakes["instagram"].(*instagramfake.Fake)
	authURL, _ := w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	coast := w.arrives(authURL).Query().Get("accountId")
	authURL, _ = w.begin("instagram", url.Values{"loginMethod": {"facebook_login"}, "headless": {"true"}, "redirect_url": {"https://shop.example/"}})
	q := w.arrives(authURL).Query()
	const choose = "/v1/connect/instagram/select-account"
	page := w.do("GET", choose, url.Values{"profileId": {w.profile}, "tempToken": {q.Get("tempToken")}}).want(200).text("pages.0.id")
	maison := w.do("POST", choose, map[string]any{"profileId": w.profile, "pageId": page, "tempToken": q.Get("tempToken")}).want(200).text("account.accountId")
	says := func(what, app, signed string) *httptest.ResponseRecorder {
		return w.surf("POST", "/connect/"+what+"/"+app, url.Values{"signed_request": {signed}})
	}
	status := func(account string) string {
		return w.do("GET", "/v1/accounts/"+account+"/health", nil).want(200).text("status")
	}
	// What is not signed with the app's secret changes nothing.
	for name, tt := range map[string]struct {
		app, signed string
		want        int
	}{
		"another secret":    {"instagram", far.SignedRequest("coastline.daily", "x"), 400},
		"the other app's":   {"facebook", far.SignedRequest("coastline.daily", "ig-app-secret"), 400},
		"nothing":           {"instagram", "", 400},
		"no such app":       {"myspace", far.SignedRequest("coastline.daily", "ig-app-secret"), 404},
		"another app's own": {"facebook", far.SignedRequest("coastline.daily", "fb-app-secret"), 200}, // that user is not known there
	} {
		for _, what := range []string{"deauthorize", "delete-data"} {
			if rec := says(what, tt.app, tt.signed); rec.Code != tt.want {
				t.Errorf("%s, %s: %d %s", what, name, rec.Code, rec.Body)
			}
		}
	}
	if a, b := status(coast), status(maison); a != "healthy" || b != "healthy" {
		t.Fatalf("before, they are %s and %s", a, b)
	}
	for range 2 {
		if rec := says("deauthorize", "instagram", far.SignedRequest("coastline.daily", "ig-app-secret")); rec.Code != 200 {
			t.Errorf("deauthorize: %d %s", rec.Code, rec.Body)
		}
	}
	if a, b := status(coast), status(maison); a != "error" || b != "healthy" {
		t.Errorf("after one user has left, they are %s and %s", a, b)
	}
	rec := says("delete-data", "facebook", far.SignedRequest("maison.lune", "fb-app-secret"))
	var told struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &told); err != nil || told.URL != "https://post.example/connect/deletion/"+told.Code {
		t.Fatalf("delete-data: %d %s", rec.Code, rec.Body)
	}
	if rec := w.surf("GET", "/connect/deletion/"+told.Code, nil); rec.Code != 200 || !strings.Contains(rec.Body.String(), "What was kept of your account was deleted") {
		t.Errorf("the page: %d %s", rec.Code, rec.Body)
	}
	if rec := w.surf("GET", "/connect/deletion/x", nil); rec.Code != 404 {
		t.Errorf("an invented code: %d", rec.Code)
	}
	var left string
	if err := w.app.Pool.QueryRow(t.Context(), `select a::text || coalesce(t::text, '') from accounts a left join tokens t on t.account_id = a.id where a.id = $1`, maison).Scan(&left); err != nil || strings.Contains(strings.ToLower(left), "maison") {
		t.Errorf("what is left: %s, %v", left, err)
	}
	w.tells(`"disconnectionType":"unintentional"`, 2)
	// Whoever comes back is the account that they were.
	authURL, _ = w.begin("instagram", url.Values{"redirect_url": {"https://shop.example/"}})
	if again := w.arrives(authURL).Query().Get("accountId"); again != coast || status(coast) != "healthy" {
		t.Errorf("connected again it is %s", again)
	}
}
