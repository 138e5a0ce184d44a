// Package tiktokfake is the far side of TikTok in memory: logins, the Content Posting API with its uploads and its reading of media, and what it tells of
// accounts and their posts, as strict as TikTok documents them.
package tiktokfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
	"posthorn/internal/platforms/farside/graph"
)

// The hosts that one Fake answers for.
const (
	hostAPI    = "open.tiktokapis.com"
	hostUpload = "open-upload.tiktokapis.com"
	hostWeb    = "www.tiktok.com"
	hostCDN    = "p16-sign.tiktokcdn.com"
)

// Fake is a TikTok with two creators. It is safe for concurrent use and keeps no goroutine and no timer: what should happen in time is worked out from
// the clock when somebody looks.
type Fake struct {
	now        func() time.Time
	fetch      *http.Client
	processing time.Duration
	lifetime   time.Duration
	media      graph.Assets

	mu       sync.Mutex
	lastID   int64
	accounts []*account
	access   map[string]*token
	refresh  map[string]*token
	codes    map[string]*code
	jobs     []*job
	asked    map[string][]time.Time // calls of the last minute, by token and kind
	flaked   map[string]int
	dropped  map[string]bool
	leaks    int // requests to the upload host that carried a credential
	settings settings
}

// settings are what a test or a sandbox may change.
type settings struct {
	generous   bool
	posts      int           // of a creator in 24 hours
	unaudited  bool          // the app may publish for private accounts only
	unverified []string      // hosts that are none of the app's
	loseTokens int           // so many refreshes change the tokens and drop the answer
	moderation time.Duration // between a post being out and its ID being told; zero: as the options say
}

type account struct {
	id, union, username, name string
	access, refresh           string // that it has from the start
	private                   bool   // its posts are for those who follow it
	noComment                 bool
	seconds                   int // of the longest video
	posted                    []time.Time
}

// New makes a TikTok with its two creators and nothing posted. With o.Processing zero everything takes the time that it takes there.
func New(o farside.Options) *Fake {
	f := &Fake{now: o.Now, fetch: o.Fetch, processing: o.Processing, lifetime: o.TokenLifetime, lastID: 7_300_000_000_000_000_000 + max(0, o.Now().UnixMilli()%1_000_000_000_000)*1000, media: graph.Assets{Host: hostCDN},
		access: map[string]*token{}, refresh: map[string]*token{}, codes: map[string]*code{}, asked: map[string][]time.Time{}, flaked: map[string]int{}, dropped: map[string]bool{},
		settings: settings{posts: 15, generous: o.Generous}}
	if o.Generous {
		f.settings.posts = 10_000
	}
	f.accounts = []*account{
		{id: "-000amberReelsOpenId7Qx2mV", union: "u-amber-reels-41", username: "amber.reels", name: "Amber Reels", seconds: 600, access: "act.fake-of-amber-reels-opens-only-the-fake!4001.u1", refresh: "rft.fake-of-amber-reels-opens-only-the-fake!4001.u1"},
		{id: "-000quietOrchardOpenId9Lk4", union: "u-quiet-orchard-42", username: "quiet.orchard", name: "Quiet Orchard", seconds: 180, private: true, noComment: true, access: "act.fake-of-quiet-orchard-opens-only-the-fake!4002.u1", refresh: "rft.fake-of-quiet-orchard-opens-only-the-fake!4002.u1"},
	}
	for _, a := range f.accounts {
		f.admit(a, a.access, a.refresh, knownScopes, f.now().Add(refreshLife))
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string { return []string{hostAPI, hostUpload, hostWeb, hostCDN} }

// Accounts implements [farside.Server].
func (f *Fake) Accounts() []farside.Account {
	var all []farside.Account
	for _, a := range f.accounts {
		all = append(all, farside.Account{RemoteID: a.id, Username: a.username, DisplayName: a.name, ProfileURL: "https://" + hostWeb + "/@" + a.username, Access: a.access, Refresh: a.refresh,
			ExpiresAt: f.now().Add(f.life()), Data: map[string]any{"unionId": a.union}})
	}
	return all
}

// Unaudited takes the app's audit away, or gives it back.
func (f *Fake) Unaudited(is bool) { f.set(func(s *settings) { s.unaudited = is }) }

// Unverified names hosts that the app has not verified as its own.
func (f *Fake) Unverified(hosts ...string) { f.set(func(s *settings) { s.unverified = hosts }) }

// Posts24h sets how many posts a creator may publish in a day.
func (f *Fake) Posts24h(n int) { f.set(func(s *settings) { s.posts = n }) }

// Moderation sets how long TikTok looks at a post that is out before it tells its ID.
func (f *Fake) Moderation(d time.Duration) { f.set(func(s *settings) { s.moderation = d }) }

// LoseTokens makes the next so many refreshes change the pair and drop the answer.
func (f *Fake) LoseTokens(n int) { f.set(func(s *settings) { s.loseTokens = n }) }

// Leaks is how many requests carried a credential to the upload host, which must not get one.
func (f *Fake) Leaks() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaks
}

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// nextID makes an ID, which rises with time, and is larger than what a float holds. The caller holds mu.
func (f *Fake) nextID() string {
	f.lastID += 4099
	return strconv.FormatInt(f.lastID, 10)
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch farside.HostOf(r) {
	case hostAPI:
		f.serveAPI(w, r)
	case hostUpload:
		f.serveUpload(w, r)
	case hostWeb:
		f.serveWeb(w, r)
	case hostCDN:
		f.media.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// failure is a refusal in the API's envelope.
type failure struct {
	status  int
	code    string
	message string
}

var (
	failToken      = &failure{401, "access_token_invalid", "The access token is invalid or not found in the request."}
	failScope      = &failure{401, "scope_not_authorized", "The user did not authorize the scope required for completing this request."}
	failRate       = &failure{429, "rate_limit_exceeded", "The API rate limit was exceeded. Please try again later."}
	failCap        = &failure{200, "spam_risk_too_many_posts", "The daily post cap from the API is reached for the current user."}
	failShares     = &failure{403, "spam_risk_too_many_pending_share", "There may be at most 5 pending shares within any 24-hour period."}
	failPrivacy    = &failure{403, "privacy_level_option_mismatch", "privacy_level is not among the privacy_level_options of the creator."}
	failUnaudited  = &failure{403, "unaudited_client_can_only_post_to_private_accounts", "Unaudited clients can only post to a private account."}
	failUnverified = &failure{403, "url_ownership_unverified", "Please review our URL ownership verification rules."}
	failPublishID  = &failure{400, "invalid_publish_id", "The publish_id does not exist."}
	failServer     = &failure{500, "internal_error", "Something went wrong. Please try again later."}
	failPath       = &failure{404, "unsupported_path", "Unsupported path."}
)

// invalid is a fault of a request.
func invalid(format string, args ...any) *failure {
	return &failure{400, "invalid_params", fmt.Sprintf(format, args...)}
}

// refuse writes a refusal. The log's ID is TikTok's own name of the exchange.
func (f *Fake) refuse(w http.ResponseWriter, e *failure) {
	answer(w, e.status, map[string]any{"data": map[string]any{}, "error": map[string]any{"code": e.code, "message": e.message, "log_id": f.logID()}})
}

func (f *Fake) logID() string { return f.now().UTC().Format("20060102150405") + "000000000000000001" }

func (f *Fake) ok(w http.ResponseWriter, data any) {
	answer(w, 200, map[string]any{"data": data, "error": map[string]any{"code": "ok", "message": "", "log_id": f.logID()}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}

// call is one request to the API, of a creator.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	now time.Time
	t   *token
}

// route is an endpoint: what serves it, which permission it takes (one of them), and how often a minute it may be called.
type route struct {
	method string
	serve  func(*Fake, *call)
	scopes []string
	limit  int
}

var routes = map[string]route{
	"post/publish/creator_info/query": {http.MethodPost, (*Fake).creatorInfo, []string{"video.publish"}, 20},
	"post/publish/video/init":         {http.MethodPost, (*Fake).initVideo, []string{"video.publish"}, 6},
	"post/publish/inbox/video/init":   {http.MethodPost, (*Fake).initDraft, []string{"video.upload"}, 6},
	"post/publish/content/init":       {http.MethodPost, (*Fake).initPhotos, []string{"video.publish", "video.upload"}, 6},
	"post/publish/status/fetch":       {http.MethodPost, (*Fake).status, []string{"video.publish", "video.upload"}, 30},
	"post/publish/cancel":             {http.MethodPost, (*Fake).cancel, []string{"video.publish", "video.upload"}, 30},
	"user/info":                       {http.MethodGet, (*Fake).userInfo, []string{"user.info.basic"}, 600},
	"video/list":                      {http.MethodPost, (*Fake).videoList, []string{"video.list"}, 600},
	"video/query":                     {http.MethodPost, (*Fake).videoQuery, []string{"video.list"}, 600},
}

// serveAPI finds what is asked, and who asks.
func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	path, versioned := strings.CutPrefix(r.URL.Path, "/v2/")
	path, slashed := strings.CutSuffix(path, "/")
	if strings.HasPrefix(path, "oauth/") && versioned {
		f.serveOAuth(w, r, strings.TrimPrefix(path, "oauth/"))
		return
	}
	found, known := routes[path]
	if !known || !versioned || !slashed || found.method != r.Method {
		f.refuse(w, failPath)
		return
	}
	value, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c := &call{w: w, r: r, now: f.now()}
	f.mu.Lock()
	c.t = f.access[value]
	var fail *failure
	switch {
	case !bearer || c.t == nil || c.t.dead || !c.now.Before(c.t.ends):
		fail = failToken
	case !slices.ContainsFunc(found.scopes, func(s string) bool { return slices.Contains(c.t.scopes, s) }):
		fail = failScope
	case f.over(value+" "+path, found.limit, c.now):
		fail = failRate
	}
	f.mu.Unlock()
	if fail != nil {
		f.refuse(w, fail)
		return
	}
	found.serve(f, c)
}

// over counts a call, and reports whether there were too many in the last minute. The caller holds mu.
func (f *Fake) over(key string, limit int, now time.Time) bool {
	if f.settings.generous {
		return false
	}
	f.asked[key] = slices.DeleteFunc(f.asked[key], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(f.asked[key]) >= limit {
		return true
	}
	f.asked[key] = append(f.asked[key], now)
	return false
}

// decode reads a JSON body in which nothing unknown may stand.
func (f *Fake) decode(c *call, into any) bool {
	kind := strings.ToLower(strings.ReplaceAll(c.r.Header.Get("Content-Type"), " ", ""))
	if kind != "application/json;charset=utf-8" && kind != "application/json" {
		f.refuse(c.w, invalid("Content-Type must be application/json; charset=UTF-8."))
		return false
	}
	dec := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		f.refuse(c.w, invalid("The body cannot be read: %s", strings.TrimPrefix(err.Error(), "json: ")))
		return false
	}
	return true
}
