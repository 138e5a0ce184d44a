package threads

import (
	"context"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

var (
	_ platforms.Connector    = Platform{}
	_ platforms.Deauthorizer = Platform{}
	_ platforms.ScopeLister  = Platform{}
	_ platforms.Renewer      = Platform{}
)

// scopes are the permissions of the one login. Replies are needed for chains and first comments that are looked for after a lost answer, deleting for
// taking posts back. https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions
var scopes = platforms.Scopes{
	Posting:   []string{"threads_basic", "threads_content_publish"},
	Analytics: []string{"threads_manage_insights"},
	Optional:  []string{"threads_manage_replies", "threads_read_replies", "threads_delete"},
	Source:    docs + "/get-started/get-access-tokens-and-permissions",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in. It opens the profile that its user has chosen in Threads.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes}}
}

// AuthorizeURL is the consent page.
func (Platform) AuthorizeURL(v platforms.Visit) string {
	q := url.Values{"client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "response_type": {"code"}, "scope": {strings.Join(v.Login.Scopes.All(), ",")}, "state": {v.State}}
	return "https://threads.com/oauth/authorize?" + q.Encode()
}

// Exchange changes the code for a token of an hour, that for one of sixty days, and asks whose it is and what it permits.
// https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (g platforms.Grant, err error) {
	x := meta.Login{Conn: c, Visit: v, Table: table}
	short, err := x.Redeem(ctx, graph+"oauth/access_token", code)
	if err != nil {
		return g, err
	}
	var long meta.BearerToken
	if err := x.Get(ctx, graph+"access_token", platforms.Secret{}, url.Values{"grant_type": {"th_exchange_token"}, "client_secret": {v.App.Secret.Reveal()}, "access_token": {short.Access}}, &long); err != nil {
		return g, err
	}
	base, access := graph+url.PathEscape(version(v.App))+"/", platforms.NewSecret(long.Access)
	var inspected struct {
		Data struct {
			Scopes []string `json:"scopes"`
		} `json:"data"`
	}
	if err := x.Get(ctx, base+"debug_token", access, url.Values{"input_token": {long.Access}}, &inspected); err != nil {
		return g, err
	}
	g.Scopes = inspected.Data.Scopes
	var me struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Picture  string `json:"threads_profile_picture_url"`
	}
	if err := x.Get(ctx, base+"me", access, url.Values{"fields": {"id,username,name,threads_profile_picture_url"}}, &me); err != nil {
		return g, err
	}
	g.Identities = []platforms.Identity{{ID: me.ID, Name: me.Username, Token: long.Token(c.Now(), g.Scopes),
		Account: platforms.Account{RemoteID: me.ID, Username: me.Username, DisplayName: me.Name, PictureURL: me.Picture, ProfileURL: "https://www.threads.com/@" + url.PathEscape(me.Username), GrantedBy: short.UserID()}}}
	return g, nil
}

// Deauthorized reads Meta's callbacks for users who remove the app or want their data deleted.
func (Platform) Deauthorized(app platforms.App, form url.Values) (userID string, err error) {
	return meta.SignedUser(form.Get("signed_request"), app.Secret)
}

// RenewBefore is ten days: a token lives for sixty, and once it has ended its user must log in again.
func (Platform) RenewBefore() time.Duration { return 10 * 24 * time.Hour }

// Refresh lengthens a token, which Threads allows from the second day on.
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	return meta.Lengthen(ctx, newClient(c).Client, graph+"refresh_access_token", "th_refresh_token")
}
