package youtube

import (
	"context"
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

const (
	scopePrefix = "https://www.googleapis.com/auth/"
	scopeUpload = scopePrefix + "youtube.upload"
	scopeRead   = scopePrefix + "youtube.readonly"
	scopeManage = scopePrefix + "youtube.force-ssl"
	scopeAll    = scopePrefix + "youtube" // older logins
)

// scopes are the permissions of the one login. Uploading does not permit to read how the upload fares.
// https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps
var scopes = platforms.Scopes{
	Posting:   []string{scopeUpload, scopeRead},
	Analytics: []string{scopePrefix + "yt-analytics.readonly"},
	Optional:  []string{scopeManage},
	Source:    "https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps#identify-access-scopes",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in. Which channel it opens is chosen at Google.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes, Noun: "YouTube channel", NoneCode: "no_youtube_channel", MissingCode: "missing_google_permissions"}}
}

// AuthorizeURL is Google's consent page. Google gives a refresh token only to those who ask for one, and again only to those who ask its user again.
func (Platform) AuthorizeURL(v platforms.Visit) string {
	q := url.Values{"response_type": {"code"}, "client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "scope": {strings.Join(v.Login.Scopes.All(), " ")}, "state": {v.State},
		"access_type": {"offline"}, "prompt": {"consent"}, "code_challenge": {v.Challenge()}, "code_challenge_method": {"S256"}}
	return "https://accounts.google.com/o/oauth2/v2/auth?" + q.Encode()
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

func tokens(ctx context.Context, c *platforms.Conn, app platforms.App, form url.Values, classify rest.Classifier) (grant, error) {
	form.Set("client_id", app.ID)
	form.Set("client_secret", app.Secret.Reveal())
	var g grant
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: "https://oauth2.googleapis.com/token", Form: form}, &g, classify)
	if err == nil && g.Access == "" {
		err = platforms.Errorf(platforms.Unavailable, "Google's answer has no token")
	}
	return g, err
}

// Exchange changes the code for tokens, and asks whose they are. A Google account without a channel opens nothing.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (out platforms.Grant, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.RedirectURL}, "code_verifier": {v.Verifier.Reveal()}}
	g, err := tokens(ctx, c, v.App, form, func(r rest.Response) *platforms.Error {
		e := Classify(r)
		if e != nil && e.Kind == platforms.Unauthorized {
			e.Kind, e.Remediation = platforms.Rejected, "Begin again: a code is good once, for a few minutes."
		}
		return e
	})
	if err != nil {
		return out, err
	}
	token := g.token(c.Now())
	if out.Scopes = token.Scopes; len(scopes.Missing(out.Scopes)) > 0 { // without them not even the channel can be read
		return out, nil
	}
	if token.Refresh.IsZero() {
		return out, &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Message: "Google gave a login of an hour only",
			Remediation: "Remove the app at https://myaccount.google.com/connections, then connect again."}
	}
	guarded := *c
	guarded.Token = token
	found, err := client{&guarded}.mine(ctx, "id,snippet,status")
	if err != nil || found == nil {
		return out, err
	}
	name := strings.TrimPrefix(found.Snippet.CustomURL, "@")
	if name == "" {
		name = found.Snippet.Title
	}
	data, err := json.Marshal(map[string]string{"longUploads": found.Status.LongUploads})
	if err != nil { // a text always encodes
		panic("youtube: " + err.Error())
	}
	out.Identities = []platforms.Identity{{ID: found.ID, Name: name, Token: token, Account: platforms.Account{RemoteID: found.ID, Username: name, DisplayName: found.Snippet.Title,
		PictureURL: found.Snippet.Thumbnails["default"].URL, ProfileURL: "https://www.youtube.com/channel/" + url.PathEscape(found.ID), GrantedBy: found.ID, Data: data}}}
	return out, nil
}

// Refresh gets another access token of an hour. The refresh token stays as it is, so that this may be repeated; it dies when its user takes the permission
// back, after six months without use, and after seven days where the app is in testing at Google.
// https://developers.google.com/identity/protocols/oauth2#expiration
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	if c.Token.Refresh.IsZero() {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "the login came without a refresh token and has ended", Remediation: adviseReconnect}
	}
	g, err := tokens(ctx, c, c.App, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Token.Refresh.Reveal()}}, Classify)
	if err != nil {
		return platforms.Token{}, err
	}
	return g.token(c.Now()).Renewing(c.Token), nil
}
