// Package youtubefake is the far side of YouTube in memory: resumable uploads, videos that are processed, and what hangs on them, as strict as Google
// documents them.
package youtubefake

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
)

// The hosts that one Fake answers for; both names of the API answer.
const (
	hostAPI    = "www.googleapis.com"
	hostAPI2   = "youtube.googleapis.com"
	hostLogin  = "accounts.google.com"
	hostTokens = "oauth2.googleapis.com"
	hostWeb    = "www.youtube.com"
	hostFilms  = "redirector.googlevideo.com"
	hostImages = "i.ytimg.com"
)

// Fake is a YouTube with two channels. It is safe for concurrent use and keeps no goroutine and no timer: what should happen in time is worked out from the
// clock when somebody looks.
type Fake struct {
	now        func() time.Time
	processing time.Duration
	lifetime   time.Duration
	zone       *time.Location // of the day by which is counted

	mu       sync.Mutex
	count    int64
	channels []*channel
	access   map[string]*token
	refresh  map[string]*grant
	codes    map[string]*code
	sessions map[string]*session
	videos   []*video
	flaked   map[string]int
	dropped  map[string]bool
	day      string // that is counted now
	uploads  int
	units    int
	settings settings
}

// channel is a channel with its playlists.
type channel struct {
	id, handle, title string
	access, refresh   string // that it has from the start
	verified          bool   // may set thumbnails and upload for more than 15 minutes
	lists             []*playlist
}

// uploadsList is the ID of the list of all its uploads.
func (c *channel) uploadsList() string { return "UU" + strings.TrimPrefix(c.id, "UC") }

type playlist struct {
	id, title string
	entries   []*entry
}

type entry struct {
	id    string
	video *video
	at    time.Time
}

// New makes a YouTube with its two channels and no video. With o.Processing zero everything takes the time that it takes there, and lists lag.
func New(o farside.Options) *Fake {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil { // a machine without time zones
		zone = time.FixedZone("PST", -8*60*60)
	}
	f := &Fake{now: o.Now, processing: o.Processing, lifetime: o.TokenLifetime, zone: zone, access: map[string]*token{}, refresh: map[string]*grant{}, codes: map[string]*code{},
		sessions: map[string]*session{}, flaked: map[string]int{}, dropped: map[string]bool{}, settings: usualSettings()}
	if o.Processing > 0 {
		f.settings.lag, f.settings.listLag, f.settings.commentLag, f.settings.forgetful = 0, 0, 0, false
	}
	if o.Generous {
		f.settings.uploads, f.settings.units = 1_000_000, 100_000_000
	}
	f.channels = []*channel{
		{id: "UCf4keTidewatchFilms00001", handle: "tidewatch_films", title: "Tidewatch Films", verified: true, access: "fake-yt-access-of-tidewatch-films-opens-only-the-fake", refresh: "fake-yt-refresh-of-tidewatch-films-opens-only-the-fake",
			lists: []*playlist{{id: "PLf4keTidewatchHarbours01", title: "Harbours"}}},
		{id: "UCf4keSlowLatheWorks00002", handle: "slow_lathe", title: "Slow Lathe", access: "fake-yt-access-of-slow-lathe-opens-only-the-fake", refresh: "fake-yt-refresh-of-slow-lathe-opens-only-the-fake",
			lists: []*playlist{{id: "PLf4keSlowLatheChairs0002", title: "Chairs"}}},
	}
	for _, c := range f.channels {
		g := &grant{channel: c, scopes: knownScopes, used: f.now()}
		f.refresh[c.refresh] = g
		f.access[c.access] = &token{grant: g, ends: f.now().Add(f.life())}
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string {
	return []string{hostAPI, hostAPI2, hostLogin, hostTokens, hostWeb, hostFilms, hostImages}
}

// Accounts implements [farside.Server].
func (f *Fake) Accounts() []farside.Account {
	var all []farside.Account
	for _, c := range f.channels {
		all = append(all, farside.Account{RemoteID: c.id, Username: c.handle, DisplayName: c.title, ProfileURL: "https://" + hostWeb + "/channel/" + c.id, Access: c.access, Refresh: c.refresh,
			ExpiresAt: f.now().Add(f.life())})
	}
	return all
}

// Posts implements [farside.Server]. It has the videos that their channel sees, too: those that are private, or being processed, with a note that says so.
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	posts := []farside.Post{}
	for _, v := range slices.Backward(f.videos) {
		if up := v.uploadStatus(now); up == "uploaded" || up == "processed" {
			posts = append(posts, v.public(now))
		}
	}
	return posts
}

// Secrets are the addresses of uploads that it has handed out, which open what they name.
func (f *Fake) Secrets() (list []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range f.sessions {
		list = append(list, id)
	}
	return list
}

// number makes a number that was not there before, spread over its bits so that IDs differ. The caller holds mu.
func (f *Fake) number() uint64 {
	f.count++
	return hash(fmt.Sprint(f.count, " of ", f.now().UnixNano()))
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	x := h.Sum64()
	x ^= x >> 29
	return x * 0xbf58476d1ce4e5b9
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// named makes an ID of n characters. The caller holds mu.
func (f *Fake) named(n int) string {
	var b strings.Builder
	for x := f.number(); b.Len() < n; x >>= 6 {
		if b.Len()%10 == 9 {
			x = hash(b.String() + fmt.Sprint(f.count))
		}
		b.WriteByte(alphabet[x%64])
	}
	return b.String()
}

// spread is a part of a time, which differs from one object to the next and is the same in every run.
func spread(id string, most time.Duration) time.Duration {
	return most * time.Duration(hash(id)%1000) / 1000
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch farside.HostOf(r) {
	case hostAPI, hostAPI2:
		f.serveAPI(w, r)
	case hostTokens:
		f.serveTokens(w, r)
	case hostLogin:
		f.serveLogin(w, r)
	case hostFilms, hostImages:
		f.serveFiles(w, r)
	case hostWeb:
		f.serveWeb(w, r)
	default:
		http.NotFound(w, r)
	}
}

// failure is a refusal in the shape of Google's.
type failure struct {
	status                  int
	domain, reason, message string
}

func (e *failure) saying(message string) *failure {
	other := *e
	other.message = message
	return &other
}

var statuses = map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}

func refuse(w http.ResponseWriter, e *failure) {
	answer(w, e.status, map[string]any{"error": map[string]any{"code": e.status, "message": e.message, "status": statuses[e.status],
		"errors": []any{map[string]any{"message": e.message, "domain": e.domain, "reason": e.reason}}}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}

// call is one request to the API, of a channel.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	now time.Time
	t   *token
	ch  *channel
}

// param is a parameter of the query. A list may have commas, or come as several parameters.
func (c *call) param(name string) string { return strings.Join(c.r.URL.Query()[name], ",") }

// route is a method of the API: the scopes of which one is needed, and what it costs.
type route struct {
	serve  func(*call)
	scopes []string
	units  int
}

var (
	ofUpload   = []string{scopeUpload, scopeAll, scopeManage}
	ofRead     = []string{scopeRead, scopeAll, scopeManage}
	ofManage   = []string{scopeAll, scopeManage}
	ofComments = []string{scopeManage}
)

// routes finds what is asked.
func (f *Fake) routes(method, path string) (route, bool) {
	r, ok := map[string]route{
		"POST /upload/youtube/v3/videos":         {f.insert, ofUpload, 0}, // counted on its own
		"PUT /upload/youtube/v3/videos":          {f.receive, ofUpload, 0},
		"POST /upload/youtube/v3/thumbnails/set": {f.setThumbnail, ofUpload, 50},
		"POST /upload/youtube/v3/captions":       {f.insertCaptions, ofComments, 400},
		"GET /youtube/v3/captions":               {f.listCaptions, ofComments, 50},
		"GET /youtube/v3/channels":               {f.listChannels, ofRead, 1},
		"GET /youtube/v3/videos":                 {f.listVideos, ofRead, 1},
		"PUT /youtube/v3/videos":                 {f.updateVideo, ofManage, 50},
		"DELETE /youtube/v3/videos":              {f.deleteVideo, ofManage, 50},
		"GET /youtube/v3/playlists":              {f.listPlaylists, ofRead, 1},
		"GET /youtube/v3/playlistItems":          {f.listEntries, ofRead, 1},
		"POST /youtube/v3/playlistItems":         {f.insertEntry, ofManage, 50},
		"GET /youtube/v3/commentThreads":         {f.listComments, ofComments, 1},
		"POST /youtube/v3/commentThreads":        {f.insertComment, ofComments, 50},
	}[method+" "+path]
	return r, ok
}

// serveAPI finds what is asked, who asks, and whether there is quota for it.
func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	to, ok := f.routes(r.Method, r.URL.Path)
	if !ok {
		refuse(w, failNotFound)
		return
	}
	now := f.now()
	f.mu.Lock()
	t := f.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	f.mu.Unlock()
	if t == nil || t.grant.dead || !now.Before(t.ends) {
		refuse(w, failToken)
		return
	}
	if !slices.ContainsFunc(to.scopes, func(s string) bool { return slices.Contains(t.grant.scopes, s) }) {
		refuse(w, failScope)
		return
	}
	if t.grant.channel == nil {
		if r.URL.Path == "/youtube/v3/channels" {
			answer(w, 200, map[string]any{"kind": "youtube#channelListResponse", "pageInfo": map[string]int{"totalResults": 0}})
		} else {
			refuse(w, failSignup)
		}
		return
	}
	if fail := f.charge(now, to.units); fail != nil {
		refuse(w, fail)
		return
	}
	to.serve(&call{w, r, now, t, t.grant.channel})
}

// charge takes units of the day, which begins at midnight in California.
func (f *Fake) charge(now time.Time, units int) *failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.today(now)
	if units > 0 && f.units+units > f.settings.units {
		return failQuota
	}
	f.units += units
	return nil
}

// today begins a day's count anew. The caller holds mu.
func (f *Fake) today(now time.Time) {
	if day := now.In(f.zone).Format(time.DateOnly); day != f.day {
		f.day, f.uploads, f.units = day, 0, 0
	}
}

// Units are what has been spent of today's.
func (f *Fake) Units() (uploads, units int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.today(f.now())
	return f.uploads, f.units
}
