package threadsfake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms/farside/graph"
)

// call is one request to the API, with what was found out about it.
type call struct {
	*http.Request
	graph.Params
	now  time.Time
	acct *account // whose token it carries
}

// serveGraph answers at the API's hosts.
func (f *Fake) serveGraph(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Fb-Trace-Id", graph.Trace())
	p, fail := graph.ReadParams(w, r)
	if fail != nil {
		graph.Answer(w, nil, fail)
		return
	}
	c := &call{Request: r, Params: p, now: f.now()}
	path := strings.Trim(r.URL.Path, "/")
	if strings.TrimPrefix(path, "v1.0/") == "oauth/access_token" {
		f.redeem(w, c)
		return
	}
	value, fail := f.serve(c, path)
	graph.Answer(w, value, fail)
}

func (f *Fake) serve(c *call, path string) (any, *graph.Failure) {
	path, versioned := strings.CutPrefix(path, "v1.0/")
	switch {
	case c.Method == http.MethodGet && path == "access_token":
		return f.exchange(c)
	case c.Method == http.MethodGet && path == "refresh_access_token":
		return f.refresh(c)
	case !versioned:
		return nil, graph.UnknownPath("/" + path)
	}
	f.mu.Lock()
	t, fail := f.authorize(graph.TokenOf(c.Request, c.Params), c.now)
	f.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	c.acct = t.acct
	if c.Method == http.MethodGet && path == "debug_token" {
		return f.debugToken(c)
	}
	node, edge, _ := strings.Cut(path, "/")
	route, needs := f.route(c, node, edge)
	switch {
	case route == nil:
		return nil, graph.NoObject(c.Method, node)
	case !slices.Contains(t.scopes, needs):
		return nil, failPermission
	}
	return route(f, c)
}

// route finds what is asked of which object, and the permission that it takes.
func (f *Fake) route(c *call, node, edge string) (func(*Fake, *call) (any, *graph.Failure), string) {
	if node == "me" || node == c.acct.id {
		switch c.Method + " " + edge {
		case "GET ":
			return (*Fake).readProfile, "threads_basic"
		case "POST threads":
			return (*Fake).create, "threads_content_publish"
		case "POST threads_publish":
			return (*Fake).publish, "threads_content_publish"
		case "GET threads_publishing_limit":
			return (*Fake).readLimit, "threads_content_publish"
		case "GET threads":
			return func(f *Fake, c *call) (any, *graph.Failure) { return f.list(c, false) }, "threads_basic"
		case "GET replies":
			return func(f *Fake, c *call) (any, *graph.Failure) { return f.list(c, true) }, "threads_read_replies"
		}
		return nil, ""
	}
	f.mu.Lock()
	ct, m := f.containers[node], f.media[node]
	f.mu.Unlock()
	switch {
	case edge != "":
		return nil, ""
	case ct != nil && ct.acct == c.acct && c.Method == http.MethodGet:
		return func(f *Fake, c *call) (any, *graph.Failure) { return f.readContainer(c, ct) }, "threads_basic"
	case m == nil || m.deleted:
		return nil, ""
	case c.Method == http.MethodGet:
		return func(f *Fake, c *call) (any, *graph.Failure) { return f.readPost(c, m) }, "threads_basic"
	case c.Method == http.MethodDelete && m.acct == c.acct && m.kind != kindChild:
		return func(f *Fake, c *call) (any, *graph.Failure) { return f.remove(c, m) }, "threads_delete"
	}
	return nil, ""
}
