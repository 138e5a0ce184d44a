// Package facebookfake is the far side of Facebook Pages in memory: users and their Pages, posts that are made unpublished and switched on, photos,
// videos in pieces and in phases, stories and comments, as strict and as odd as Meta documents them, so that a client which works here has met what it
// will meet there.
package facebookfake

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

// The hosts that one Fake answers for.
const (
	hostGraph  = "graph.facebook.com"
	hostVideo  = "graph-video.facebook.com"
	hostUpload = "rupload.facebook.com"
	hostWeb    = "www.facebook.com"
	hostCDN    = "scontent.xx.fbcdn.net"
)

// graphTime is how Graph writes times.
const graphTime = "2006-01-02T15:04:05-0700"

// Fake is a Facebook with some users and their Pages. It is safe for concurrent use and keeps no goroutine and no timer: what should happen in time is
// worked out from the clock when somebody looks.
type Fake struct {
	now        func() time.Time
	fetch      graph.Fetcher
	assets     *graph.Assets
	processing time.Duration // of an image, of which a video takes ten; 0: the usual times
	lifetime   time.Duration // of a Page's token; 0: it has no end

	mu       sync.Mutex // guards all below; never held while media is fetched
	lastID   int64
	users    []*user
	pages    []*fanPage
	tokens   map[string]*token
	codes    map[string]*code
	photos   map[string]*photo
	videos   map[string]*video
	posts    map[string]*post
	order    []*post // all there ever were, in order of creation
	comments map[string]*comment
	flaked   map[string]int
	dropped  map[string]bool
	settings settings
}

// fanPage is a Page.
type fanPage struct {
	id, name, username, category string
	token                        string // of whoever manages it, made of a long-lived one
	picture                      string // asset ID
	usage                        graph.Usage
	reels                        []time.Time // within a day
}

// New makes a Facebook with nothing published. With o.Processing zero everything takes the time that it takes at Meta: a video 5 to 60 s, and what is
// published shows in lists only after a while; else nothing lags.
func New(o farside.Options) *Fake {
	f := &Fake{
		now: o.Now, fetch: graph.Fetcher{Client: o.Fetch}, assets: &graph.Assets{Host: hostCDN}, processing: o.Processing, lifetime: o.TokenLifetime,
		// IDs start at the clock, so that one from before a restart never names something new.
		lastID: 12e16 + max(0, o.Now().UnixMicro()),
		tokens: map[string]*token{}, codes: map[string]*code{}, photos: map[string]*photo{}, videos: map[string]*video{}, posts: map[string]*post{},
		comments: map[string]*comment{}, flaked: map[string]int{}, dropped: map[string]bool{}, settings: usualSettings(),
	}
	if o.Processing > 0 {
		f.settings.lag, f.settings.storyLag = 0, 0
	}
	if o.Generous {
		f.settings.callBudget, f.settings.reels = 200_000, 10_000
	}
	f.populate()
	for i, p := range f.pages {
		p.picture = f.assets.Keep(graph.Portrait(i+4), "image/jpeg", nil).ID
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string { return []string{hostGraph, hostVideo, hostUpload, hostWeb, hostCDN} }

// Accounts implements [farside.Server]: the first two Pages. Their tokens are the same in every Fake.
func (f *Fake) Accounts() []farside.Account {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []farside.Account
	for _, p := range f.pages[:2] {
		all = append(all, farside.Account{RemoteID: p.id, Username: p.username, DisplayName: p.name, PictureURL: f.assets.URL(p.picture), ProfileURL: "https://" + hostWeb + "/" + p.username,
			Access: p.token, ExpiresAt: f.tokens[p.token].expires, GrantedBy: f.tokens[p.token].user.id})
	}
	return all
}

// Posts implements [farside.Server]. What lags behind in reads, the public sees at once; an unpublished post and a draft it never sees.
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, posts := f.now(), []farside.Post{}
	for _, p := range f.order {
		if p.visible(now) {
			posts = append(posts, p.public(now))
		}
	}
	slices.SortStableFunc(posts, func(a, b farside.Post) int { return b.At.Compare(a.At) })
	return posts
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path. Where an answer is to be lost it panics with
// [http.ErrAbortHandler], upon which net/http closes the connection.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch farside.HostOf(r) {
	case hostGraph, hostVideo:
		f.serveGraph(w, r)
	case hostUpload:
		f.serveUpload(w, r)
	case hostWeb:
		f.serveWeb(w, r)
	case hostCDN:
		f.assets.ServeHTTP(w, r)
	default:
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
	}
}

// serveWeb is the site: the consent page, the posts' permalinks and the Pages.
func (f *Fake) serveWeb(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) == 3 && version.MatchString(parts[0]) && parts[1] == "dialog" && parts[2] == "oauth" {
		f.serveAuthorize(w, r)
		return
	}
	var found []farside.Post
	path := strings.Join(parts, "/")
	for _, p := range f.Posts() {
		if strings.Trim(strings.TrimPrefix(p.URL, "https://"+hostWeb), "/") == path || path == p.ID || path == p.Username {
			found = append(found, p)
		}
	}
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		page.Write(w, http.StatusMethodNotAllowed, "This page can only be read", nil)
	case len(found) == 0:
		page.Write(w, http.StatusNotFound, "This content isn't available right now", nil)
	default:
		page.Write(w, http.StatusOK, "Facebook, in the sandbox", found)
	}
}

// nextID makes an ID. The caller holds mu, or nobody else knows the Fake yet.
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
