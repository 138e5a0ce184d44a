package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

var (
	_ platforms.Connector   = Platform{}
	_ platforms.ScopeLister = Platform{}
	_ platforms.Refresher   = Platform{}
	_ platforms.Revoker     = Platform{}
)

const (
	scopePages      = "w_organization_social"
	scopeAdmin      = "rw_organization_admin"
	scopeReadMember = "r_member_social" // which LinkedIn gives to hardly anybody
)

// scopes are the permissions of the one login. An app that asks for one that LinkedIn has not given it is refused as a whole, which is why its operator
// can name those that it has. All connections of a member share one grant, and so every login asks for the same.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/getting-access
var scopes = platforms.Scopes{
	Posting:   []string{"openid", "profile", "w_member_social"},
	Analytics: []string{"r_organization_social"},
	Optional:  []string{"email", scopePages, scopeAdmin},
	Source:    "https://learn.microsoft.com/en-us/linkedin/shared/authentication/getting-access",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in. It opens the member, and the pages that it manages.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes, Choose: true, Step: "select_organization", Noun: "member or page", Pending: "organizations", OneGrant: true}}
}

// AuthorizeURL is the consent page.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
func (Platform) AuthorizeURL(v platforms.Visit) string {
	asked := v.App.Scopes
	if len(asked) == 0 {
		asked = v.Login.Scopes.All()
	}
	q := url.Values{"response_type": {"code"}, "client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "scope": {strings.Join(asked, " ")}, "state": {v.State}}
	return "https://www.linkedin.com/oauth/v2/authorization?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// grant is what the token endpoint answers.
type grant struct {
	Access         string `json:"access_token"`
	Expires        int64  `json:"expires_in"`
	Refresh        string `json:"refresh_token"`
	RefreshExpires int64  `json:"refresh_token_expires_in"`
	Scope          string `json:"scope"` // with commas, or with spaces
}

func (g grant) token(now time.Time) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(g.Access), Refresh: platforms.NewSecret(g.Refresh), ExpiresAt: now.Add(time.Duration(g.Expires) * time.Second),
		Scopes: strings.FieldsFunc(g.Scope, func(r rune) bool { return r == ' ' || r == ',' })}
}

// tokens calls the token endpoint.
func tokens(ctx context.Context, c *platforms.Conn, app platforms.App, form url.Values, classify rest.Classifier) (g grant, err error) {
	form.Set("client_id", app.ID)
	form.Set("client_secret", app.Secret.Reveal())
	_, err = rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: "https://www.linkedin.com/oauth/v2/accessToken", Form: form}, &g, classify)
	if err == nil && g.Access == "" {
		err = platforms.Errorf(platforms.Unavailable, "LinkedIn's answer has no token")
	}
	return g, err
}

// data is kept with an account.
type data struct {
	Type string `json:"type"` // "personal" or "organization"
	// Until is when the login itself ends, however often its tokens are refreshed.
	Until time.Time `json:"until,omitzero"`
}

func (d data) raw() json.RawMessage {
	raw, err := json.Marshal(d)
	if err != nil { // a text and a time always encode
		panic("linkedin: " + err.Error())
	}
	return raw
}

// Exchange changes the code for tokens, and asks whose they are and which pages that member manages.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (out platforms.Grant, err error) {
	g, err := tokens(ctx, c, v.App, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.RedirectURL}}, func(r rest.Response) *platforms.Error {
		e := Classify(r)
		if e != nil && e.Kind == platforms.Unauthorized {
			e.Kind, e.Remediation = platforms.Rejected, "Begin again: a code is good once, for half an hour."
		}
		return e
	})
	if err != nil {
		return out, err
	}
	guarded := *c
	guarded.Token, guarded.App = g.token(c.Now()), v.App
	out.Scopes = guarded.Token.Scopes
	a := client{c: &guarded}
	var me struct {
		ID      string `json:"sub"`
		Name    string `json:"name"`
		Picture string `json:"picture"`
	}
	if _, err := a.call(ctx, rest.Request{Method: http.MethodGet, URL: "https://api.linkedin.com/v2/userinfo", Bearer: guarded.Token.Access}, &me); err != nil {
		return out, err
	}
	login := data{Type: "personal"}
	if g.RefreshExpires > 0 {
		login.Until = c.Now().Add(time.Duration(g.RefreshExpires) * time.Second).Truncate(time.Second)
	}
	person := "urn:li:person:" + me.ID
	out.Person = &platforms.Person{ID: person, Username: me.Name, DisplayName: me.Name, PictureURL: me.Picture}
	out.Identities = []platforms.Identity{{ID: "personal", Name: me.Name + " (member)", Token: guarded.Token,
		Account: platforms.Account{RemoteID: person, Username: me.Name, DisplayName: me.Name, PictureURL: me.Picture, GrantedBy: person, Data: login.raw()}}}
	if !slices.Contains(out.Scopes, scopeAdmin) && !slices.Contains(out.Scopes, "r_organization_admin") {
		return out, nil
	}
	pages, err := a.pages(ctx)
	if err != nil {
		return out, err
	}
	login.Type = "organization"
	for _, p := range pages {
		i := p.identity(guarded.Token, person, login)
		if !slices.Contains(out.Scopes, scopePages) {
			i.Fault = "The login does not permit to publish as " + p.Name + ". Connect again with all permissions that the app asks for."
		}
		out.Identities = append(out.Identities, i)
	}
	return out, nil
}

// organization is a page.
type organization struct {
	ID      string `json:"id"`
	URN     string `json:"urn"`
	Name    string `json:"name"`
	Vanity  string `json:"vanityName,omitempty"`
	Logo    string `json:"logoUrl,omitempty"`
	Website string `json:"website,omitempty"`
	About   string `json:"description,omitempty"`
}

func (o organization) identity(t platforms.Token, person string, d data) platforms.Identity {
	listed, err := json.Marshal(o)
	if err != nil { // texts always encode
		panic("linkedin: " + err.Error())
	}
	return platforms.Identity{ID: o.ID, Name: o.Name + " (page)", Token: t, Listed: listed, Account: platforms.Account{RemoteID: o.URN, Username: cmp.Or(o.Vanity, o.ID), DisplayName: o.Name,
		PictureURL: o.Logo, ProfileURL: "https://www.linkedin.com/company/" + url.PathEscape(cmp.Or(o.Vanity, o.ID)) + "/", GrantedBy: person, Data: d.raw()}}
}

// maxPages bounds how many pages of a member are listed: each is read by itself.
const maxPages = 100

// pages lists the pages that a member may publish as.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations/organization-access-control-by-role
func (a client) pages(ctx context.Context) (list []organization, err error) {
	var urns []string
	for _, role := range []string{"ADMINISTRATOR", "CONTENT_ADMINISTRATOR"} {
		found, err := a.managed(ctx, role)
		if denied(err) { // an app whose permission to look has not been given yet
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, urn := range found {
			if organizationURN.MatchString(urn) && !slices.Contains(urns, urn) && len(urns) < maxPages {
				urns = append(urns, urn)
			}
		}
	}
	for _, urn := range urns {
		o, err := a.organization(ctx, urn)
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// managed lists the pages at which a member has a role.
func (a client) managed(ctx context.Context, role string) (urns []string, err error) {
	const count = 100
	for start := 0; start < maxPages; start += count {
		var out struct {
			Elements []struct {
				Organization string `json:"organization"`
				Target       string `json:"organizationTarget"`
			} `json:"elements"`
		}
		q := url.Values{"q": {"roleAssignee"}, "role": {role}, "state": {"APPROVED"}, "start": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}
		if _, err := a.do(ctx, rest.Request{Method: http.MethodGet, URL: "organizationAcls", Query: q}, "FINDER", &out); err != nil {
			return nil, err
		}
		for _, e := range out.Elements {
			urns = append(urns, cmp.Or(e.Organization, e.Target))
		}
		if len(out.Elements) < count {
			break
		}
	}
	return urns, nil
}

// organization reads what a page says of itself.
func (a client) organization(ctx context.Context, urn string) (organization, error) {
	var out struct {
		Name    string `json:"localizedName"`
		Vanity  string `json:"vanityName"`
		Website string `json:"localizedWebsite"`
		About   string `json:"localizedDescription"`
	}
	id := urn[strings.LastIndexByte(urn, ':')+1:]
	_, err := a.do(ctx, rest.Request{Method: http.MethodGet, URL: "organizations/" + id}, "", &out)
	return organization{ID: id, URN: urn, Name: cmp.Or(out.Name, id), Vanity: out.Vanity, Website: out.Website, About: out.About}, err
}

// Refresh makes a new access token. The refresh token stays the same, and so does the day on which it ends, a year after its member agreed.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
func (Platform) Refresh(ctx context.Context, c *platforms.Conn) (platforms.Token, error) {
	if c.Token.Refresh.IsZero() {
		return platforms.Token{}, &platforms.Error{Kind: platforms.Unauthorized, Category: platforms.AuthExpired, Message: "LinkedIn gave this app no means to renew the login, which has ended after sixty days", Remediation: adviceReconnect}
	}
	g, err := tokens(ctx, c, c.App, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.Token.Refresh.Reveal()}}, Classify)
	if err != nil {
		return platforms.Token{}, err
	}
	return g.token(c.Now()).Renewing(c.Token), nil
}

// Revokes says that all of a member's accounts live on one grant. What becomes of the others when one token is taken back LinkedIn does not say.
func (Platform) Revokes(platforms.Account) platforms.Revocation { return platforms.RevokesGrant }

// Revoke takes the member's permission back. Of a token that is dead already it is a success.
// https://learn.microsoft.com/en-us/linkedin/shared/authentication/token-introspection
func (Platform) Revoke(ctx context.Context, c *platforms.Conn) error {
	form := url.Values{"client_id": {c.App.ID}, "client_secret": {c.App.Secret.Reveal()}, "token": {c.Token.Access.Reveal()}}
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodPost, URL: "https://www.linkedin.com/oauth/v2/revoke", Form: form}, nil, Classify)
	if e := platforms.AsError(err); e != nil && (e.Kind == platforms.Unauthorized || e.Kind == platforms.TokenExpired) {
		return nil
	}
	return err
}
