package facebook

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

var (
	_ platforms.Connector    = Platform{}
	_ platforms.Deauthorizer = Platform{}
	_ platforms.ScopeLister  = Platform{}
)

// scopes are the permissions of the one login. Without pages_show_list there are no Pages to choose from; without business_management those are not listed
// that lie in the portfolio of a business. https://developers.facebook.com/docs/pages-api/getting-started
var scopes = platforms.Scopes{
	Posting:   []string{"pages_show_list", "pages_read_engagement", "pages_manage_posts"},
	Analytics: []string{"read_insights"},
	Optional:  []string{"pages_manage_engagement", "pages_read_user_content", "pages_manage_metadata", "pages_messaging", "business_management", "publish_video"},
	Source:    docs + "/pages-api/getting-started",
}

// Scopes are those of the one login.
func (Platform) Scopes(platforms.Account) platforms.Scopes { return scopes }

// Logins is the one way in. It opens the Pages that its user manages, of which one is chosen.
func (Platform) Logins() []platforms.Login {
	return []platforms.Login{{App: platformName, Scopes: scopes, Choose: true, Step: "select_page", Noun: "Facebook Page", NoneCode: "no_facebook_pages", FaultCode: "facebook_pages_error"}}
}

// AuthorizeURL is the consent page.
func (Platform) AuthorizeURL(v platforms.Visit) string { return meta.FacebookDialog(v, version(v.App)) }

// pageFields are what is asked of a Page.
const pageFields = "id,name,username,category,tasks,access_token,picture{url},link"

// Exchange redeems a code for the Pages of who gave it. Their tokens come of a long-lived one, so that they do not end by time.
func (Platform) Exchange(ctx context.Context, c *platforms.Conn, v platforms.Visit, code string) (g platforms.Grant, err error) {
	user, err := meta.Login{Conn: c, Visit: v, Table: table}.Facebook(ctx, version(v.App), code)
	if err != nil {
		return g, err
	}
	g.Scopes = user.Scopes
	g.Person = &platforms.Person{ID: user.ID, Username: user.Name, DisplayName: user.Name}
	pages, err := meta.Managed[page](ctx, user, "me/accounts", pageFields)
	if err == nil && len(pages) == 0 && slices.Contains(user.Scopes, "business_management") {
		pages, err = ofBusinesses(ctx, user)
	}
	for _, p := range pages {
		g.Identities = append(g.Identities, p.identity(user))
	}
	return g, err
}

// ofBusinesses lists the Pages that a user reaches through a business alone.
// https://developers.facebook.com/docs/marketing-api/reference/business/client_pages
func ofBusinesses(ctx context.Context, user meta.FacebookUser) (list []page, err error) {
	businesses, err := meta.Managed[struct {
		ID string `json:"id"`
	}](ctx, user, "me/businesses", "id")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, b := range businesses {
		for _, edge := range []string{"owned_pages", "client_pages"} {
			pages, err := meta.Managed[page](ctx, user, url.PathEscape(b.ID)+"/"+edge, pageFields)
			if err != nil {
				return nil, err
			}
			for _, p := range pages {
				if !seen[p.ID] {
					seen[p.ID], list = true, append(list, p)
				}
			}
		}
	}
	return list, nil
}

// page is a Page as its manager sees it.
type page struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Username string   `json:"username"`
	Category string   `json:"category"`
	Tasks    []string `json:"tasks"`
	Access   string   `json:"access_token"`
	Link     string   `json:"link"`
	Picture  struct {
		Data struct {
			URL string `json:"url"`
		} `json:"data"`
	} `json:"picture"`
}

// mayPublish reports whether the user may create content on the Page. Some pages of the documentation name the tasks of new Pages with a prefix.
func (p page) mayPublish() bool {
	return slices.Contains(p.Tasks, "CREATE_CONTENT") || slices.Contains(p.Tasks, "PROFILE_PLUS_CREATE_CONTENT")
}

func (p page) identity(user meta.FacebookUser) platforms.Identity {
	listed, err := json.Marshal(map[string]any{"id": p.ID, "name": p.Name, "username": p.Username, "category": p.Category, "tasks": append([]string{}, p.Tasks...)})
	if err != nil { // texts always encode
		panic("facebook: " + err.Error())
	}
	i := platforms.Identity{ID: p.ID, Name: p.Name, Listed: listed}
	switch {
	case !p.mayPublish():
		i.Fault = "This login may not create content on the Page. Ask somebody who manages it for that task, then connect again."
		return i
	case p.Access == "":
		i.Fault = "Facebook gave no access to this Page. Connect again, and choose it on the consent page."
		return i
	}
	username := p.Username
	if username == "" { // most new Pages have none
		username = p.Name
	}
	address := p.Link
	if address == "" {
		address = "https://www.facebook.com/" + url.PathEscape(p.ID)
	}
	i.Token = platforms.Token{Access: platforms.NewSecret(p.Access), Scopes: user.Scopes}
	i.Account = platforms.Account{RemoteID: p.ID, Username: username, DisplayName: p.Name, PictureURL: p.Picture.Data.URL, ProfileURL: address, GrantedBy: user.ID}
	return i
}

// Deauthorized reads Meta's callbacks for users who remove the app or want their data deleted.
func (Platform) Deauthorized(app platforms.App, form url.Values) (userID string, err error) {
	return meta.SignedUser(form.Get("signed_request"), app.Secret)
}
