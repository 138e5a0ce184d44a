// Package threadsfake is the far side of Threads in memory: containers, chains of replies, quotas and tokens, as strict and as odd as Meta documents
// them, so that a client which works here has met what it will meet there.
package threadsfake

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
	"posthorn/internal/platforms/farside/page"
)

// The hosts that one Fake answers for. Meta has moved from one domain to another, and both answer.
const (
	hostAPI  = "graph.threads.net"
	hostAPI2 = "graph.threads.com"
	hostWeb  = "www.threads.com"
	hostCDN  = "scontent-lhr8-1.cdninstagram.com"
)

var hostsWeb = []string{hostWeb, "threads.com", "threads.net", "www.threads.net"}

// day is the window of every quota, and how long a container lives.
const day = graph.Day

// Fake is a Threads with two profiles. It is safe for concurrent use and keeps no goroutine and no timer: what should happen in time is worked out
// from the clock when somebody looks.
type Fake struct {
	now        func() time.Time
	fetch      graph.Fetcher
	assets     *graph.Assets
	processing time.Duration // of an image; 0: the usual times
	lifetime   time.Duration // of a long-lived token; 0: the usual one

	mu         sync.Mutex // guards all below; never held while media is fetched
	lastID     int64
	accounts   []*account
	tokens     map[string]*token
	codes      map[string]*code
	containers map[string]*container
	media      map[string]*media
	posts      []*media // all there ever were, in order of publication; items of carousels are not among them
	flaked     map[string]int
	dropped    map[string]bool
	settings   settings
}

// account is a profile and what the quotas count of it.
type account struct {
	id       string
	scopedID string // of the same person, as the app sees them
	username string
	name     string
	token    string
	picture  string      // asset ID
	posted   []time.Time // within a day
	replied  []time.Time
	removed  []time.Time
}

// New makes a Threads with its two profiles and nothing published. With o.Processing zero everything takes the time that it takes at Meta: a text 1 to
// 3 s, an image 3 to 8 s, a video 15 to 120 s, and what is finished or published shows only after a while; else nothing lags.
func New(o farside.Options) *Fake {
	f := &Fake{
		now: o.Now, fetch: graph.Fetcher{Client: o.Fetch}, assets: &graph.Assets{Host: hostCDN}, processing: o.Processing, lifetime: o.TokenLifetime,
		// Real IDs have 17 digits. They start at the clock, so that an ID from before a restart never names something new.
		lastID: 18e15 + max(0, o.Now().UnixMicro()),
		tokens: map[string]*token{}, codes: map[string]*code{}, containers: map[string]*container{}, media: map[string]*media{},
		flaked: map[string]int{}, dropped: map[string]bool{}, settings: usualSettings(),
	}
	if o.Processing > 0 {
		f.settings.unready, f.settings.lag, f.settings.hidden = 0, 0, 0
	}
	if o.Generous {
		f.settings.posts, f.settings.replies, f.settings.deletes = 10_000, 100_000, 10_000
	}
	f.accounts = []*account{
		{id: "26104178305522901", scopedID: "9041772650318846", username: "harbour.notes", name: "Harbour Notes", token: "THAAFakeHarbourNotesLongLivedTokenBOpensOnlyTheFakeZD"},
		{id: "26104178305522977", scopedID: "9041772650318999", username: "studio.fern", name: "Studio Fern", token: "THAAFakeStudioFernLongLivedTokenBOpensOnlyTheFakeZDZD"},
	}
	for i, a := range f.accounts {
		a.picture = f.assets.Keep(graph.Portrait(i+2), "image/jpeg", nil).ID
		f.admitToken(a.token, a)
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string { return append([]string{hostAPI, hostAPI2, hostCDN}, hostsWeb...) }

// Accounts implements [farside.Server]. Their tokens are the same in every Fake.
func (f *Fake) Accounts() []farside.Account {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []farside.Account
	for _, a := range f.accounts {
		all = append(all, farside.Account{RemoteID: a.id, Username: a.username, DisplayName: a.name, PictureURL: f.assets.URL(a.picture),
			ProfileURL: "https://" + hostWeb + "/@" + a.username, Access: a.token, ExpiresAt: f.tokens[a.token].expires, GrantedBy: a.scopedID})
	}
	return all
}

// Posts implements [farside.Server]. What lags behind in reads, the public sees at once.
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	posts := []farside.Post{}
	for _, m := range slices.Backward(f.posts) {
		if !m.deleted {
			posts = append(posts, m.public())
		}
	}
	return posts
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path. Where an answer is to be lost it panics with
// [http.ErrAbortHandler], upon which net/http closes the connection.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch host := farside.HostOf(r); {
	case host == hostAPI || host == hostAPI2:
		f.serveGraph(w, r)
	case host == hostCDN:
		f.assets.ServeHTTP(w, r)
	case slices.Contains(hostsWeb, host):
		f.serveWeb(w, r)
	default:
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
	}
}

// serveWeb is the site: the consent page, the posts' permalinks and the profiles.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	if path == "oauth/authorize" {
		f.serveAuthorize(w, r)
		return
	}
	var found []farside.Post
	for _, p := range f.Posts() {
		if p.URL == "https://"+hostWeb+"/"+path || path == "@"+p.Username {
			found = append(found, p)
		}
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		page.Write(w, http.StatusMethodNotAllowed, "This page can only be read", nil)
	case len(found) == 0:
		page.Write(w, http.StatusNotFound, "Sorry, this page isn't available", nil)
	default:
		page.Write(w, http.StatusOK, "Threads, in the sandbox", found)
	}
}

// nextID makes an ID for a container or a post. The caller holds mu.
func (f *Fake) nextID() string {
	f.lastID += 7
	return strconv.FormatInt(f.lastID, 10)
}

// chance spreads what differs from one object to the next, by ID so that a run can be repeated: 0 to 999.
func chance(id string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return time.Duration(h.Sum32() % 1000)
}
