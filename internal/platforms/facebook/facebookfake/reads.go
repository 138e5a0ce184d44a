package facebookfake

import (
	"net/http"
	"slices"
	"strconv"

	"posthorn/internal/platforms/farside/graph"
)

// pagesAtOnce is how many Pages one answer lists, whatever was asked for: few, so that nobody reads the first answer alone.
const pagesAtOnce = 2

// userView is a person.
type userView struct{ *user }

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
	return graph.Selected(c.user.id, userView{c.user}, fields)
}

// pageView is a Page. Its token is shown to those who have a role on it.
type pageView struct {
	*fanPage
	f     *Fake
	tasks []string
	token string
}

func (pageView) NodeType() string { return "Page" }

func (v pageView) Field(name string, sub []graph.Field) (any, bool, *graph.Failure) {
	switch name {
	case "name":
		return v.name, true, nil
	case "username":
		return v.username, true, nil
	case "category":
		return v.category, true, nil
	case "link":
		return "https://" + hostWeb + "/" + v.username, true, nil
	case "access_token":
		return orNil(v.token), true, nil
	case "tasks":
		if v.tasks == nil {
			return nil, true, nil
		}
		return v.tasks, true, nil
	case "fan_count", "followers_count":
		return 512, true, nil
	case "picture":
		return map[string]any{"data": map[string]any{"url": v.f.assets.URL(v.picture), "height": 50, "width": 50, "is_silhouette": false}}, true, nil
	case "instagram_business_account":
		return nil, true, nil
	}
	return nil, false, nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// readPage is GET /me with a Page's token, or GET /{page-id}.
func (f *Fake) readPage(c *call) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,name")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return graph.Selected(c.page.id, pageView{c.page, f, nil, ""}, fields)
}

// listPages is GET /me/accounts. Without business_management it is empty, as it is at Meta for people whose Pages lie in a business's portfolio.
func (f *Fake) listPages(c *call) (any, *graph.Failure) {
	if !slices.Contains(c.t.scopes, "business_management") {
		return map[string]any{"data": []any{}}, nil
	}
	return f.pageList(c, c.user.roles)
}

// listClients is GET /{business-id}/client_pages.
func (f *Fake) listClients(c *call) (any, *graph.Failure) { return f.pageList(c, c.business.clients) }

func (f *Fake) pageList(c *call, roles []role) (any, *graph.Failure) {
	fields, fail := c.ParseFields("id,name,access_token,category,tasks")
	if fail != nil {
		return nil, fail
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if after := c.Params["after"]; after != "" {
		i := slices.IndexFunc(roles, func(r role) bool { return r.page.id == after })
		if i < 0 {
			return nil, graph.BadParam("Invalid cursor")
		}
		from = i + 1
	}
	to := min(from+pagesAtOnce, len(roles))
	data := []any{}
	for _, r := range roles[from:to] {
		one, fail := graph.Selected(r.page.id, pageView{r.page, f, r.tasks, f.pageToken(c.t, r)}, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, one)
	}
	out := map[string]any{"data": data}
	if from < to {
		out["paging"] = c.paging(roles[from].page.id, roles[to-1].page.id, to < len(roles))
	}
	return out, nil
}

// paging says where a list goes on: the whole address of the next page, with the token that the first was asked with.
func (c *call) paging(before, after string, more bool) map[string]any {
	p := map[string]any{"cursors": map[string]string{"before": before, "after": after}}
	if more {
		query := c.URL.Query()
		query.Set("access_token", graph.TokenOf(c.Request, c.Params))
		query.Set("after", after)
		p["next"] = "https://" + hostGraph + c.URL.Path + "?" + query.Encode()
	}
	return p
}

// listBusinesses is GET /me/businesses.
func (f *Fake) listBusinesses(c *call) (any, *graph.Failure) {
	data := []any{}
	if c.user.business != "" {
		data = append(data, map[string]any{"id": c.user.business, "name": "Business of " + c.user.name})
	}
	return map[string]any{"data": data}, nil
}

// listPermissions is GET /me/permissions: what was granted, and what was unticked.
func (f *Fake) listPermissions(c *call) (any, *graph.Failure) {
	data := []any{}
	for _, scope := range knownScopes {
		status := "declined"
		if slices.Contains(c.t.scopes, scope) {
			status = "granted"
		}
		data = append(data, map[string]any{"permission": scope, "status": status})
	}
	return map[string]any{"data": data}, nil
}

// dropPermissions is DELETE /me/permissions: the user is rid of the app, and all its tokens are void.
func (f *Fake) dropPermissions(c *call) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.user.left = append(c.user.left, c.t.app)
	return done(), nil
}

// asApp is a call with an app's own token, which sees those who use the app: DELETE /{user-id}/permissions takes one of them out.
// https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
func (f *Fake) asApp(c *call, app, id, edge string) (any, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.users, func(u *user) bool { return u.id == id })
	if i < 0 || edge != "permissions" || c.Method != http.MethodDelete || !f.leave(f.users[i], app) {
		return nil, graph.NoObject(c.Method, id)
	}
	return done(), nil
}

// leave takes a user out of an app, and says whether they had used it. The caller holds mu.
func (f *Fake) leave(u *user, app string) (left bool) {
	for _, t := range f.tokens {
		if t.user == u && (t.app == app || t.app == seededApp) && !slices.Contains(u.left, t.app) {
			u.left, left = append(u.left, t.app), true
		}
	}
	return left
}

// Opens reports whether a token is good for anything.
func (f *Fake) Opens(value string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, fail := f.authorize(value, f.now())
	return fail == nil
}

// defaultRows and maxRows bound lists.
const (
	defaultRows = 25
	maxRows     = 100
)

// row is an entry of a list.
type row struct {
	id string
	o  graph.Object
	at int64 // seconds since 1970
}

// list answers with the rows since a time, which are in order, the newest first.
func (c *call) list(rows []row, absent string) (any, *graph.Failure) {
	fields, fail := c.ParseFields(absent)
	if fail != nil {
		return nil, fail
	}
	since, fail := c.Number("since", 0)
	if fail != nil {
		return nil, fail
	}
	until, fail := c.Number("until", 1<<62)
	if fail != nil {
		return nil, fail
	}
	limit, fail := c.Number("limit", defaultRows)
	if fail != nil {
		return nil, fail
	}
	if limit < 1 || limit > maxRows {
		return nil, graph.BadParam("Param limit must be between 1 and " + strconv.Itoa(maxRows))
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.at < since || r.at > until })
	if after := c.Params["after"]; after != "" {
		rows = rows[slices.IndexFunc(rows, func(r row) bool { return r.id == after })+1:]
	}
	more := int64(len(rows)) > limit
	rows = rows[:min(int64(len(rows)), limit)]
	data := []any{}
	for _, r := range rows {
		one, fail := graph.Selected(r.id, r.o, fields)
		if fail != nil {
			return nil, fail
		}
		data = append(data, one)
	}
	out := map[string]any{"data": data}
	if len(rows) > 0 {
		out["paging"] = c.paging(rows[0].id, rows[len(rows)-1].id, more)
	}
	return out, nil
}
