package meta

import (
	"context"
	"net/url"
	"strings"

	"posthorn/internal/platforms"
)

// FacebookGraph is where the Graph API of Facebook Login is.
const FacebookGraph = "https://graph.facebook.com/"

// FacebookDialog is the address of Facebook's consent page for one visit.
// https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
func FacebookDialog(v platforms.Visit, version string) string {
	q := url.Values{"client_id": {v.App.ID}, "redirect_uri": {v.RedirectURL}, "response_type": {"code"}, "scope": {strings.Join(v.Login.Scopes.All(), ",")}, "state": {v.State},
		"auth_type": {"rerequest"}} // what was declined once is asked for again
	return "https://www.facebook.com/" + version + "/dialog/oauth?" + q.Encode()
}

// FacebookUser is who logged in with Facebook, and what they permitted.
type FacebookUser struct {
	ID, Name string
	Token    platforms.Secret // long-lived: the tokens of Pages that come of it do not end by time
	Scopes   []string         // that were granted

	login Login
	base  string
}

// Facebook changes a code for a token, that for a long-lived one, and asks whose it is. Pages must not be listed by the first one: their tokens would end
// with it, within the hour.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
func (l Login) Facebook(ctx context.Context, version, code string) (u FacebookUser, err error) {
	u.login, u.base = l, FacebookGraph+url.PathEscape(version)+"/"
	var short, long BearerToken
	if err := l.Get(ctx, u.base+"oauth/access_token", platforms.Secret{}, l.Secretly(url.Values{"redirect_uri": {l.Visit.RedirectURL}, "code": {CleanCode(code)}}), &short); err != nil {
		return u, err
	}
	if err := l.Get(ctx, u.base+"oauth/access_token", platforms.Secret{}, l.Secretly(url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {short.Access}}), &long); err != nil {
		return u, err
	}
	u.Token = platforms.NewSecret(long.Access)
	var me struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := l.Get(ctx, u.base+"me", u.Token, url.Values{"fields": {"id,name"}}, &me); err != nil {
		return u, err
	}
	u.ID, u.Name = me.ID, me.Name
	var granted struct {
		Data []struct{ Permission, Status string } `json:"data"`
	}
	if err := l.Get(ctx, u.base+"me/permissions", u.Token, nil, &granted); err != nil {
		return u, err
	}
	u.Scopes = []string{}
	for _, p := range granted.Data {
		if p.Status == "granted" {
			u.Scopes = append(u.Scopes, p.Permission)
		}
	}
	return u, nil
}

// maxListPages bounds a list of what a user manages.
const maxListPages = 20

// Managed lists what a user manages: "me/accounts" are their Pages.
// https://developers.facebook.com/docs/graph-api/reference/user/accounts
func Managed[T any](ctx context.Context, u FacebookUser, edge, fields string) (list []T, err error) {
	after := ""
	for range maxListPages {
		var out struct {
			Data   []T    `json:"data"`
			Paging Paging `json:"paging"`
		}
		query := url.Values{"fields": {fields}, "limit": {"100"}}
		if after != "" {
			query.Set("after", after)
		}
		if err := u.login.Get(ctx, u.base+edge, u.Token, query, &out); err != nil {
			return nil, err
		}
		list = append(list, out.Data...)
		if after = out.Paging.After(); after == "" {
			break
		}
	}
	return list, nil
}
