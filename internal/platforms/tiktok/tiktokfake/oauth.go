package tiktokfake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/page"
)

var knownScopes = []string{"user.info.basic", "user.info.profile", "user.info.stats", "video.list", "video.upload", "video.publish"}

const (
	codeLife    = 10 * time.Minute
	accessLife  = 24 * time.Hour
	refreshLife = 365 * 24 * time.Hour // from the first consent, however often it is refreshed
)

type code struct {
	acct                        *account
	client, redirect, challenge string
	scopes                      []string
	issued                      time.Time
	used                        bool
}

// token is a pair.
type token struct {
	acct    *account
	scopes  []string
	ends    time.Time // of the access token
	over    time.Time // of the refresh token
	changes int       // how often the refresh token was changed for a new pair; a second time is forgiven, for an answer that was lost
	dead    bool      // revoked
}

func (f *Fake) life() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return accessLife
}

// admit makes a pair valid. The caller holds mu, or nobody else knows the Fake yet.
func (f *Fake) admit(a *account, access, refresh string, scopes []string, over time.Time) {
	t := &token{acct: a, scopes: scopes, ends: f.now().Add(f.life()), over: over}
	f.access[access], f.refresh[refresh] = t, t
}

// desktop reports whether a redirect address is one of a desktop app, whose login must have a challenge.
func desktop(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

// serveWeb is the site: the consent page, and the posts.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	if strings.TrimSuffix(r.URL.Path, "/") != "/v2/auth/authorize" {
		f.servePosts(w, r)
		return
	}
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	local := err == nil && desktop(back)
	if err != nil || back.Host == "" || back.RawQuery != "" || back.Fragment != "" || (back.Scheme != "https" && !(local && back.Scheme == "http" && back.Port() != "")) || len(back.String()) >= 512 ||
		q.Get("client_key") == "" || q.Has("client_id") || q.Get("response_type") != "code" || q.Get("state") == "" {
		page.Write(w, http.StatusBadRequest, "Something went wrong: client_key or redirect_uri", nil)
		return
	}
	reply := url.Values{"state": {q.Get("state")}}
	send := func() {
		back.RawQuery = reply.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	}
	fault := func(kind, words string) {
		reply.Set("error", "access_denied")
		reply.Set("error_type", kind)
		reply.Set("error_description", words)
		send()
	}
	asked := strings.Split(q.Get("scope"), ",")
	switch {
	case slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(knownScopes, s) }):
		fault("client_key", "The scopes are not those of the app.")
		return
	case local && (q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256"):
		fault("code_challenge", "A desktop app must send a code challenge.")
		return
	}
	var users []consent.User
	for i, a := range f.accounts {
		users = append(users, consent.User{ID: a.username, Name: "@" + a.username, About: []string{"a public account", "a private account, on which nobody can comment"}[i]})
	}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "TikTok", App: q.Get("client_key"), Users: users, Scopes: asked})
	if !ok {
		return
	}
	if given.Denied {
		reply.Set("error", "access_denied")
		reply.Set("error_description", "User canceled the authorization request")
		send()
		return
	}
	if !slices.Contains(given.Scopes, "user.info.basic") { // the one that cannot be unticked
		given.Scopes = append([]string{"user.info.basic"}, given.Scopes...)
	}
	i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.username == given.User })
	value := rand.Text() + "*0!4000.u1"
	f.mu.Lock()
	f.codes[value] = &code{acct: f.accounts[i], client: q.Get("client_key"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scopes: given.Scopes, issued: f.now()}
	f.mu.Unlock()
	reply.Set("code", value)
	reply.Set("scopes", strings.Join(given.Scopes, ","))
	send()
}

// refuseOAuth writes a refusal in the shape of the token endpoints, which comes with success.
func (f *Fake) refuseOAuth(w http.ResponseWriter, code, words string) {
	answer(w, http.StatusOK, map[string]any{"error": code, "error_description": words, "log_id": f.logID()})
}

// serveOAuth are the token endpoints.
func (f *Fake) serveOAuth(w http.ResponseWriter, r *http.Request, path string) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if path = strings.TrimSuffix(path, "/"); r.Method != http.MethodPost || (path != "token" && path != "revoke") {
		f.refuse(w, failPath)
		return
	}
	if kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Only `application/x-www-form-urlencoded` is accepted as Content-Type.", "log_id": f.logID()})
		return
	}
	form := r.PostForm
	if form.Get("client_key") == "" || form.Get("client_secret") == "" {
		f.refuseOAuth(w, "invalid_request", "Client key or secret is incorrect.")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if path == "revoke" {
		if t := f.access[form.Get("token")]; t != nil {
			t.dead = true
		}
		w.WriteHeader(http.StatusOK)
		return
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		f.redeem(w, form)
	case "refresh_token":
		f.change(w, form)
	default:
		f.refuseOAuth(w, "unsupported_grant_type", "The grant type is not supported.")
	}
}

// redeem changes a code for a pair. The caller holds mu.
func (f *Fake) redeem(w http.ResponseWriter, form url.Values) {
	k := f.codes[form.Get("code")]
	if k == nil || k.used || k.client != form.Get("client_key") || f.now().Sub(k.issued) > codeLife {
		f.refuseOAuth(w, "invalid_grant", "Authorization code is expired.")
		return
	}
	if k.redirect != form.Get("redirect_uri") {
		f.refuseOAuth(w, "invalid_request", "Redirect_uri is not matched with the uri when requesting code.")
		return
	}
	if k.challenge != "" && !k.verified(form.Get("code_verifier")) {
		f.refuseOAuth(w, "invalid_request", "Code verifier or code challenge is invalid.")
		return
	}
	k.used = true
	f.grant(w, k.acct, k.scopes, f.now().Add(refreshLife))
}

// verified reports whether a verifier belongs to the challenge. Desktop apps must write that in hexadecimal; those on the web, which need none, may write
// it as everybody else does.
func (k *code) verified(verifier string) bool {
	if n := len(verifier); n < 43 || n > 128 {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	if back, err := url.Parse(k.redirect); err == nil && !desktop(back) && k.challenge == base64.RawURLEncoding.EncodeToString(sum[:]) {
		return true
	}
	return k.challenge == hex.EncodeToString(sum[:])
}

// change changes a refresh token for a pair. The caller holds mu.
func (f *Fake) change(w http.ResponseWriter, form url.Values) {
	t := f.refresh[form.Get("refresh_token")]
	if t == nil || t.dead || t.changes > 1 || !f.now().Before(t.over) {
		f.refuseOAuth(w, "invalid_grant", "Refresh token is invalid or expired.")
		return
	}
	t.changes++
	f.grant(w, t.acct, t.scopes, t.over)
}

func (f *Fake) grant(w http.ResponseWriter, a *account, scopes []string, over time.Time) {
	access, refresh := "act."+rand.Text()+"!4000.u1", "rft."+rand.Text()+"!4000.u1"
	f.admit(a, access, refresh, scopes, over)
	if f.settings.loseTokens > 0 {
		f.settings.loseTokens--
		panic(http.ErrAbortHandler)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "expires_in": int(f.life().Seconds()), "open_id": a.id, "refresh_token": refresh,
		"refresh_expires_in": int(over.Sub(f.now()).Seconds()), "scope": strings.Join(scopes, ","), "token_type": "Bearer"})
}
