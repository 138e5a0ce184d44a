package instagramfake

import (
	"net/http"
	"slices"

	"posthorn/internal/platforms/farside/graph"
)

// accountView is an account as reads see it.
type accountView struct {
	*account
	f *Fake
}

func (v accountView) NodeType() string { return "IGUser" }

func (v accountView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "user_id":
		return v.account.id, v.host == hostInstagram, nil
	case "account_type":
		if v.personal {
			return "PERSONAL", true, nil
		}
		return "BUSINESS", v.host == hostInstagram, nil
	case "username":
		return v.username, true, nil
	case "name":
		return v.name, true, nil
	case "profile_picture_url":
		return v.f.assets.URL(v.picture), true, nil
	case "biography":
		return "An account of the sandbox.", true, nil
	case "website":
		return nil, true, nil
	case "followers_count":
		return 128, true, nil
	case "follows_count":
		return 64, true, nil
	case "media_count":
		n := 0
		for _, m := range v.f.posts {
			if m.acct == v.account && m.spec.kind != kindStory && !m.deleted {
				n++
			}
		}
		return n, true, nil
	}
	return nil, false, nil
}

// pageView is the Facebook Page that an account is linked to.
type pageView struct{ accountView }

func (v pageView) NodeType() string { return "Page" }

func (v pageView) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "name":
		return v.account.name, true, nil
	case "access_token":
		return v.account.token, true, nil
	case "tasks":
		return []string{"ANALYZE", "ADVERTISE", "MODERATE", "MESSAGING", "CREATE_CONTENT", "MANAGE"}, true, nil
	case "instagram_business_account":
		linked, fail := graph.Selected(v.account.id, v.accountView, sub)
		return linked, true, fail
	}
	return nil, false, nil
}

// readAccount is GET /me or GET /{ig-user-id}; each answers with the ID it was asked by.
func (f *Fake) readAccount(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	id := c.acct.id
	if c.node != id {
		id = c.acct.scopedID
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(id, accountView{c.acct, f}, fields)
}

// readPage is GET /me or GET /{page-id} with a Page's token.
func (f *Fake) readPage(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.acct.pageID, pageView{accountView{c.acct, f}}, fields)
}

// listPages is GET /me/accounts: the Pages of who logged in with Facebook, each with its token.
func (f *Fake) listPages(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,name,access_token,tasks")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	data := []any{}
	if c.acct.pageID == "" { // of somebody who manages none
		return map[string]any{"data": data}, nil
	}
	f.admitToken(c.acct.token, c.acct) // the Page's, which it is given with
	f.tokens[c.acct.token].scopes = f.tokens[graph.TokenOf(c.Request, c.Params)].scopes
	view := pageView{accountView{c.acct, f}}
	for _, p := range []struct {
		id   string
		page graph.Object
	}{{c.acct.pageID, view}, {barePageID, barePage{view}}} {
		page, fail := graph.Selected(p.id, p.page, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, page)
	}
	return map[string]any{"data": data, "paging": c.paging(c.acct.pageID, barePageID, false)}, nil
}

// barePageID is that of a second Page, to which no Instagram account is linked.
const barePageID = "104872651849399"

// barePage is that Page.
type barePage struct{ pageView }

func (v barePage) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "name":
		return v.account.name + " Bakery", true, nil
	case "access_token":
		return v.account.token[:8] + "OfAPageWithoutInstagram", true, nil
	case "instagram_business_account":
		return nil, true, nil
	}
	return v.pageView.Field(name, sub)
}

// userView is the person who logged in with Facebook.
type userView struct{ *account }

func (userView) NodeType() string { return "User" }

func (v userView) Field(name string, _ []graph.Field) (any, bool, *graph.Failure) {
	if name == "name" {
		return v.name, true, nil
	}
	return nil, false, nil
}

// readUser is GET /me with a user's token.
func (f *Fake) readUser(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,name")
	if fail != nil {
		return nil, fail
	}
	return graph.Selected(c.acct.scopedID, userView{c.acct}, fields)
}

// dropPermissions is DELETE /me/permissions: the user is rid of the app, and all its tokens are void.
func (f *Fake) dropPermissions(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leave(c.acct.scopedID)
	return map[string]any{"success": true}, nil
}

// leave ends the tokens of somebody who logged in with Facebook, and of their Pages, and says whether there were any. The caller holds mu.
func (f *Fake) leave(scopedID string) (left bool) {
	for _, t := range f.tokens {
		if t.acct.host == hostFacebook && t.acct.scopedID == scopedID && !t.revoked {
			t.revoked, left = true, true
		}
	}
	return left
}

// asApp is a call with an app's own token, which sees those who use the app: DELETE /{user-id}/permissions takes one of them out.
// https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
func (f *Fake) asApp(c *call, parts []string) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(parts) != 2 || parts[1] != "permissions" || c.Method != http.MethodDelete || !f.leave(parts[0]) {
		return nil, graph.NoObject(c.Method, parts[0])
	}
	return map[string]any{"success": true}, nil
}

// Opens reports whether a token is good for anything.
func (f *Fake) Opens(value string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tokens[value]
	return t != nil && !t.revoked && !t.expired(f.now())
}

// SignedRequest is what Meta sends to an app's callbacks about the user who logs in at the host that the username belongs to.
func (f *Fake) SignedRequest(username, secret string) string {
	i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.username == username })
	return graph.SignedRequest(f.accounts[i].scopedID, secret, f.now())
}

// listPermissions is GET /me/permissions: what was granted, and what was unticked.
func (f *Fake) listPermissions(c *call) (any, *graph.Failure) {
	data := []any{}
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tokens[graph.TokenOf(c.Request, c.Params)]
	for _, scope := range facebookScopes {
		status := "declined"
		if t != nil && slices.Contains(t.scopes, scope) {
			status = "granted"
		}
		data = append(data, map[string]any{"permission": scope, "status": status})
	}
	return map[string]any{"data": data}, nil
}
