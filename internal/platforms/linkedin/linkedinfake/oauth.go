package linkedinfake

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/page"
)

// knownScopes are those that the app may ask for; another one has the whole login refused.
var knownScopes = []string{"openid", "profile", "email", "w_member_social", "w_organization_social", "r_organization_social", "rw_organization_admin"}

// Lifetimes. https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
const (
	accessLife = 60 * 24 * time.Hour
	grantLife  = 365 * 24 * time.Hour
	codeLife   = 30 * time.Minute
)

type code struct {
	member           *member
	client, redirect string
	scopes           []string
	issued           time.Time
	used             bool
}

// grant is what a member permits an app; all tokens of it live on it.
type grant struct {
	member *member
	client string // empty: that of the accounts that are there from the start
	scopes []string
	until  time.Time
	dead   bool
}

// token opens what a grant permits.
type token struct {
	grant *grant
	ends  time.Time
	from  time.Time // refreshed ones are not taken at once
	dead  bool
}

func (f *Fake) life() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return accessLife
}

// serveWeb is the site: the consent page, the token endpoints, the addresses of uploads, and the posts.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/oauth/v2/authorization":
		f.authorize(w, r)
	case strings.HasPrefix(path, "/oauth/v2/"):
		f.serveTokens(w, r)
	case strings.HasPrefix(path, "/dms-uploads/"):
		f.serveUpload(w, r)
	default:
		f.servePages(w, r)
	}
}

// authorize is the consent page.
func (f *Fake) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Host == "" || (back.Scheme != "https" && back.Scheme != "http") || q.Get("client_id") == "" || q.Get("response_type") != "code" {
		page.Write(w, http.StatusBadRequest, "Bummer, something went wrong: invalid_redirect_uri", nil)
		return
	}
	reply := back.Query()
	reply.Set("state", q.Get("state"))
	send := func() {
		back.RawQuery = reply.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	}
	asked := strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' }) // LinkedIn's own client sends commas
	if i := slices.IndexFunc(asked, func(s string) bool { return !slices.Contains(knownScopes, s) }); i >= 0 || len(asked) == 0 {
		reply.Set("error", "unauthorized_scope_error")
		reply.Set("error_description", "Scope is not authorized for your application")
		send()
		return
	}
	var users []consent.User
	for i, m := range f.members {
		users = append(users, consent.User{ID: m.sub, Name: m.name, About: []string{"manages Harbour Lights Studio and Old Mill Books", "manages no page"}[i]})
	}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "LinkedIn", App: q.Get("client_id"), Users: users, Scopes: asked})
	if !ok {
		return
	}
	if given.Denied {
		reply.Set("error", "user_cancelled_authorize")
		reply.Set("error_description", "The user cancelled the authorization")
	} else {
		i := slices.IndexFunc(f.members, func(m *member) bool { return m.sub == given.User })
		value := "AQ" + rand.Text()
		f.mu.Lock()
		f.codes[value] = &code{member: f.members[i], client: q.Get("client_id"), redirect: q.Get("redirect_uri"), scopes: given.Scopes, issued: f.now()}
		f.mu.Unlock()
		reply.Set("code", value)
	}
	send()
}

// serveTokens are the token endpoints. The app's credentials stand in the body; their refusals have a shape of their own.
func (f *Fake) serveTokens(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		refuse(w, failNotFound)
		return
	}
	form := r.PostForm
	if form.Get("client_id") == "" || form.Get("client_secret") == "" {
		answer(w, 401, map[string]any{"error": "invalid_client", "error_description": "Client authentication failed"})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch r.URL.Path {
	case "/oauth/v2/accessToken":
		f.grantToken(w, form)
	case "/oauth/v2/introspectToken":
		f.introspect(w, form)
	case "/oauth/v2/revoke":
		if t := f.access[form.Get("token")]; t != nil {
			t.dead = true
		}
		answer(w, 200, map[string]any{})
	default:
		refuse(w, failNotFound)
	}
}

func (f *Fake) grantToken(w http.ResponseWriter, form url.Values) {
	now := f.now()
	switch form.Get("grant_type") {
	case "authorization_code":
		k := f.codes[form.Get("code")]
		if k == nil || k.used || k.client != form.Get("client_id") || k.redirect != form.Get("redirect_uri") || now.Sub(k.issued) > codeLife {
			answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired."})
			return
		}
		k.used = true
		for _, g := range f.refresh { // another set of permissions ends the tokens of the one before
			if g.member == k.member && g.client == k.client && !slices.Equal(g.scopes, k.scopes) {
				g.dead = true
			}
		}
		g := &grant{member: k.member, client: k.client, scopes: k.scopes, until: now.Add(grantLife)}
		value := "AQ-refresh-" + rand.Text()
		f.refresh[value] = g
		f.hand(w, g, value, now)
	case "refresh_token":
		g := f.refresh[form.Get("refresh_token")]
		if g == nil || g.dead || !now.Before(g.until) {
			answer(w, 400, map[string]any{"error": "invalid_grant", "error_description": "The provided authorization grant or refresh token is invalid, expired or revoked"})
			return
		}
		f.hand(w, g, form.Get("refresh_token"), now.Add(f.settings.fresh))
	default:
		answer(w, 400, map[string]any{"error": "unsupported_grant_type", "error_description": "The grant type is not supported"})
	}
}

// hand makes an access token. The refresh token is the same each time, and its end comes nearer.
func (f *Fake) hand(w http.ResponseWriter, g *grant, refresh string, from time.Time) {
	value := "AQ-access-" + rand.Text()
	f.access[value] = &token{grant: g, ends: f.now().Add(f.life()), from: from}
	answer(w, 200, map[string]any{"access_token": value, "expires_in": int(f.life().Seconds()), "refresh_token": refresh, "refresh_token_expires_in": int(g.until.Sub(f.now()).Seconds()),
		"scope": strings.Join(g.scopes, ","), "token_type": "Bearer"})
}

func (f *Fake) introspect(w http.ResponseWriter, form url.Values) {
	t := f.access[form.Get("token")]
	if t == nil {
		answer(w, 200, map[string]any{"active": false})
		return
	}
	status := "active"
	switch {
	case t.dead || t.grant.dead:
		status = "revoked"
	case !f.now().Before(t.ends):
		status = "expired"
	}
	answer(w, 200, map[string]any{"active": status == "active", "status": status, "scope": strings.Join(t.grant.scopes, ","), "expires_at": t.ends.Unix(), "client_id": form.Get("client_id"), "auth_type": "3L"})
}
