package tiktok

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var (
	_ platforms.Connector   = Platform{}
	_ platforms.ScopeLister = Platform{}
	_ platforms.Refresher   = Platform{}
)

const (
	scopeBasic   = "user.info.basic"
	scopeProfile = "user.info.profile"
)

// scopes are the permissions of the one login. https://developers.tiktok.com/doc/tiktok-api-scopes
var scopes = platforms.Scopes{
	Posting:   []string{scopeBasic, "video.publish"},
	Analytics: []string{"user.info.stats", "video.list"},
	Optional:  []string{scopeProfile, "video.upload"},
	Source:    "https://developers.tiktok.com/doc/tiktok-api-scopes",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes, MissingCode: "missing_tiktok_permissions"}}
}

// local reports whether the page sends its user back to this machine: then it is the login of desktop apps, the one that has a challenge.
// https://developers.tiktok.com/doc/login-kit-desktop
func local(redirectURL string) bool {
	u, err := url.Parse(redirectURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

// challenge is TikTok's own: in hexadecimal, where everybody else has base64.
func challenge(v platforms.Visit) string {
	sum := sha256.Sum256([]byte(v.Verifier.Reveal()))
	return hex.EncodeToString(sum[:])
}

// AuthorizeURL is the consent page. It is always shown, since whoever connects a second account is logged in with the first.
func (Platform) AuthorizeURL(v platforms.Visit) string {
	q := url.Values{"client_key": {v.App.ID}, "scope": {strings.Join(v.Login.Scopes.All(), ",")}, "response_type": {"code"}, "redirect_uri": {v.RedirectURL}, "state": {v.State}, "disable_auto_auth": {"1"}}
	if local(v.RedirectURL) {
		q.Set("code_challenge", challenge(v))
		q.Set("code_challenge_method", "S256")
	}
	return "https://www.tiktok.com/v2/auth/authorize/?" + q.Encode()
}

// grant is what the token endpoint answers.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int64  `json:"expires_in"`
	OpenID  string `json:"open_id"`
	Scope   string `json:"scope"`
}

func (g grant) token(now time.Time) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(g.Access), Refresh: platforms.NewSecret(g.Refresh), ExpiresAt: now.Add(time.Duration(g.Expires) * time.Second),
		Scopes: strings.FieldsFunc(g.Scope, func(r rune) bool { return r == ',' || r == ' ' })}
}

// tokens calls the token endpoint, whose failures come with success.
func tokens(ctx context.Context, c *platforms.Conn, app platforms.App, form url.Values, classify rest.Classifier) (grant, error) {
	form.Set("client_key", app.ID)
	form.Set("client_secret", app.Secret.Reveal())
	var g grant
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: address(c, pathToken), Form: form, Told: true}, &g, classify)
	if err == nil && g.Access == "" {
		err = platforms.Errorf(platforms.Unavailable, "TikTok's answer has no token")
	}
	return g, err
}

// user is an account as TikTok tells of it.
type user struct {
	OpenID   string `json:"open_id"`
	UnionID  string `json:"union_id"`
	Picture  string `json:"avatar_url"`
	Name     string `json:"display_name"`
	Username string `json:"username"`
}

// Exchange changes the code for tokens, and asks whose they are.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (out platforms.Grant, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.RedirectURL}}
	if local(v.RedirectURL) {
		form.Set("code_verifier", v.Verifier.Reveal())
	}
	g, err := tokens(ctx, c, v.App, form, func(r rest.Response) *platforms.Error {
		e := Classify(r)
		if e != nil && (e.Code == "invalid_grant" || e.Code == "invalid_request") {
			e.Kind, e.Remediation = platforms.Rejected, "Begin again: a code is good once, for some minutes."
		}
		return e
	})
	if err != nil {
		return out, err
	}
	token := g.token(c.Now())
	out.Scopes = token.Scopes
	if len(scopes.Missing(out.Scopes)) > 0 {
		return out, nil // whoever asked says so; without them TikTok would not even tell who it is
	}
	guarded := *c
	guarded.Token = token
	who, err := client{&guarded}.user(ctx, out.Scopes)
	if err != nil {
		return out, err
	}
	data, err := json.Marshal(map[string]string{"unionId": who.UnionID})
	if err != nil { // a text always encodes
		panic("tiktok: " + err.Error())
	}
	account := platforms.Account{RemoteID: who.OpenID, Username: who.Username, DisplayName: who.Name, PictureURL: who.Picture, GrantedBy: who.OpenID, Data: data}
	if who.Username != "" {
		account.ProfileURL = "https://www.tiktok.com/@" + url.PathEscape(who.Username)
	}
	out.Identities = []platforms.Identity{{ID: who.OpenID, Name: who.Username, Token: token, Account: account}}
	return out, nil
}

// user asks whose the token is. A field whose permission is missing would fail the whole call; the name is then known from what creators may do.
func (a client) user(ctx context.Context, granted []string) (user, error) {
	fields := "open_id,union_id,avatar_url,display_name"
	if slices.Contains(granted, scopeProfile) {
		fields += ",username"
	}
	out, err := call[struct {
		User user `json:"user"`
	}](ctx, a, rest.Request{Method: http.MethodGet, Query: url.Values{"fields": {fields}}}, pathUser)
	if err == nil && out.User.OpenID == "" {
		err = platforms.Errorf(platforms.Unavailable, "TikTok's answer does not name the account")
	}
	if err != nil || out.User.Username != "" {
		return out.User, err
	}
	if may, err := a.creator(ctx); err == nil {
		out.User.Username = may.Username
	}
	if out.User.Username == "" {
		out.User.Username = out.User.Name
	}
	return out.User, nil
}

// Refresh changes the refresh token for new tokens, as an access token lives for a day and a refresh token for a year from the first consent. TikTok may give another refresh token with them, and takes the old one once more, for whoever lost its
// answer.
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	g, err := tokens(ctx, c, c.App, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Token.Refresh.Reveal()}}, Classify)
	if err != nil {
		return platforms.Token{}, err
	}
	return g.token(c.Now()).Renewing(c.Token), nil
}
