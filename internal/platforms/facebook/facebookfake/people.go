package facebookfake

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/graph"
	"posthorn/internal/platforms/farside/page"
)

// knownScopes are those that a login can grant.
var knownScopes = []string{"pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement", "pages_read_user_content", "pages_manage_metadata", "pages_messaging", "read_insights", "business_management", "publish_video"}

// Lifetimes of users' tokens. A Page's has no end if it came of a long-lived one, and ends with a short one.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
const (
	longLife  = 5183944 * time.Second // about 60 days
	shortLife = time.Hour
	codeLife  = 10 * time.Minute
)

// allTasks are what somebody may do on a Page of their own.
var allTasks = []string{"ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MANAGE", "MESSAGING", "MODERATE"}

// user is a person.
type user struct {
	id, login, name, about string
	roles                  []role   // on Pages that are theirs
	business               string   // the ID of a business of theirs; empty: none
	clients                []role   // on Pages that the business works for
	left                   []string // apps that they removed
}

// role is what somebody may do on a Page.
type role struct {
	page  *fanPage
	tasks []string
}

// token opens what its user may do, or one Page.
type token struct {
	user    *user
	page    *fanPage // nil: of the user
	tasks   []string // on the Page
	short   bool
	issued  time.Time
	expires time.Time // zero: never
	scopes  []string
	app     string
	secret  string // of the app; empty: not known
}

// code is what the consent page hands to the redirect address.
type code struct {
	user               *user
	clientID, redirect string
	scopes             []string
	issued             time.Time
	used               bool
}

// seededApp is whose tokens the Pages have from the start; it is taken for any app.
const seededApp = ""

// populate makes the users and their Pages.
func (f *Fake) populate() {
	bakery := &fanPage{id: "112233445566778", name: "Lighthouse Bakery", username: "lighthousebakery", category: "Bakery", token: "EAAFakeLighthouseBakeryPageTokenOpensOnlyTheFakeZBqZC8kQZDZD"}
	vinyl := &fanPage{id: "112233445566801", name: "Kiosk Vinyl", username: "kioskvinyl", category: "Record Store", token: "EAAFakeKioskVinylPageTokenOpensOnlyTheFakeZBqZC8kQZDZDZDZDZD"}
	archive := &fanPage{id: "112233445566823", name: "Old Mill Archive", username: "oldmillarchive", category: "Museum", token: "EAAFakeOldMillArchivePageTokenOpensOnlyTheFakeZBqZC8kQZDZDZD"}
	gardens := &fanPage{id: "112233445566849", name: "Moor Gardens", username: "moorgardens", category: "Garden Center", token: "EAAFakeMoorGardensPageTokenOpensOnlyTheFakeZBqZC8kQZDZDZDZDZ"}
	f.pages = []*fanPage{bakery, vinyl, archive, gardens}
	nora := &user{id: "10229384750001001", login: "nora.vance", name: "Nora Vance", about: "manages two Pages, and only sees the figures of a third", roles: []role{{bakery, allTasks}, {vinyl, []string{"ANALYZE", "CREATE_CONTENT", "MODERATE"}}, {archive, []string{"ANALYZE"}}}}
	lea := &user{id: "10229384750001027", login: "lea.moor", name: "Lea Moor", about: "has one Page, through a business", business: "998877665544332", clients: []role{{gardens, allTasks}}}
	otto := &user{id: "10229384750001052", login: "otto.blum", name: "Otto Blum", about: "manages no Page"}
	f.users = []*user{nora, lea, otto}
	for _, u := range []*user{nora, lea} {
		for _, r := range slices.Concat(u.roles, u.clients) {
			f.admit(r.page.token, u, r, knownScopes, seededApp, "")
		}
	}
}

// admit makes a Page's token valid from now. The caller holds mu, or nobody else knows the Fake yet.
func (f *Fake) admit(value string, u *user, r role, scopes []string, app, secret string) {
	t := &token{user: u, page: r.page, tasks: r.tasks, issued: f.now(), scopes: scopes, app: app, secret: secret}
	if f.lifetime > 0 {
		t.expires = t.issued.Add(f.lifetime)
	}
	f.tokens[value] = t
}

func (f *Fake) userOf(login string) *user {
	return f.users[slices.IndexFunc(f.users, func(u *user) bool { return u.login == login })]
}

// serveAuthorize is the consent page. It sends the browser back with a code, or with the refusal.
func (f *Fake) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || (back.Scheme != "https" && back.Scheme != "http") || back.Host == "" || q.Get("client_id") == "" || q.Get("response_type") != "code" {
		page.Write(w, http.StatusBadRequest, "Invalid request", nil)
		return
	}
	asked := strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ',' || c == ' ' })
	if i := slices.IndexFunc(asked, func(s string) bool { return !slices.Contains(knownScopes, s) }); i >= 0 {
		page.Write(w, http.StatusBadRequest, "Invalid Scopes: "+graph.Clip(asked[i]), nil)
		return
	}
	var people []consent.User
	for _, u := range f.users {
		people = append(people, consent.User{ID: u.login, Name: u.name, About: u.about})
	}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "Facebook", App: q.Get("client_id"), Users: people, Scopes: asked})
	if !ok {
		return
	}
	reply := back.Query()
	reply.Set("state", q.Get("state"))
	if given.Denied {
		reply.Set("error", "access_denied")
		reply.Set("error_code", "200")
		reply.Set("error_reason", "user_denied")
		reply.Set("error_description", "Permissions error")
	} else {
		value := "AQ" + rand.Text()
		f.mu.Lock()
		f.codes[value] = &code{user: f.userOf(given.User), clientID: q.Get("client_id"), redirect: q.Get("redirect_uri"), scopes: given.Scopes, issued: f.now()}
		f.mu.Unlock()
		reply.Set("code", value)
	}
	back.RawQuery, back.Fragment = reply.Encode(), "_=_"
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// serveToken is oauth/access_token: a code for a short-lived token, or one of these for a long-lived one.
func (f *Fake) serveToken(c *call) (any, *graph.Failure) {
	p := c.Params
	f.mu.Lock()
	defer f.mu.Unlock()
	if p["client_id"] == "" || p["client_secret"] == "" {
		return nil, &graph.Failure{Code: 101, Message: "Missing client_id or client_secret parameter."}
	}
	switch p["grant_type"] {
	case "", "authorization_code":
		k := f.codes[p["code"]]
		switch {
		case k == nil || k.clientID != p["client_id"] || c.now.Sub(k.issued) >= codeLife:
			return nil, &graph.Failure{Code: 100, Sub: 36007, Message: "Invalid verification code format."}
		case k.used:
			return nil, &graph.Failure{Code: 100, Sub: 36009, Message: "This authorization code has been used."}
		case k.redirect != p["redirect_uri"]:
			return nil, &graph.Failure{Code: 100, Sub: 36008, Message: "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request"}
		}
		k.used = true
		return f.issue(c, k.user, k.scopes, shortLife), nil
	case "fb_exchange_token":
		t, fail := f.authorize(p["fb_exchange_token"], c.now)
		if fail != nil {
			return nil, fail
		}
		if t.page != nil || t.app != p["client_id"] {
			return nil, graph.BadParam("The token is not one of a user of this app.")
		}
		return f.issue(c, t.user, t.scopes, longLife), nil
	}
	return nil, graph.BadParam("Param grant_type is not supported here.")
}

// issue makes a token of a user. The caller holds mu.
func (f *Fake) issue(c *call, u *user, scopes []string, life time.Duration) any {
	value := "EAA" + rand.Text() + "ZD"
	f.tokens[value] = &token{user: u, short: life == shortLife, issued: c.now, expires: c.now.Add(life), scopes: scopes, app: c.Params["client_id"], secret: c.Params["client_secret"]}
	u.left = slices.DeleteFunc(u.left, func(app string) bool { return app == c.Params["client_id"] })
	return map[string]any{"access_token": value, "token_type": "bearer", "expires_in": int64(life.Seconds())}
}

// authorize finds what a token opens. The caller holds mu.
func (f *Fake) authorize(value string, now time.Time) (*token, *graph.Failure) {
	t := f.tokens[value]
	switch {
	case value == "":
		return nil, failNoToken
	case t == nil:
		return nil, failBadToken
	case slices.Contains(t.user.left, t.app):
		return nil, failRevoked
	case !t.expires.IsZero() && !now.Before(t.expires):
		return nil, failSession
	}
	return t, nil
}

// pageToken is the token of a Page that a user's token leads to: the one that every fake has if the user's is long-lived, and else one that ends
// with it. The caller holds mu.
func (f *Fake) pageToken(t *token, r role) string {
	value := r.page.token
	if t.short {
		value = "EAA" + rand.Text() + "ZD"
	}
	f.admit(value, t.user, r, t.scopes, t.app, t.secret)
	if t.short {
		f.tokens[value].expires = t.expires
	}
	return value
}

// debugToken is GET /debug_token; the caller shows an app's credentials, or a token of its own.
func (f *Fake) debugToken(c *call) (any, *graph.Failure) {
	app, secret, isApp := strings.Cut(graph.TokenOf(c.Request, c.Params), "|")
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, fail := f.authorize(app, c.now); fail != nil && (!isApp || app == "" || secret == "") {
		return nil, failBadToken
	}
	t, fail := f.authorize(c.Params["input_token"], c.now)
	if fail != nil {
		return map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{}, "error": map[string]any{"code": fail.Code, "subcode": fail.Sub, "message": fail.Message}}}, nil
	}
	data := map[string]any{"app_id": t.app, "type": "USER", "is_valid": true, "user_id": t.user.id, "scopes": t.scopes, "issued_at": t.issued.Unix(), "expires_at": 0, "data_access_expires_at": c.now.Add(90 * graph.Day).Unix()}
	if t.page != nil {
		data["type"], data["profile_id"] = "PAGE", t.page.id
	}
	if !t.expires.IsZero() {
		data["expires_at"] = t.expires.Unix()
	}
	return map[string]any{"data": data}, nil
}
