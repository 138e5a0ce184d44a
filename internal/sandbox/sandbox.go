// Package sandbox serves the far side of every platform in one process: each fake under its real host's name behind the platform
// gateway, steered over HTTP below /_sandbox/, with a page at / that shows what has been published.
package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/sandbox/fault"
	"posthorn/internal/sandbox/sample"
)

// controlPrefix is where the sandbox's own routes live; every other first path segment is a platform's host.
const controlPrefix = "/_sandbox/"

// Options make a Sandbox.
type Options struct {
	Fakes  map[string]farside.Server // by platform name
	Titles map[string]string         // of the platforms, for people, by name; one without a title is shown by its name
	Now    func() time.Time          // required
	Hint   func() string             // the command that makes a first post, shown while there is none; may be nil
}

// Sandbox is an http.Handler. Close ends what would keep a server from shutting down: register it with
// http.Server.RegisterOnShutdown.
type Sandbox struct {
	fakes   map[string]farside.Server
	names   []string // of the platforms, sorted
	titles  map[string]string
	hosts   hostTable
	now     func() time.Time
	hint    func() string
	faults  *fault.Engine
	log     *requestLog
	samples *sample.Gallery
	control http.Handler

	done chan struct{} // closed by Close
	once sync.Once
}

// New makes a Sandbox. Where two fakes name the same host, the one whose platform comes first by name answers.
func New(o Options) *Sandbox {
	s := &Sandbox{
		fakes: o.Fakes, titles: o.Titles, now: o.Now, hint: o.Hint,
		faults: fault.New(), log: newRequestLog(), samples: sample.NewGallery(),
		done: make(chan struct{}),
	}
	if s.hint == nil {
		s.hint = func() string { return "" }
	}
	s.names = sortedKeys(o.Fakes)
	s.hosts = newHostTable(s.names, o.Fakes)
	s.control = s.controlRoutes()
	return s
}

// ServeHTTP implements http.Handler. It looks at the path by hand, because a platform's path has to arrive exactly as it was
// sent and http.ServeMux would clean it.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/":
		s.servePage(w, r)
	case path == "/favicon.ico":
		http.Redirect(w, r, assetURL("icon.svg"), http.StatusFound)
	case strings.HasPrefix(path, controlPrefix):
		s.control.ServeHTTP(w, r)
	default:
		s.serveGateway(w, r)
	}
}

// Add adds a fault rule from within the process; over HTTP it is POST /_sandbox/rules.
func (s *Sandbox) Add(r fault.Rule) (*fault.Handle, error) { return s.faults.Add(r) }

// Faults are the rules in front of the fakes.
func (s *Sandbox) Faults() *fault.Engine { return s.faults }

// Close ends event streams and long polls, and breaks the connections that a rule holds. It may be called twice.
func (s *Sandbox) Close() {
	s.once.Do(func() {
		close(s.done)
		s.faults.Close()
	})
}

// controlRoutes are the routes below /_sandbox/. A page of another origin may not use those that change something.
func (s *Sandbox) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handler := range map[string]handlerFunc{
		"GET /_sandbox/posts":               s.getPosts,
		"GET /_sandbox/accounts":            s.getAccounts,
		"GET /_sandbox/requests":            s.getRequests,
		"GET /_sandbox/events":              s.getEvents,
		"GET /_sandbox/feed":                s.getFeed,
		"GET /_sandbox/rules":               s.listRules,
		"POST /_sandbox/rules":              s.addRule,
		"DELETE /_sandbox/rules":            s.clearRules,
		"GET /_sandbox/rules/{id}":          s.getRule,
		"DELETE /_sandbox/rules/{id}":       s.removeRule,
		"POST /_sandbox/rules/{id}/release": s.releaseRule,
		"GET /_sandbox/rules/{id}/wait":     s.waitForRule,
		"GET /_sandbox/samples":             s.listSamples,
		"GET /_sandbox/samples/{name}":      s.getSample,
		"GET /_sandbox/assets/{name}":       getAsset,
	} {
		mux.Handle(pattern, handler)
	}
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(handlerFunc(func(http.ResponseWriter, *http.Request) error {
		return &apiError{http.StatusForbidden, "forbidden", "a page of another origin may not steer the sandbox"}
	}))
	return sameOrigin.Handler(jsonMisses(mux))
}
