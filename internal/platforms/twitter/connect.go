package twitter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
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

// scopes are the permissions of the one login. Without offline.access there is no refresh token, and the login ends after two hours.
// https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code
var scopes = platforms.Scopes{
	Posting:  []string{"tweet.read", "tweet.write", "users.read", "offline.access"},
	Optional: []string{"media.write", "tweet.moderate.write", "dm.read", "dm.write"},
	Source:   "https://docs.x.com/resources/fundamentals/authentication/oauth-2-0/authorization-code",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes}}
}

// AuthorizeURL is the consent page.
func (Platform) AuthorizeURL(v platforms.Visit) string {
	q := url.Values{"response_type": {"code"}, "client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "scope": {strings.Join(v.Login.Scopes.All(), " ")}, "state": {v.State},
		"code_challenge": {v.Challenge()}, "code_challenge_method": {"S256"}}
	return "https://x.com/i/oauth2/authorize?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// grant is what the token endpoint answers.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int64  `json:"expires_in"`
	Scope   string `json:"scope"`
}

func (g grant) token(now time.Time) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(g.Access), Refresh: platforms.NewSecret(g.Refresh), ExpiresAt: now.Add(time.Duration(g.Expires) * time.Second), Scopes: strings.Fields(g.Scope)}
}

// tokens calls the token endpoint. A call there is never repeated blindly: codes and refresh tokens are good once.
func tokens(ctx context.Context, c *platforms.Conn, app platforms.App, form url.Values, classify rest.Classifier) (grant, error) {
	var g grant
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: base + "oauth2/token", Form: form, Header: basic(app)}, &g, classify)
	if err == nil && g.Access == "" {
		err = platforms.Errorf(platforms.Unavailable, "X's answer has no token")
	}
	return g, err
}

// basic is how the token endpoints know the app.
func basic(app platforms.App) http.Header {
	pair := url.QueryEscape(app.ID) + ":" + url.QueryEscape(app.Secret.Reveal())
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}}
}

// Exchange changes the code for tokens, and asks whose they are.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (out platforms.Grant, err error) {
	g, err := tokens(ctx, c, v.App, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.RedirectURL}, "code_verifier": {v.Verifier.Reveal()}}, func(r rest.Response) *platforms.Error {
		e := Classify(r)
		if e != nil && e.Kind == platforms.Unauthorized {
			e.Kind, e.Remediation = platforms.Rejected, "Begin again: a code is good once, for half a minute."
		}
		return e
	})
	if err != nil {
		return out, err
	}
	token := g.token(c.Now())
	out.Scopes = token.Scopes
	var me struct {
		Data struct {
			ID           string `json:"id"`
			Name         string `json:"name"`
			Username     string `json:"username"`
			Picture      string `json:"profile_image_url"`
			Subscription string `json:"subscription_type"`
		} `json:"data"`
	}
	guarded := *c
	guarded.Token = token
	if err := (client{&guarded}).do(ctx, rest.Request{Method: http.MethodGet, URL: "users/me", Query: url.Values{"user.fields": {"id,name,username,profile_image_url,subscription_type"}}}, &me); err != nil {
		return out, err
	}
	data, err := json.Marshal(map[string]string{"subscription": me.Data.Subscription})
	if err != nil { // a text always encodes
		panic("twitter: " + err.Error())
	}
	out.Identities = []platforms.Identity{{ID: me.Data.ID, Name: me.Data.Username, Token: token, Account: platforms.Account{RemoteID: me.Data.ID, Username: me.Data.Username, DisplayName: me.Data.Name,
		PictureURL: me.Data.Picture, ProfileURL: "https://x.com/" + url.PathEscape(me.Data.Username), GrantedBy: me.Data.ID, Data: data}}}
	return out, nil
}

// Refresh changes the refresh token for a new pair. The old one is dead at once, so that the caller stores the pair before it uses it. It is done when
// a token has ended and is needed, and not by the clock: every change is a chance to lose one.
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	if c.Token.Refresh.IsZero() {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the login came without offline.access and has ended", Remediation: adviceReconnect}
	}
	g, err := tokens(ctx, c, c.App, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Token.Refresh.Reveal()}}, Classify)
	if err != nil {
		return platforms.Token{}, err
	}
	return g.token(c.Now()).Renewing(c.Token), nil
}
