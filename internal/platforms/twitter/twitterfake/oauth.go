package twitterfake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/farside/page"
)

var knownScopes = []string{"tweet.read", "tweet.write", "tweet.moderate.write", "users.read", "offline.access", "media.write", "dm.read", "dm.write", "like.read", "like.write"}

const (
	codeLife   = 30 * time.Second
	accessLife = 2 * time.Hour
)

type code struct {
	acct                        *account
	client, redirect, challenge string
	scopes                      []string
	issued                      time.Time
	used                        bool
}

// token is a pair. A refresh spends its refresh token; each of the two can be revoked, and does not take the other with it.
type token struct {
	acct   *account
	scopes []string
	ends   time.Time // of the access token
	dead   bool      // the access token is revoked
	spent  bool      // the refresh token has been used, or is revoked
}

func (f *Fake) life() time.Duration {
	if f.lifetime > 0 {
		return f.lifetime
	}
	return accessLife
}

// admit makes a pair valid. The caller holds mu, or nobody else knows the Fake yet.
func (f *Fake) admit(a *account, access, refresh string, scopes []string) {
	t := &token{acct: a, scopes: scopes, ends: f.now().Add(f.life())}
	f.access[access] = t
	if refresh != "" {
		f.refresh[refresh] = t
	}
}

// serveWeb is the site: the consent page, and the posts.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/i/oauth2/authorize" {
		f.servePosts(w, r)
		return
	}
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Host == "" || (back.Scheme != "https" && back.Scheme != "http") || q.Get("client_id") == "" || q.Get("response_type") != "code" || len(q.Get("state")) > 500 || q.Get("state") == "" ||
		q.Get("code_challenge") == "" || !strings.EqualFold(q.Get("code_challenge_method"), "S256") {
		page.Write(w, http.StatusBadRequest, "Something went wrong", nil)
		return
	}
	asked := slices.DeleteFunc(strings.Fields(q.Get("scope")), func(s string) bool { return !slices.Contains(knownScopes, s) })
	var users []consent.User
	for i, a := range f.accounts {
		users = append(users, consent.User{ID: a.username, Name: "@" + a.username, About: []string{"the account that is logged in", "another one"}[i]})
	}
	given, ok := consent.Ask(w, r, consent.Page{Platform: "X", App: q.Get("client_id"), Users: users, Scopes: asked})
	if !ok {
		return
	}
	reply := back.Query()
	reply.Set("state", q.Get("state"))
	if given.Denied {
		reply.Set("error", "access_denied")
	} else {
		i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.username == given.User })
		value := rand.Text()
		f.mu.Lock()
		f.codes[value] = &code{acct: f.accounts[i], client: q.Get("client_id"), redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scopes: given.Scopes, issued: f.now()}
		f.mu.Unlock()
		reply.Set("code", value)
	}
	back.RawQuery = reply.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// serveOAuth are the token endpoints. Their refusals have a shape of their own.
func (f *Fake) serveOAuth(w http.ResponseWriter, r *http.Request, path []string) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	client, secret, basic := r.BasicAuth()
	form, err := tokenForm(r)
	if r.Method != http.MethodPost || len(path) != 1 || err != nil || (path[0] != "token" && path[0] != "revoke") {
		refuse(w, failNotFound)
		return
	}
	if !basic || client == "" || secret == "" {
		answer(w, 401, map[string]any{"error": "unauthorized_client", "error_description": "Missing valid authorization header"})
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if path[0] == "revoke" {
		f.revoke(w, form.Get("token"))
		return
	}
	var a *account
	var scopes []string
	now := f.now()
	switch form.Get("grant_type") {
	case "authorization_code":
		k := f.codes[form.Get("code")]
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if k == nil || k.used || k.client != client || k.redirect != form.Get("redirect_uri") || now.Sub(k.issued) > codeLife || base64.RawURLEncoding.EncodeToString(sum[:]) != k.challenge {
			answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Value passed for the authorization code was invalid."})
			return
		}
		k.used = true
		a, scopes = k.acct, k.scopes
	case "refresh_token":
		t := f.refresh[form.Get("refresh_token")]
		if t == nil || t.spent {
			answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Value passed for the token was invalid."})
			return
		}
		t.spent = true // the access token of the pair lives on until its end
		a, scopes = t.acct, t.scopes
	default:
		answer(w, 400, map[string]any{"error": "unsupported_grant_type", "error_description": "The grant type is not supported."})
		return
	}
	access, refresh := "x-access-"+rand.Text(), ""
	out := map[string]any{"token_type": "bearer", "expires_in": int(f.life().Seconds()), "access_token": access, "scope": strings.Join(scopes, " ")}
	if slices.Contains(scopes, "offline.access") {
		refresh = "x-refresh-" + rand.Text()
		out["refresh_token"] = refresh
	}
	f.admit(a, access, refresh, scopes)
	if f.settings.loseTokens > 0 {
		f.settings.loseTokens--
		panic(http.ErrAbortHandler)
	}
	answer(w, 200, out)
}

// revoke ends a token of either kind. One that is no more is refused like any other that is not valid. The caller holds mu.
func (f *Fake) revoke(w http.ResponseWriter, value string) {
	access, refresh := f.access[value], f.refresh[value]
	switch {
	case access != nil && !access.dead && f.now().Before(access.ends):
		access.dead = true
	case refresh != nil && !refresh.spent:
		refresh.spent = true
	default:
		answer(w, 400, map[string]any{"error": "invalid_request", "error_description": "Value passed for the token was invalid."})
		return
	}
	answer(w, 200, map[string]any{"revoked": true})
}

// Opens reports whether a token of either kind is good for anything.
func (f *Fake) Opens(value string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	access, refresh := f.access[value], f.refresh[value]
	return access != nil && !access.dead && f.now().Before(access.ends) || refresh != nil && !refresh.spent
}

// tokenForm reads a form. X documents no other body, and takes JSON as well: what many of its clients send.
func tokenForm(r *http.Request) (url.Values, error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		err := r.ParseForm()
		return r.PostForm, err
	}
	var fields map[string]string
	err := json.NewDecoder(r.Body).Decode(&fields)
	form := url.Values{}
	for name, v := range fields {
		form.Set(name, v)
	}
	return form, err
}
