package instagramfake

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/graph"
	"posthorn/internal/platforms/farside/page"
)

// Scopes that a login can grant.
var (
	instagramScopes = []string{
		"instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments",
		"instagram_business_manage_messages", "instagram_business_manage_insights",
	}
	facebookScopes = []string{
		"instagram_basic", "instagram_content_publish", "instagram_manage_comments", "instagram_manage_insights",
		"instagram_manage_messages", "instagram_manage_contents", "pages_show_list", "pages_read_engagement",
		"pages_manage_metadata", "business_management",
	}
)

// code is what the authorize page hands to the redirect address: good once, for an hour.
type code struct {
	acct               *account
	clientID, redirect string
	scopes             []string // that were granted
	issued             time.Time
	used               bool
}

// accountOf is the account that logs in through a host.
func (f *Fake) accountOf(host string) *account {
	i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.host == host })
	return f.accounts[i]
}

// visitors are those who can log in through a host without being of use: a personal account, and somebody who manages no Page.
func visitors(host string) (*account, consent.User) {
	if host == hostInstagram {
		a := &account{id: "17841460017722008", scopedID: "24510398761199001", username: "tide.watcher", name: "Tide Watcher", host: host, token: "IGAAFakeTideWatcherPersonalTokenZAE1xQkVVZDZD", personal: true}
		return a, consent.User{ID: a.username, Name: "@" + a.username, About: "a personal account, which cannot be published to"}
	}
	a := &account{id: "17841460017722009", scopedID: "10229384756619999", username: "pia.noir", name: "Pia Noir", host: host, token: "EAAFakePiaNoirUserTokenBAWithoutPagesZBqZC8kQZDZD"}
	return a, consent.User{ID: a.username, Name: a.name, About: "manages no Page"}
}

// serveAuthorize is the consent page of a login. It sends the browser back with a code, or with the refusal.
func (f *Fake) serveAuthorize(w http.ResponseWriter, r *http.Request, host string) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || (back.Scheme != "https" && back.Scheme != "http") || back.Host == "" || q.Get("client_id") == "" ||
		q.Get("response_type") != "code" {
		page.Write(w, http.StatusBadRequest, "Invalid request", nil)
		return
	}
	a, title, known := f.accountOf(host), "Instagram", instagramScopes
	usual := consent.User{ID: a.username, Name: "@" + a.username, About: "a professional account"}
	if host == hostFacebook {
		title, known = "Facebook", facebookScopes
		usual = consent.User{ID: a.username, Name: a.name, About: "manages two Pages; an Instagram account is linked to one of them"}
	}
	stranger, other := visitors(host)
	asked := slices.DeleteFunc(strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ',' || c == ' ' }), func(s string) bool { return !slices.Contains(known, s) })
	given, ok := consent.Ask(w, r, consent.Page{Platform: title, App: q.Get("client_id"), Users: []consent.User{usual, other}, Scopes: asked})
	if !ok {
		return
	}
	reply := back.Query()
	reply.Set("state", q.Get("state"))
	if given.Denied {
		reply.Set("error", "access_denied")
		reply.Set("error_reason", "user_denied")
		reply.Set("error_description", "The user denied your request.")
	} else {
		if given.User == other.ID {
			a = stranger
		}
		value := "AQ" + rand.Text()
		f.mu.Lock()
		f.codes[value] = &code{acct: a, clientID: q.Get("client_id"), redirect: q.Get("redirect_uri"), scopes: given.Scopes, issued: f.now()}
		f.mu.Unlock()
		reply.Set("code", value)
	}
	back.RawQuery, back.Fragment = reply.Encode(), "_"
	if host == hostFacebook {
		back.Fragment = "_=_"
	}
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// redeem spends a code of a host and returns a short-lived token. The caller does not hold mu.
func (f *Fake) redeem(p graph.Params, host string) (value string, t *token) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	c := f.codes[strings.TrimSuffix(p["code"], "#_")]
	if c == nil || c.used || c.acct.host != host || c.clientID != p["client_id"] || c.redirect != p["redirect_uri"] ||
		p["client_secret"] == "" || now.Sub(c.issued) >= time.Hour {
		return "", nil
	}
	c.used = true
	value = c.acct.token[:4] + rand.Text() + "ZD"
	t = &token{acct: c.acct, short: true, user: host == hostFacebook, issued: now, expires: now.Add(shortLife), scopes: c.scopes}
	f.tokens[value] = t
	return value, t
}

// serveAPI is api.instagram.com: the authorize page's other address, and the code exchange, in the flat shape that is observed or,
// with [Fake.SetNestedExchange], the documented one.
func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth/authorize" {
		f.serveAuthorize(w, r, hostInstagram)
		return
	}
	if r.URL.Path != "/oauth/access_token" || r.Method != http.MethodPost {
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
		return
	}
	p, fail := graph.ReadParams(w, r)
	if fail != nil {
		graph.Answer(w, nil, fail)
		return
	}
	value, t := "", (*token)(nil)
	if p["grant_type"] == "authorization_code" {
		value, t = f.redeem(p, hostInstagram)
	}
	if t == nil { // this host's errors have a shape of their own
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(http.StatusBadRequest)
		graph.WriteJSON(w, map[string]any{
			"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found or was already used",
		})
		return
	}
	f.mu.Lock()
	nested := f.settings.nestedExchange
	f.mu.Unlock()
	if nested {
		graph.Answer(w, map[string]any{"data": []any{map[string]any{
			"access_token": value, "user_id": t.acct.scopedID, "permissions": strings.Join(t.scopes, ","),
		}}}, nil)
		return
	}
	id, _ := strconv.ParseInt(t.acct.scopedID, 10, 64) // a number, larger than a float holds
	graph.Answer(w, map[string]any{"access_token": value, "user_id": id, "permissions": append([]string{}, t.scopes...)}, nil)
}

// tokenPath tells whether the path is a token endpoint of the host; these need no version.
func tokenPath(host string, parts []string) bool {
	switch path := strings.Join(parts, "/"); host {
	case hostInstagram:
		return path == "access_token" || path == "refresh_access_token"
	default:
		return path == "oauth/access_token" || path == "debug_token"
	}
}

// serveToken answers at a token endpoint of a Graph host.
func (f *Fake) serveToken(c *call, path string) (any, *graph.Failure) {
	switch grant := c.Params["grant_type"]; {
	case c.Method != http.MethodGet && !(c.host == hostFacebook && c.Method == http.MethodPost):
		return nil, graph.NoObject(c.Method, path)
	case path == "debug_token":
		return f.debugToken(c)
	case path == "access_token" && grant == "ig_exchange_token":
		return f.exchange(c, c.Params["access_token"])
	case path == "refresh_access_token" && grant == "ig_refresh_token":
		return f.refresh(c)
	case path == "oauth/access_token" && grant == "fb_exchange_token":
		return f.exchange(c, c.Params["fb_exchange_token"])
	case path == "oauth/access_token" && (grant == "" || grant == "authorization_code"):
		value, t := f.redeem(c.Params, hostFacebook)
		if t == nil {
			return nil, &graph.Failure{Code: 100, Sub: 36009, Message: "This authorization code has been used or is not valid."}
		}
		return bearer(value, shortLife), nil
	}
	return nil, graph.BadParam("Param grant_type is not supported here.")
}

func bearer(value string, life time.Duration) any {
	return map[string]any{"access_token": value, "token_type": "bearer", "expires_in": int64(life.Seconds())}
}

// exchange makes a long-lived token of a valid one. With Instagram login it is always the account's own, so that what was connected before a
// restart of the fake works behind it; with Facebook login it is the user's, whose Pages have such tokens.
func (f *Fake) exchange(c *call, value string) (any, *graph.Failure) {
	if c.Params["client_secret"] == "" {
		return nil, graph.BadParam("The parameter client_secret is required")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a, fail := f.authorize(c.host, value, c.now)
	if fail != nil {
		return nil, fail
	}
	scopes := f.tokens[value].scopes
	if c.host == hostFacebook {
		long := a.token[:4] + rand.Text() + "ZD"
		f.tokens[long] = &token{acct: a, user: true, issued: c.now, expires: c.now.Add(f.longLife()), scopes: scopes}
		return bearer(long, f.longLife()), nil
	}
	f.admitToken(a.token, a)
	f.tokens[a.token].scopes = scopes
	return bearer(a.token, f.longLife()), nil
}

// refresh lengthens a long-lived token that is valid and at least 24 hours old; of a shortened life, the same part. The string stays
// the same, which Meta allows.
func (f *Fake) refresh(c *call) (any, *graph.Failure) {
	value := graph.TokenOf(c.Request, c.Params)
	f.mu.Lock()
	defer f.mu.Unlock()
	a, fail := f.authorize(c.host, value, c.now)
	if fail != nil {
		return nil, fail
	}
	t := f.tokens[value]
	if t.short {
		return nil, graph.BadParam("A short-lived token cannot be refreshed.")
	}
	if c.now.Sub(t.issued) < min(day, f.longLife()/60) {
		return nil, graph.BadParam("The token must be at least 24 hours old to be refreshed.")
	}
	f.admitToken(value, a)
	f.tokens[value].scopes = t.scopes
	return bearer(value, f.longLife()), nil
}

// debugToken is GET /debug_token; the caller shows an app's credentials.
func (f *Fake) debugToken(c *call) (any, *graph.Failure) {
	app, secret, _ := strings.Cut(graph.TokenOf(c.Request, c.Params), "|")
	if app == "" || secret == "" {
		return nil, failBadToken
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	value := c.Params["input_token"]
	a, fail := f.authorize(c.host, value, c.now)
	if fail != nil {
		return map[string]any{"data": map[string]any{
			"app_id": app, "is_valid": false, "scopes": []string{},
			"error": map[string]any{"code": fail.Code, "subcode": fail.Sub, "message": fail.Message},
		}}, nil
	}
	expires := int64(0) // never
	if t := f.tokens[value]; !t.expires.IsZero() {
		expires = t.expires.Unix()
	}
	return map[string]any{"data": map[string]any{
		"app_id": app, "type": "PAGE", "is_valid": true, "user_id": a.scopedID, "scopes": f.tokens[value].scopes, "expires_at": expires,
		"data_access_expires_at": c.now.Add(90 * day).Unix(),
	}}, nil
}
