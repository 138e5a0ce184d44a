package instagram

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

var (
	_ platforms.Connector    = Platform{}
	_ platforms.Deauthorizer = Platform{}
)

// Deauthorized reads Meta's callbacks for users who remove the app or want their data deleted.
// https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
func (Platform) Deauthorized(app platforms.App, form url.Values) (userID string, err error) {
	return meta.SignedUser(form.Get("signed_request"), app.Secret)
}

// Logins are the two ways in: with Instagram's own login, which opens one account, and with Facebook's, which opens those that are linked to the
// user's Pages.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{
		{Method: loginInstagram, App: "instagram", Scopes: instagramLoginScopes},
		{Method: loginFacebook, App: "facebook", Scopes: facebookLoginScopes, Choose: true, Step: "select_account", Noun: "Facebook Page", NoneCode: "no_facebook_pages"},
	}
}

// AuthorizeURL is the consent page of one of the logins.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
func (Platform) AuthorizeURL(v platforms.Visit) string {
	if v.Login.Method == loginFacebook {
		return meta.FacebookDialog(v, version(v.App))
	}
	q := url.Values{"client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "response_type": {"code"}, "scope": {strings.Join(v.Login.Scopes.All(), ",")}, "state": {v.State}}
	return "https://www.instagram.com/oauth/authorize?" + q.Encode()
}

// Exchange redeems a code.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (platforms.Grant, error) {
	x := exchange{meta.Login{Conn: c, Visit: v, Table: table}}
	if v.Login.Method == loginFacebook {
		return x.facebook(ctx, code)
	}
	return x.instagram(ctx, code)
}

// exchange is the redemption of one code.
type exchange struct{ meta.Login }

// instagram: the code for a token of an hour, that for one of sixty days, and then whose it is.
func (x exchange) instagram(ctx context.Context, code string) (g platforms.Grant, err error) {
	short, err := x.Redeem(ctx, "https://api.instagram.com/oauth/access_token", code)
	if err != nil {
		return g, err
	}
	g.Scopes = short.Scopes()
	var long meta.BearerToken
	const graph = "https://graph.instagram.com/"
	if err := x.Get(ctx, graph+"access_token", platforms.Secret{},
		url.Values{"grant_type": {"ig_exchange_token"}, "client_secret": {x.Visit.App.Secret.Reveal()}, "access_token": {short.Access}}, &long); err != nil {
		return g, err
	}
	var me struct {
		UserID   string `json:"user_id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Type     string `json:"account_type"`
		Picture  string `json:"profile_picture_url"`
	}
	token := long.Token(x.Conn.Now(), g.Scopes)
	if err := x.Get(ctx, graph+url.PathEscape(version(x.Visit.App))+"/me", token.Access, url.Values{"fields": {"user_id,username,name,account_type,profile_picture_url"}}, &me); err != nil {
		return g, err
	}
	identity := platforms.Identity{ID: me.UserID, Name: me.Username, Token: token,
		Account: platforms.Account{RemoteID: me.UserID, Username: me.Username, DisplayName: me.Name, PictureURL: me.Picture, ProfileURL: profileURL(me.Username), GrantedBy: short.UserID(), Data: loginData(loginInstagram, "")}}
	if me.Type == "PERSONAL" {
		identity.Fault = "@" + me.Username + " is a personal account; only professional ones can be published to. Change it to a creator or business account in Instagram's settings, then connect it again."
	}
	g.Identities = []platforms.Identity{identity}
	return g, nil
}

// facebook: the user, and the Instagram accounts behind their Pages.
func (x exchange) facebook(ctx context.Context, code string) (g platforms.Grant, err error) {
	user, err := x.Facebook(ctx, version(x.Visit.App), code)
	if err != nil {
		return g, err
	}
	g.Scopes = user.Scopes
	pages, err := meta.Managed[page](ctx, user, "me/accounts", "id,name,access_token,tasks,instagram_business_account{id,username,name,profile_picture_url}")
	for _, p := range pages {
		g.Identities = append(g.Identities, p.identity(g.Scopes, user.ID))
	}
	return g, err
}

// page is a Facebook Page with the Instagram account that is linked to it.
type page struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Access  string `json:"access_token"`
	Account *struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name,omitempty"`
		Picture  string `json:"profile_picture_url,omitempty"`
	} `json:"instagram_business_account"`
}

func (p page) identity(scopes []string, user string) platforms.Identity {
	shown := map[string]any{"id": p.ID, "name": p.Name}
	if p.Account != nil {
		shown["instagram_business_account"] = p.Account
	}
	listed, err := json.Marshal(shown)
	if err != nil { // texts always encode
		panic("instagram: " + err.Error())
	}
	i := platforms.Identity{ID: p.ID, Name: p.Name, Listed: listed}
	if p.Account == nil {
		i.Fault = "No professional Instagram account is linked to this Page. Link one in the Page's settings, then connect again."
		return i
	}
	i.Name = p.Name + " (@" + p.Account.Username + ")"
	i.Token = platforms.Token{Access: platforms.NewSecret(p.Access), Scopes: scopes} // of a long-lived user token: it does not end by time
	i.Account = platforms.Account{RemoteID: p.Account.ID, Username: p.Account.Username, DisplayName: p.Account.Name, PictureURL: p.Account.Picture, ProfileURL: profileURL(p.Account.Username),
		GrantedBy: user, Data: loginData(loginFacebook, p.ID)}
	return i
}

func profileURL(username string) string {
	return "https://www.instagram.com/" + url.PathEscape(username) + "/"
}

func loginData(method, pageID string) json.RawMessage {
	raw, err := json.Marshal(accountData{LoginMethod: method, PageID: pageID})
	if err != nil { // texts always encode
		panic("instagram: " + err.Error())
	}
	return raw
}
