// Package instagramfake is Instagram's far side in memory: the container flow, the comments and the tokens of both Graph hosts, as
// strict as Meta documents them, so that a client which works here has met what it will meet there.
package instagramfake

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// The hosts that one Fake answers for.
const (
	hostInstagram = "graph.instagram.com" // Business Login for Instagram
	hostFacebook  = "graph.facebook.com"  // Facebook Login for Business
	hostUpload    = "rupload.facebook.com"
	hostAPI       = "api.instagram.com"
	hostWeb       = "www.instagram.com"
	hostDialog    = "www.facebook.com"
	hostCDN       = "scontent.cdninstagram.com"
)

// day is the window of every publishing limit, and how long a container and a story live.
const day = graph.Day

// Fake is an Instagram with two professional accounts. It is safe for concurrent use and keeps no goroutine and no timer: what should
// happen in time is worked out from the clock when somebody looks.
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
	media      map[string]*media // items of carousels among them
	comments   map[string]*comment
	posts      []*media        // all there ever were, in order of publication
	flaked     map[string]int  // creations refused by a text's flaky directive, by account and text
	dropped    map[string]bool // texts whose answer was dropped once, by account and text
	settings   settings
}

// account is a professional account and what the limits count of it.
type account struct {
	id       string // of the professional account
	scopedID string // of the same person, as the app sees them
	pageID   string // of the linked Facebook Page; none with Instagram login
	username string
	name     string
	host     string // the one API host where its tokens open anything
	token    string
	picture  string // asset ID
	personal bool   // not a professional account
	usage    graph.Usage
	created  []time.Time // containers, for the limit of a rolling day
	released []time.Time // publications, likewise
}

// New makes an Instagram with its two accounts and nothing published. Times and lifetimes that o leaves zero are the usual ones: an
// image takes 1 to 3 s, a video 10 to 90 s and now and then 5 min, a token lives 60 days.
func New(o farside.Options) *Fake {
	f := &Fake{
		now: o.Now, fetch: graph.Fetcher{Client: o.Fetch}, assets: &graph.Assets{Host: hostCDN}, processing: o.Processing, lifetime: o.TokenLifetime,
		// Real IDs have 17 digits. They start at the clock, so that an ID from before a restart never names something new.
		lastID: 16e15 + max(0, o.Now().UnixMicro()),
		tokens: map[string]*token{}, codes: map[string]*code{}, containers: map[string]*container{}, media: map[string]*media{},
		comments: map[string]*comment{}, flaked: map[string]int{}, dropped: map[string]bool{},
		settings: usualSettings(),
	}
	if o.Generous {
		f.settings = generousSettings()
	}
	f.accounts = []*account{
		{
			id: "17841405822304914", scopedID: "24510398761122087", username: "coastline.daily", name: "Coastline Daily",
			host: hostInstagram, token: "IGAAFakeCoastlineDailyLongLivedTokenZAE1xQkVVb3BlbnNPbmx5VGhlRmFrZQZDZD",
		},
		{
			id: "17841448190027355", scopedID: "10229384756610293", pageID: "104872651849302", username: "maison.lune", name: "Maison Lune",
			host: hostFacebook, token: "EAAFakeMaisonLunePageTokenBAOpensOnlyTheFakeZBqZC8kQZDZD",
		},
	}
	for i, a := range f.accounts {
		a.picture = f.assets.Keep(graph.Portrait(i), "image/jpeg", nil).ID
		f.admitToken(a.token, a)
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string {
	return []string{hostInstagram, hostFacebook, hostUpload, hostAPI, hostWeb, hostDialog, hostCDN}
}

// Accounts implements [farside.Server]: one account of each login, in this order Instagram, Facebook. Their tokens are the same in
// every Fake. A Page's token expires only where [farside.Options].TokenLifetime says so.
func (f *Fake) Accounts() []farside.Account {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []farside.Account
	for _, a := range f.accounts {
		data := map[string]any{"loginMethod": "instagram_login"}
		if a.host == hostFacebook {
			data = map[string]any{"loginMethod": "facebook_login", "pageId": a.pageID}
		}
		all = append(all, farside.Account{
			RemoteID: a.id, Username: a.username, DisplayName: a.name, PictureURL: f.assets.URL(a.picture),
			ProfileURL: "https://" + hostWeb + "/" + a.username + "/", Access: a.token, ExpiresAt: f.tokens[a.token].expires, GrantedBy: a.scopedID, Data: data,
		})
	}
	return all
}

// Posts implements [farside.Server]. A story is gone after a day; read-after-write lag hides nothing from the public.
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	posts := []farside.Post{}
	for _, m := range slices.Backward(f.posts) {
		if m.visible(now) {
			posts = append(posts, f.public(m))
		}
	}
	return posts
}

// Duplicates counts the posts that repeat another: same account, same caption, same media. A client that publishes again because it
// did not hear the first answer makes one each time. Deleted posts and past stories count.
func (f *Fake) Duplicates() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]bool{}
	for _, m := range f.posts {
		seen[m.fingerprint()] = true
	}
	return len(f.posts) - len(seen)
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path. Where an answer is to be lost it panics
// with [http.ErrAbortHandler], upon which net/http closes the connection.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch host := farside.HostOf(r); host {
	case hostInstagram, hostFacebook:
		f.serveGraph(w, r, host)
	case hostUpload:
		f.serveUpload(w, r)
	case hostAPI:
		f.serveAPI(w, r)
	case hostWeb, hostDialog:
		f.serveWeb(w, r, host)
	case hostCDN:
		f.assets.ServeHTTP(w, r)
	default:
		graph.Answer(w, nil, graph.UnknownPath(r.URL.Path))
	}
}

// nextID makes an ID for a container, a medium or a comment. The caller holds mu.
func (f *Fake) nextID() string {
	f.lastID += 7
	return strconv.FormatInt(f.lastID, 10)
}

// key names a text of an account, for directives that count.
func (a *account) key(text string) string { return a.id + "\x00" + text }
