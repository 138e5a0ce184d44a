package facebookfake

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// apiVersion is what the facebook-api-version header reports when a request does not name one.
const apiVersion = "v25.0"

// version is the form of a path's first part. Meta upgrades an expired version silently, so that any number will do.
var version = regexp.MustCompile(`^v\d{1,3}\.\d{1,2}$`)

// Limits of the files that a request may bring.
const (
	maxPhoto = 10 << 20
	maxPiece = 64 << 20
)

// call is one request to a Graph host, with what was found out about it.
type call struct {
	*http.Request
	graph.Params
	now      time.Time
	t        *token
	file     []byte // that a form brought; nil: none
	tooLarge bool

	// The object that the path names: one of these.
	node     string
	user     *user
	business *user // whose business it is
	page     *fanPage
	post     *post
	photo    *photo
	video    *video
	comment  *comment
}

// route is what a call asks of which kind of object; the edge is the path's part behind the ID.
type route struct{ node, method, edge string }

// a handler answers one route. What it needs beside a valid token it names: a permission, and whether the token must be the Page's own.
type handler struct {
	serve func(*Fake, *call) (any, *graph.Failure)
	scope string
	own   bool
}

var routes = map[route]handler{
	{"user", "GET", ""}:               {serve: (*Fake).readUser},
	{"user", "GET", "accounts"}:       {serve: (*Fake).listPages, scope: "pages_show_list"},
	{"user", "GET", "businesses"}:     {serve: (*Fake).listBusinesses, scope: "business_management"},
	{"user", "GET", "permissions"}:    {serve: (*Fake).listPermissions},
	{"user", "DELETE", "permissions"}: {serve: (*Fake).dropPermissions},
	{"business", "GET", "owned_pages"}: {serve: func(*Fake, *call) (any, *graph.Failure) { return map[string]any{"data": []any{}}, nil },
		scope: "business_management"},
	{"business", "GET", "client_pages"}: {serve: (*Fake).listClients, scope: "business_management"},

	{"page", "GET", ""}:                 {serve: (*Fake).readPage},
	{"page", "POST", "feed"}:            {serve: (*Fake).createPost, scope: "pages_manage_posts", own: true},
	{"page", "GET", "feed"}:             {serve: (*Fake).listPublished, scope: "pages_read_engagement", own: true},
	{"page", "GET", "posts"}:            {serve: (*Fake).listPublished, scope: "pages_read_engagement", own: true},
	{"page", "GET", "published_posts"}:  {serve: (*Fake).listPublished, scope: "pages_read_engagement", own: true},
	{"page", "GET", "scheduled_posts"}:  {serve: (*Fake).listScheduled, scope: "pages_read_engagement", own: true},
	{"page", "GET", "promotable_posts"}: {serve: (*Fake).listPromotable, scope: "pages_read_engagement", own: true},
	{"page", "POST", "photos"}:          {serve: (*Fake).createPhoto, scope: "pages_manage_posts", own: true},
	{"page", "POST", "videos"}:          {serve: (*Fake).uploadPieces, scope: "pages_manage_posts", own: true},
	{"page", "POST", "video_reels"}:     {serve: (*Fake).uploadReel, scope: "pages_manage_posts", own: true},
	{"page", "POST", "video_stories"}:   {serve: (*Fake).uploadStory, scope: "pages_manage_posts", own: true},
	{"page", "POST", "photo_stories"}:   {serve: (*Fake).createStory, scope: "pages_manage_posts", own: true},
	{"page", "GET", "stories"}:          {serve: (*Fake).listStories, scope: "pages_read_engagement", own: true},
	{"page", "GET", "videos"}:           {serve: (*Fake).listVideos, scope: "pages_read_engagement", own: true},
	{"page", "GET", "video_reels"}:      {serve: (*Fake).listReels, scope: "pages_read_engagement", own: true},

	{"post", "GET", ""}:             {serve: (*Fake).readPost, scope: "pages_read_engagement"},
	{"post", "POST", ""}:            {serve: (*Fake).editPost, scope: "pages_manage_posts", own: true},
	{"post", "DELETE", ""}:          {serve: (*Fake).deletePost, scope: "pages_manage_posts", own: true},
	{"post", "GET", "comments"}:     {serve: (*Fake).listComments, scope: "pages_read_engagement"},
	{"post", "POST", "comments"}:    {serve: (*Fake).createComment, scope: "pages_manage_engagement", own: true},
	{"photo", "GET", ""}:            {serve: (*Fake).readPhoto, scope: "pages_read_engagement"},
	{"photo", "DELETE", ""}:         {serve: (*Fake).deletePhoto, scope: "pages_manage_posts", own: true},
	{"video", "GET", ""}:            {serve: (*Fake).readVideo, scope: "pages_read_engagement"},
	{"video", "POST", ""}:           {serve: (*Fake).editVideo, scope: "pages_manage_posts", own: true},
	{"video", "DELETE", ""}:         {serve: (*Fake).deleteVideo, scope: "pages_manage_posts", own: true},
	{"video", "POST", "thumbnails"}: {serve: (*Fake).setThumbnail, scope: "pages_manage_posts", own: true},
	{"video", "GET", "comments"}:    {serve: (*Fake).listComments, scope: "pages_read_engagement"},
	{"video", "POST", "comments"}:   {serve: (*Fake).createComment, scope: "pages_manage_engagement", own: true},
	{"comment", "GET", ""}:          {serve: (*Fake).readComment, scope: "pages_read_engagement"},
	{"comment", "DELETE", ""}:       {serve: (*Fake).deleteComment, scope: "pages_manage_engagement", own: true},
}

// serveGraph answers at the hosts of the Graph API.
func (f *Fake) serveGraph(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Fb-Trace-Id", graph.Trace())
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	spoken := apiVersion
	if version.MatchString(parts[0]) {
		spoken, parts = parts[0], parts[1:]
	}
	w.Header().Set("Facebook-Api-Version", spoken)
	limit := int64(maxPhoto)
	if len(parts) == 2 && parts[1] == "videos" {
		limit = maxPiece
	}
	p, file, tooLarge, fail := graph.ReadFile(w, r, limit, "source", "video_file_chunk")
	if fail != nil {
		graph.Answer(w, nil, fail)
		return
	}
	c := &call{Request: r, Params: p, now: f.now(), file: file, tooLarge: tooLarge}
	var value any
	switch path := strings.Join(parts, "/"); {
	case path == "oauth/access_token":
		value, fail = f.serveToken(c)
	case path == "debug_token" && r.Method == http.MethodGet:
		value, fail = f.debugToken(c)
	case len(parts) == 0 || len(parts) > 2 || parts[0] == "":
		fail = graph.UnknownPath(r.URL.Path)
	default:
		parts = append(parts, "")[:2]
		if app, secret, is := strings.Cut(graph.TokenOf(r, p), "|"); is && app != "" && secret != "" {
			value, fail = f.asApp(c, app, parts[0], parts[1])
		} else {
			value, fail = f.serve(c, w.Header(), parts)
		}
	}
	graph.Answer(w, value, fail)
}

// serve checks the token, counts the call, finds the object, and asks of it what is asked.
func (f *Fake) serve(c *call, h http.Header, parts []string) (any, *graph.Failure) {
	do, fail := f.resolve(c, h, parts[0], parts[1])
	if fail != nil {
		return nil, fail
	}
	return do.serve(f, c)
}

func (f *Fake) resolve(c *call, h http.Header, id, edge string) (handler, *graph.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	value := graph.TokenOf(c.Request, c.Params)
	t, fail := f.authorize(value, c.now)
	if fail != nil {
		return handler{}, fail
	}
	if proof := c.Params["appsecret_proof"]; proof != "" && t.secret != "" && proof != graph.Proof(value, t.secret) {
		return handler{}, failProof
	}
	c.t = t
	if t.page != nil && !f.meter().Count(t.page.id, &t.page.usage, c.now, h) {
		return handler{}, failThrottled
	}
	c.node = f.find(c, id)
	do, known := routes[route{c.node, c.Method, edge}]
	switch {
	case c.node == "":
		return do, graph.NoObject(c.Method, id)
	case !known && c.Method == http.MethodGet && edge != "":
		return do, graph.BadParam("Tried accessing nonexisting field (" + graph.Clip(edge) + ")")
	case !known:
		return do, graph.NoObject(c.Method, id)
	case do.own && t.page == nil:
		if strings.HasPrefix(do.scope, "pages_manage") {
			return do, failUserToken
		}
		return do, failPageToken
	case do.scope != "" && !slices.Contains(t.scopes, do.scope):
		if do.scope == "pages_manage_posts" {
			return do, failPermission
		}
		if do.scope == "pages_show_list" {
			return handler{serve: func(*Fake, *call) (any, *graph.Failure) { return map[string]any{"data": []any{}}, nil }}, nil
		}
		return do, failEngage
	case do.scope == "pages_manage_posts" && !slices.Contains(t.tasks, "CREATE_CONTENT"):
		return do, failPermission
	}
	return do, nil
}

// meter counts calls. The caller holds mu.
func (f *Fake) meter() graph.Meter {
	m := graph.Meter{Kind: "pages", Budget: f.settings.callBudget}
	for _, p := range f.pages {
		m.All = append(m.All, &p.usage)
	}
	return m
}

// find looks up what an ID names for the token of the call, and says which kind it is; nothing that this token can see is "". The caller holds mu.
func (f *Fake) find(c *call, id string) string {
	t := c.t
	mine := func(p *fanPage) bool { return t.page == p || t.page == nil && t.user.manages(p) }
	switch {
	case t.page == nil && (id == "me" || id == t.user.id):
		c.user = t.user
		return "user"
	case t.page == nil && id == t.user.business && id != "":
		c.business = t.user
		return "business"
	case id == "me":
		c.page = t.page
		return "page"
	}
	for _, p := range f.pages {
		if p.id == id && mine(p) {
			c.page = p
			return "page"
		}
	}
	switch {
	case f.posts[id] != nil && !f.posts[id].deleted && mine(f.posts[id].page):
		c.post = f.posts[id]
		return "post"
	case f.photos[id] != nil && f.photos[id].lives(c.now) && mine(f.photos[id].page):
		c.photo = f.photos[id]
		return "photo"
	case f.videos[id] != nil && !f.videos[id].deleted && mine(f.videos[id].page):
		c.video, c.post = f.videos[id], f.videos[id].post
		return "video"
	case f.comments[id] != nil && !f.comments[id].post.deleted && mine(f.comments[id].post.page):
		c.comment = f.comments[id]
		return "comment"
	}
	return ""
}

func (u *user) manages(p *fanPage) bool {
	return slices.ContainsFunc(slices.Concat(u.roles, u.clients), func(r role) bool { return r.page == p })
}

// done is what a call answers that changes something and makes nothing.
func done() any { return map[string]any{"success": true} }

// die answers a call that has published, unless a fault or the text itself wants it otherwise. The caller holds mu.
func (f *Fake) die(p *fanPage, text string, drop bool, value any) (any, *graph.Failure) {
	if queue := f.settings.publishDeath; len(queue) > 0 {
		f.settings.publishDeath = queue[1:]
		if queue[0] == AnswerServer {
			return nil, failServer
		}
		return nil, &graph.Failure{Drop: true}
	}
	if key := p.id + "\x00" + text; drop && !f.dropped[key] {
		f.dropped[key] = true
		return nil, &graph.Failure{Drop: true}
	}
	return value, nil
}
