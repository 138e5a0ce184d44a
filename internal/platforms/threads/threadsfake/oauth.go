package threadsfake

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

// knownScopes are those that a login can grant.
var knownScopes = []string{"threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies", "threads_manage_insights", "threads_delete",
	"threads_location_tagging", "threads_keyword_search", "threads_manage_mentions", "threads_profile_discovery"}

// Lifetimes of tokens. https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
const (
	longLife  = 5183944 * time.Second // about 60 days
	shortLife = time.Hour
)

// code is what the consent page hands to the redirect address: good once, for an hour.
type code struct {
	acct               *account
	clientID, redirect string
	scopes             []string
	issued             time.Time
	used               bool
}

// token opens one profile.
type token struct {
	acct    *account
	short   bool
	issued  time.Time
	expires time.Time
	scopes  []string
}

func (f *Fake) longLife() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return longLife
}

// admitToken makes a long-lived token valid from now. The caller holds mu, or nobody else knows the Fake yet.
func (f *Fake) admitToken(value string, a *account) {
	now := f.now()
	f.tokens[value] = &token{acct: a, issued: now, expires: now.Add(f.longLife()), scopes: knownScopes}
}

// serveAuthorize is the consent page. It sends the browser back with a code, or with the refusal. Redirects are to https; a loopback address is taken
// besides, which Meta does not do, for people who try things at home.
func (f *Fake) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Host == "" || q.Get("client_id") == "" || q.Get("response_type") != "code" ||
		(back.Scheme != "https" && (back.Scheme != "http" || (back.Hostname() != "127.0.0.1" && back.Hostname() != "localhost"))) {
		page.Write(w, http.StatusBadRequest, "Invalid request", nil)
		return
	}
	asked := slices.DeleteFunc(strings.FieldsFunc(q.Get("scope"), func(c rune) bool { return c == ',' || c == ' ' }), func(s string) bool { return !slices.Contains(knownScopes, s) })
	var users []consent.User
	for i, a := range f.accounts {
		users = append(users, consent.User{ID: a.username, Name: "@" + a.username, About: []string{"the profile that is chosen in Threads", "another profile of the same person"}[i]})
	}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "Threads", App: q.Get("client_id"), Users: users, Scopes: asked})
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
		i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.username == given.User })
		value := "AQ" + rand.Text()
		f.mu.Lock()
		f.codes[value] = &code{acct: f.accounts[i], clientID: q.Get("client_id"), redirect: q.Get("redirect_uri"), scopes: given.Scopes, issued: f.now()}
		f.mu.Unlock()
		reply.Set("code", value)
	}
	back.RawQuery, back.Fragment = reply.Encode(), "_"
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// redeem is POST /oauth/access_token. Its errors have a shape of their own.
func (f *Fake) redeem(w http.ResponseWriter, c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := c.Params
	k := f.codes[p["code"]]
	if c.Method != http.MethodPost || p["grant_type"] != "authorization_code" || k == nil || k.used || k.clientID != p["client_id"] || k.redirect != p["redirect_uri"] || p["client_secret"] == "" || c.now.Sub(k.issued) >= time.Hour {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(http.StatusBadRequest)
		graph.WriteJSON(w, map[string]any{"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found or was already used"})
		return
	}
	k.used = true
	value := "THAA" + rand.Text() + "ZD"
	f.tokens[value] = &token{acct: k.acct, short: true, issued: c.now, expires: c.now.Add(shortLife), scopes: k.scopes}
	id, _ := strconv.ParseInt(k.acct.scopedID, 10, 64) // a number, larger than a float holds
	graph.Answer(w, map[string]any{"access_token": value, "user_id": id, "token_type": "bearer"}, nil)
}

func bearer(value string, life time.Duration) any {
	return map[string]any{"access_token": value, "token_type": "bearer", "expires_in": int64(life.Seconds())}
}

// exchange is GET /access_token: the profile's own long-lived token for a short one, so that what was connected before a restart of the fake works
// behind it.
func (f *Fake) exchange(c *call) (any, *graph.Failure) {
	if c.Params["grant_type"] != "th_exchange_token" || c.Params["client_secret"] == "" {
		return nil, graph.BadParam("Param grant_type must be th_exchange_token, with a client_secret.")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	t, fail := f.authorize(c.Params["access_token"], c.now)
	if fail != nil {
		return nil, fail
	}
	f.admitToken(t.acct.token, t.acct)
	f.tokens[t.acct.token].scopes = t.scopes
	return bearer(t.acct.token, f.longLife()), nil
}

// refresh is GET /refresh_access_token, for a long-lived token that is valid and at least 24 hours old; of a shortened life, the same part.
func (f *Fake) refresh(c *call) (any, *graph.Failure) {
	if c.Params["grant_type"] != "th_refresh_token" {
		return nil, graph.BadParam("Param grant_type must be th_refresh_token.")
	}
	value := graph.TokenOf(c.Request, c.Params)
	f.mu.Lock()
	defer f.mu.Unlock()
	t, fail := f.authorize(value, c.now)
	switch {
	case fail != nil:
		return nil, fail
	case t.short:
		return nil, graph.BadParam("A short-lived token cannot be refreshed.")
	case c.now.Sub(t.issued) < min(day, f.longLife()/60):
		return nil, graph.BadParam("The token must be at least 24 hours old to be refreshed.")
	}
	f.admitToken(value, t.acct)
	f.tokens[value].scopes = t.scopes
	return bearer(value, f.longLife()), nil
}

// debugToken is GET /debug_token.
func (f *Fake) debugToken(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, fail := f.authorize(c.Params["input_token"], c.now)
	if fail != nil {
		return map[string]any{"data": map[string]any{"is_valid": false, "scopes": []string{}, "error": map[string]any{"code": fail.Code, "subcode": fail.Sub, "message": fail.Message}}}, nil
	}
	return map[string]any{"data": map[string]any{"type": "USER", "application": "The app", "is_valid": true, "user_id": t.acct.id, "scopes": t.scopes, "issued_at": t.issued.Unix(),
		"expires_at": t.expires.Unix(), "data_access_expires_at": c.now.Add(90 * day).Unix()}}, nil
}

// authorize finds whose token this is. The caller holds mu.
func (f *Fake) authorize(value string, now time.Time) (*token, *graph.Failure) {
	t := f.tokens[value]
	switch {
	case t == nil:
		return nil, failBadToken
	case !now.Before(t.expires):
		return nil, failSession.Saying("Session has expired on " + t.expires.UTC().Format(time.RFC1123) + ".")
	}
	return t, nil
}
