package linkedinfake

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// call is one request to the API, of a member.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	now time.Time
	t   *token
}

// may tells whether the token has one of some permissions.
func (c *call) may(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.t.grant.scopes, s) })
}

// is tells whether Rest.li's own method is the one that a call needs.
func (c *call) is(method string) bool {
	return strings.EqualFold(c.r.Header.Get("X-RestLi-Method"), method)
}

// bearer finds the token of a request. The caller holds mu.
func (f *Fake) bearer(r *http.Request, now time.Time) (*token, *failure) {
	value, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t := f.access[value]
	switch {
	case !found || value == "":
		return nil, failNoToken
	case t == nil:
		return nil, failToken
	case t.dead || t.grant.dead || now.Before(t.from):
		return nil, failRevoked
	case !now.Before(t.ends):
		return nil, failExpired
	}
	return t, nil
}

var versionForm = regexp.MustCompile(`^20[0-9]{4}$`)

// version checks the headers that every versioned call needs.
func (f *Fake) version(r *http.Request, now time.Time) *failure {
	v := r.Header.Get("LinkedIn-Version")
	switch {
	case v == "":
		return failVersion
	case !versionForm.MatchString(v) || v < f.settings.oldest || v > now.UTC().Format("200601"):
		return &failure{426, "NONEXISTENT_VERSION", "Requested version " + v + "01 is not active", 0}
	case r.Header.Get("X-Restli-Protocol-Version") != "2.0.0":
		return invalid("ILLEGAL_ARGUMENT", "Invalid Rest.li protocol version")
	}
	return nil
}

// serveAPI finds what is asked, and who asks.
func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	t, fail := f.bearer(r, now)
	if fail != nil {
		refuse(w, fail)
		return
	}
	c := &call{w, r, now, t}
	if r.URL.Path == "/v2/userinfo" && r.Method == http.MethodGet {
		f.userinfo(c)
		return
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/rest/")
	if !ok {
		refuse(w, failNotFound)
		return
	}
	if fail := f.version(r, now); fail != nil {
		refuse(w, fail)
		return
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil || strings.ContainsAny(p, ":(),") { // a URN in a path is encoded
			refuse(w, failSyntax)
			return
		}
		parts[i] = plain
	}
	f.route(c, parts)
}

func (f *Fake) route(c *call, path []string) {
	key := ""
	if len(path) > 1 {
		key = path[1]
	}
	method := c.r.Method
	switch {
	case path[0] == "posts" && len(path) == 1 && method == http.MethodPost:
		f.create(c)
	case path[0] == "posts" && len(path) == 1 && method == http.MethodGet && c.r.URL.Query().Get("q") == "author":
		f.byAuthor(c)
	case path[0] == "posts" && len(path) == 2:
		f.onPost(c, key)
	case slices.Contains(assetKinds, path[0]) && len(path) == 1 && method == http.MethodPost:
		f.assetAction(c, path[0])
	case slices.Contains(assetKinds, path[0]) && len(path) == 2 && method == http.MethodGet:
		f.assetStatus(c, path[0], key)
	case path[0] == "socialActions" && len(path) == 3 && path[2] == "comments":
		f.comments(c, key)
	case path[0] == "organizationAcls" && len(path) == 1 && method == http.MethodGet:
		f.acls(c)
	case path[0] == "organizations" && len(path) == 2 && method == http.MethodGet:
		f.readOrganization(c, key)
	default:
		refuse(c.w, failNotFound)
	}
}

// userinfo is GET /v2/userinfo.
func (f *Fake) userinfo(c *call) {
	m := c.t.grant.member
	if !c.may("openid") {
		refuse(c.w, denied("userinfo.GET.NO_VERSION"))
		return
	}
	given, family, _ := strings.Cut(m.name, " ")
	out := map[string]any{"sub": m.sub, "locale": map[string]string{"country": "GB", "language": "en"}}
	if c.may("profile") {
		out["name"], out["given_name"], out["family_name"], out["picture"] = m.name, given, family, "https://"+hostCDN+"/profile/"+m.sub+".jpg"
	}
	if c.may("email") {
		out["email"], out["email_verified"] = m.email, true
	}
	answer(c.w, 200, out)
}

// acls is GET /rest/organizationAcls.
func (f *Fake) acls(c *call) {
	q := c.r.URL.Query()
	if !c.may("rw_organization_admin", "r_organization_admin") {
		refuse(c.w, denied("organizationAcls.FINDER-roleAssignee."+c.r.Header.Get("LinkedIn-Version")))
		return
	}
	if q.Get("q") != "roleAssignee" || !c.is("FINDER") {
		refuse(c.w, invalid("ILLEGAL_ARGUMENT", "The finder is roleAssignee, and X-RestLi-Method FINDER"))
		return
	}
	elements := []any{}
	for i, p := range f.pages {
		role := p.roles[c.t.grant.member]
		if role == "" || (q.Get("role") != "" && q.Get("role") != role) {
			continue
		}
		e := map[string]any{"role": role, "roleAssignee": c.t.grant.member.urn(), "state": "APPROVED"}
		e[[]string{"organization", "organizationTarget"}[i%2]] = p.urn() // both names are seen
		elements = append(elements, e)
	}
	answer(c.w, 200, map[string]any{"elements": elements, "paging": map[string]any{"start": 0, "count": 100, "total": len(elements), "links": []any{}}})
}

// readOrganization is GET /rest/organizations/{id}.
func (f *Fake) readOrganization(c *call, id string) {
	for _, p := range f.pages {
		if p.id == id {
			out := map[string]any{"id": p.id, "localizedName": p.name, "vanityName": p.vanity, "localizedDescription": p.about}
			if p.website != "" {
				out["localizedWebsite"] = p.website
			}
			answer(c.w, 200, out)
			return
		}
	}
	refuse(c.w, failNotFound)
}

// mayPost tells whether the caller may write as an author.
func (f *Fake) mayPost(c *call, author string) bool {
	if author == c.t.grant.member.urn() {
		return c.may("w_member_social")
	}
	return c.may("w_organization_social") && f.manages(c, author)
}

func (f *Fake) manages(c *call, author string) bool {
	return slices.ContainsFunc(f.pages, func(p *organization) bool {
		return p.urn() == author && slices.Contains([]string{"ADMINISTRATOR", "CONTENT_ADMINISTRATOR"}, p.roles[c.t.grant.member])
	})
}
