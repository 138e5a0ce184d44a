package youtubefake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/page"
)

const (
	scopePrefix = "https://www.googleapis.com/auth/"
	scopeUpload = scopePrefix + "youtube.upload"
	scopeRead   = scopePrefix + "youtube.readonly"
	scopeManage = scopePrefix + "youtube.force-ssl"
	scopeAll    = scopePrefix + "youtube"
)

var knownScopes = []string{scopeUpload, scopeRead, scopeManage, scopeAll, scopePrefix + "yt-analytics.readonly", scopePrefix + "yt-analytics-monetary.readonly", scopePrefix + "userinfo.profile", "openid", "email"}

const (
	codeLife    = 10 * time.Minute
	accessLife  = 3599 * time.Second
	refreshLife = 183 * 24 * time.Hour // without use
	// Nobody is the user on the consent page who has no channel.
	Nobody = "no_channel"
)

type code struct {
	channel                     *channel // nil: the user has none
	client, redirect, challenge string
	scopes                      []string
	offline                     bool
	issued                      time.Time
	used                        bool
}

// grant is what a user permits an app, with the refresh token that stands for it.
type grant struct {
	channel *channel
	scopes  []string
	used    time.Time
	dead    bool
}

// token is an access token.
type token struct {
	grant *grant
	ends  time.Time
}

func (f *Fake) life() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return accessLife
}

// serveLogin is the consent page. A user who agrees also chooses the channel there.
func (f *Fake) serveLogin(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if r.URL.Path != "/o/oauth2/v2/auth" || err != nil || back.Host == "" || back.Scheme != "https" && back.Scheme != "http" || q.Get("client_id") == "" || q.Get("response_type") != "code" ||
		q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256" {
		page.Write(w, http.StatusBadRequest, "Error 400: invalid_request", nil)
		return
	}
	asked := strings.Fields(q.Get("scope"))
	if len(asked) == 0 || slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(knownScopes, s) }) {
		page.Write(w, http.StatusBadRequest, "Error 400: invalid_scope", nil)
		return
	}
	users := []consent.User{{ID: f.channels[0].handle, Name: f.channels[0].title, About: "a channel whose owner is verified"}, {ID: f.channels[1].handle, Name: f.channels[1].title, About: "a channel that may not set thumbnails"},
		{ID: Nobody, Name: "Somebody without a channel", About: "a Google account that has no YouTube channel"}}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "YouTube", App: q.Get("client_id"), Users: users, Scopes: asked})
	if !ok {
		return
	}
	reply := back.Query()
	reply.Set("state", q.Get("state"))
	if given.Denied {
		reply.Set("error", "access_denied")
	} else {
		k := &code{client: q.Get("client_id"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scopes: given.Scopes, issued: f.now(),
			offline: q.Get("access_type") == "offline" && strings.Contains(q.Get("prompt"), "consent")}
		if i := slices.IndexFunc(f.channels, func(c *channel) bool { return c.handle == given.User }); i >= 0 {
			k.channel = f.channels[i]
		}
		value := "4/0A" + rand.Text()
		f.mu.Lock()
		f.codes[value] = k
		f.mu.Unlock()
		reply.Set("code", value)
		reply.Set("scope", strings.Join(given.Scopes, " "))
	}
	back.RawQuery = reply.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// oauth is a refusal of the token endpoints, which have a shape of their own.
func oauth(w http.ResponseWriter, status int, reason, description string) {
	answer(w, status, map[string]any{"error": reason, "error_description": description})
}

// serveTokens are the token endpoints.
func (f *Fake) serveTokens(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	if err := r.ParseForm(); err != nil {
		oauth(w, 400, "invalid_request", "The form cannot be read.")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.URL.Path == "/tokeninfo":
		f.tokenInfo(w, or(r.Form.Get("access_token"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	case r.Method != http.MethodPost:
		oauth(w, 405, "invalid_request", "Use POST.")
	case r.URL.Path == "/revoke":
		f.revoke(w, r.Form.Get("token"))
	case r.URL.Path != "/token":
		http.NotFound(w, r)
	case r.PostForm.Get("client_id") == "" || r.PostForm.Get("client_secret") == "":
		oauth(w, 401, "invalid_client", "The OAuth client was not found.")
	case r.PostForm.Get("grant_type") == "authorization_code":
		f.redeem(w, r.PostForm)
	case r.PostForm.Get("grant_type") == "refresh_token":
		f.renew(w, r.PostForm.Get("refresh_token"))
	default:
		oauth(w, 400, "unsupported_grant_type", "Invalid grant_type: "+r.PostForm.Get("grant_type"))
	}
}

// redeem changes a code for tokens. The caller holds mu.
func (f *Fake) redeem(w http.ResponseWriter, form url.Values) {
	k := f.codes[form.Get("code")]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if k == nil || k.used || k.client != form.Get("client_id") || f.now().Sub(k.issued) > codeLife || k.challenge != "" && base64.RawURLEncoding.EncodeToString(sum[:]) != k.challenge {
		oauth(w, 400, "invalid_grant", "Malformed auth code.")
		return
	}
	if k.redirect != form.Get("redirect_uri") {
		oauth(w, 400, "redirect_uri_mismatch", "Bad Request")
		return
	}
	k.used = true
	g := &grant{channel: k.channel, scopes: k.scopes, used: f.now()}
	out := f.admit(g)
	if k.offline {
		value := "1//0fake" + rand.Text()
		f.refresh[value] = g
		out["refresh_token"] = value
	}
	answer(w, 200, out)
}

// renew gives another access token. The refresh token stays, and is not told again. The caller holds mu.
func (f *Fake) renew(w http.ResponseWriter, value string) {
	g := f.refresh[value]
	now := f.now()
	if g == nil || g.dead || now.Sub(g.used) > refreshLife {
		oauth(w, 400, "invalid_grant", "Token has been expired or revoked.")
		return
	}
	g.used = now
	answer(w, 200, f.admit(g))
}

func (f *Fake) admit(g *grant) map[string]any {
	value := "ya29.fake" + rand.Text()
	f.access[value] = &token{grant: g, ends: f.now().Add(f.life())}
	return map[string]any{"access_token": value, "expires_in": int(f.life().Seconds()), "scope": strings.Join(g.scopes, " "), "token_type": "Bearer"}
}

// revoke ends a grant by either of its tokens. The caller holds mu.
func (f *Fake) revoke(w http.ResponseWriter, value string) {
	g := f.refresh[value]
	if t := f.access[value]; t != nil {
		g = t.grant
	}
	if g == nil || g.dead {
		oauth(w, 400, "invalid_token", "Token expired or revoked")
		return
	}
	g.dead = true
	answer(w, 200, map[string]any{})
}

func (f *Fake) tokenInfo(w http.ResponseWriter, value string) {
	t := f.access[value]
	if t == nil || t.grant.dead || !f.now().Before(t.ends) {
		oauth(w, 400, "invalid_token", "Invalid Value")
		return
	}
	answer(w, 200, map[string]any{"scope": strings.Join(t.grant.scopes, " "), "expires_in": int(t.ends.Sub(f.now()).Seconds()), "access_type": "offline"})
}
