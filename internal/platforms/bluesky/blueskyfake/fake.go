// Package blueskyfake is Bluesky's far side in memory: a directory of identities, an account host (PDS) with its entryway, the public
// read service, the video service, and the pages of posts.
//
// It follows the AT Protocol specifications (https://atproto.com/specs/atp) and, in its answers and their wording, the reference PDS.
package blueskyfake

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
)

// The real hosts that a Fake answers for, besides one for each handle.
const (
	entrywayHost  = "bsky.social"                      // the login front of all accounts that Bluesky hosts
	pdsHost       = "oyster.us-east.host.bsky.network" // the account host of every account here
	publicHost    = "public.api.bsky.app"              // the read service, no login
	appViewHost   = "api.bsky.app"                     // the same service by its other name
	directoryHost = "plc.directory"
	videoHost     = "video.bsky.app"
	cdnHost       = "cdn.bsky.app"
	siteHost      = "bsky.app"
)

// Fake is one whole Bluesky. It is safe for concurrent use: one request at a time sees and changes its state.
type Fake struct {
	now           func() time.Time
	tokenLifetime time.Duration
	videoTime     time.Duration
	seeded        []farside.Account

	mu       sync.Mutex
	accounts []*account
	limits   limits
	tokens   tokenBook
	jobs     map[string]*videoJob // by job id
	lastTID  int64
	lastSeq  int
	lexicons map[string]lexicon
	failNext map[string][]fault // by method
	dropNext map[string]int
	stumbles map[string]int  // by text: how often [[sandbox:flaky]] has been answered with an error
	dropped  map[string]bool // by text: whether [[sandbox:drop]] has dropped its answer
}

var _ farside.Server = (*Fake)(nil)

// New makes a Bluesky with one connected account and one neighbour to mention.
func New(o farside.Options) *Fake {
	f := &Fake{
		now:           o.Now,
		tokenLifetime: o.TokenLifetime,
		videoTime:     10 * o.Processing,
		limits:        newLimits(),
		tokens:        newTokenBook(),
		jobs:          map[string]*videoJob{},
		lexicons:      lexiconsFor(defaultImageLimit),
		failNext:      map[string][]fault{},
		dropNext:      map[string]int{},
		stumbles:      map[string]int{},
		dropped:       map[string]bool{},
	}
	if f.tokenLifetime <= 0 {
		f.tokenLifetime = accessLifetime
	}
	if f.videoTime <= 0 {
		f.videoTime = usualVideoTime
	}
	lantern := f.seed("lantern", "Lantern", AppPassword)
	f.seed("harbour", "Harbour", "")
	f.seeded = []farside.Account{f.connected(lantern)}
	return f
}

// Hosts are the real host names it answers for; a handle is a host too, for it may tell its DID itself.
func (f *Fake) Hosts() []string {
	hosts := []string{entrywayHost, pdsHost, publicHost, appViewHost, directoryHost, videoHost, cdnHost, siteHost}
	for _, a := range f.accounts {
		hosts = append(hosts, a.handle)
	}
	return hosts
}

// Accounts are the accounts whose owner has connected them from the start. Their tokens are those made by New.
func (f *Fake) Accounts() []farside.Account { return slices.Clone(f.seeded) }

// ServeHTTP answers by the request's host as the real servers do. To drop an answer it panics with http.ErrAbortHandler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	nsid, isXRPC := strings.CutPrefix(r.URL.Path, "/xrpc/")
	s, offersXRPC := services[host]
	switch {
	case isXRPC && offersXRPC:
		f.serveXRPC(w, r, s, nsid)
	case host == directoryHost:
		f.serveDirectory(w, r)
	case host == cdnHost:
		f.serveCDN(w, r)
	case host == siteHost:
		f.serveSite(w, r)
	case r.URL.Path == "/.well-known/atproto-did":
		f.serveHandle(w, host)
	default:
		refuse(w, notFound("Not Found"))
	}
}
