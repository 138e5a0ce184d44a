package instagramfake

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// apiVersion is what the facebook-api-version header reports when a request does not name one.
const apiVersion = "v25.0"

// version is the form of a path's first part. Meta upgrades an expired version silently, so that any number will do.
var version = regexp.MustCompile(`^v\d{1,3}\.\d{1,2}$`)

// call is one request to a Graph host, with what was found out about it.
type call struct {
	*http.Request
	graph.Params
	host    string
	version string
	now     time.Time
	acct    *account // whose token it carries
	node    string   // the path's first part behind the version: an ID, or me

	// The object that the path names: one of these, or the account itself.
	container *container
	medium    *media
	comment   *comment
}

// route is what a call asks of which kind of object; the edge is the path's part behind the ID.
type route struct{ node, method, edge string }

var routes = map[route]func(*Fake, *call) (any, *graph.Failure){
	{"account", "GET", ""}:                         (*Fake).readAccount,
	{"account", "POST", "media"}:                   (*Fake).createContainer,
	{"account", "GET", "media"}:                    (*Fake).listMedia,
	{"account", "GET", "stories"}:                  (*Fake).listStories,
	{"account", "POST", "media_publish"}:           (*Fake).publish,
	{"account", "GET", "content_publishing_limit"}: (*Fake).readLimit,
	{"page", "GET", ""}:                            (*Fake).readPage,
	{"user", "GET", ""}:                            (*Fake).readUser,
	{"user", "GET", "accounts"}:                    (*Fake).listPages,
	{"user", "GET", "permissions"}:                 (*Fake).listPermissions,
	{"user", "DELETE", "permissions"}:              (*Fake).dropPermissions,
	{"container", "GET", ""}:                       (*Fake).readContainer,
	{"media", "GET", ""}:                           (*Fake).readMedia,
	{"media", "POST", ""}:                          (*Fake).editMedia,
	{"media", "DELETE", ""}:                        (*Fake).deleteMedia,
	{"media", "GET", "children"}:                   (*Fake).listChildren,
	{"media", "GET", "comments"}:                   (*Fake).listComments,
	{"media", "POST", "comments"}:                  (*Fake).createComment,
	{"comment", "GET", ""}:                         (*Fake).readComment,
	{"comment", "DELETE", ""}:                      (*Fake).deleteComment,
}

// serveGraph answers at one of the two API hosts.
func (f *Fake) serveGraph(w http.ResponseWriter, r *http.Request, host string) {
	w.Header().Set("X-Fb-Trace-Id", graph.Trace())
	p, fail := graph.ReadParams(w, r)
	if fail != nil {
		graph.Answer(w, nil, fail)
		return
	}
	c := &call{Request: r, Params: p, host: host, version: apiVersion, now: f.now()}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if version.MatchString(parts[0]) {
		c.version, parts = parts[0], parts[1:]
	} else if !tokenPath(host, parts) {
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
		return
	}
	w.Header().Set("Facebook-Api-Version", c.version)
	if tokenPath(host, parts) {
		value, fail := f.serveToken(c, strings.Join(parts, "/"))
		graph.Answer(w, value, fail)
		return
	}
	if len(parts) == 0 || len(parts) > 2 || parts[0] == "" {
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
		return
	}
	if app, secret, is := strings.Cut(graph.TokenOf(r, p), "|"); is && host == hostFacebook && app != "" && secret != "" {
		value, fail := f.asApp(c, parts)
		graph.Answer(w, value, fail)
		return
	}
	serve, fail := f.resolve(c, w.Header(), parts)
	if fail != nil {
		graph.Answer(w, nil, fail)
		return
	}
	value, fail := serve(f, c)
	graph.Answer(w, value, fail)
}

// resolve checks the token, counts the call and finds the object and what is asked of it.
func (f *Fake) resolve(c *call, h http.Header, parts []string) (func(*Fake, *call) (any, *graph.Failure), *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var fail *graph.Failure
	if c.acct, fail = f.authorize(c.host, graph.TokenOf(c.Request, c.Params), c.now); fail != nil {
		return nil, fail
	}
	if !f.meter().Count(c.acct.id, &c.acct.usage, c.now, h) {
		return nil, failThrottled
	}
	id, edge := parts[0], ""
	if len(parts) == 2 {
		edge = parts[1]
	}
	c.node = id
	node := f.find(c, id)
	if node == "" {
		return nil, graph.NoObject(c.Method, id)
	}
	if serve := routes[route{node, c.Method, edge}]; serve != nil {
		return serve, nil
	}
	if c.Method == http.MethodGet && edge != "" {
		return nil, graph.BadParam("Tried accessing nonexisting field (" + graph.Clip(edge) + ")")
	}
	return nil, graph.NoObject(c.Method, id)
}

// meter counts calls. The caller holds mu.
func (f *Fake) meter() graph.Meter {
	m := graph.Meter{Kind: "instagram", Budget: f.settings.callBudget}
	for _, a := range f.accounts {
		m.All = append(m.All, &a.usage)
	}
	return m
}

// find looks up what an ID names for the account of the call, and says which kind it is; nothing that this token can see is "".
func (f *Fake) find(c *call, id string) string {
	switch {
	case id == c.acct.id:
		return "account"
	case (id == "me" || id == c.acct.scopedID) && f.tokens[graph.TokenOf(c.Request, c.Params)].user:
		return "user"
	case id == "me" || id == c.acct.scopedID || id == c.acct.pageID: // who the token is, which may be a Page
		if c.host == hostFacebook {
			return "page"
		}
		return "account"
	case f.containers[id] != nil && f.containers[id].acct == c.acct:
		c.container = f.containers[id]
		return "container"
	case f.media[id] != nil && f.media[id].acct == c.acct && !f.media[id].deleted:
		c.medium = f.media[id]
		return "media"
	case f.comments[id] != nil && f.comments[id].medium.acct == c.acct && !f.comments[id].medium.deleted:
		c.comment = f.comments[id]
		return "comment"
	}
	return ""
}
