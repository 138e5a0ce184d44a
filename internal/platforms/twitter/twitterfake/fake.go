// Package twitterfake is the far side of X in memory: posts, uploads in pieces, and logins whose refresh tokens are good once, as strict as X documents
// them.
package twitterfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
)

// The hosts that one Fake answers for; both names of the API answer.
const (
	hostAPI  = "api.x.com"
	hostAPI2 = "api.twitter.com"
	hostWeb  = "x.com"
	hostCDN  = "pbs.twimg.com"
)

// Fake is an X with two accounts. It is safe for concurrent use and keeps no goroutine and no timer: what should happen in time is worked out from the
// clock when somebody looks.
type Fake struct {
	now        func() time.Time
	processing time.Duration
	lifetime   time.Duration

	mu       sync.Mutex
	lastID   int64
	accounts []*account
	access   map[string]*token
	refresh  map[string]*token
	codes    map[string]*code
	uploads  map[string]*upload
	posts    []*post
	flaked   map[string]int
	dropped  map[string]bool
	settings settings
}

// settings are what a test or a sandbox may change.
type settings struct {
	lag        time.Duration // for up to so long a timeline does not have a post
	repeats    time.Duration // for so long the same text again is refused
	posts      int           // of a user in 15 minutes
	broke      bool          // the app has no credit
	loseTokens int           // so many refreshes change the tokens and drop the answer
}

type account struct {
	id, username, name string
	access, refresh    string // that it has from the start
	posted             []time.Time
}

// New makes an X with its two accounts and nothing posted. With o.Processing zero everything takes the time that it takes there, and a timeline lags.
func New(o farside.Options) *Fake {
	f := &Fake{now: o.Now, processing: o.Processing, lifetime: o.TokenLifetime, lastID: max(1, o.Now().UnixMilli()-1288834974657) << 22,
		access: map[string]*token{}, refresh: map[string]*token{}, codes: map[string]*code{}, uploads: map[string]*upload{}, flaked: map[string]int{}, dropped: map[string]bool{},
		settings: settings{lag: 10 * time.Second, repeats: time.Hour, posts: 100}}
	if o.Processing > 0 {
		f.settings.lag = 0
	}
	if o.Generous {
		f.settings.posts = 10_000
	}
	f.accounts = []*account{
		{id: "1452896403117826049", username: "lamplight_press", name: "Lamplight Press", access: "fake-x-access-of-lamplight-press-opens-only-the-fake", refresh: "fake-x-refresh-of-lamplight-press-opens-only-the-fake"},
		{id: "1452896403117826099", username: "north_quay", name: "North Quay", access: "fake-x-access-of-north-quay-opens-only-the-fake", refresh: "fake-x-refresh-of-north-quay-opens-only-the-fake"},
	}
	for _, a := range f.accounts {
		f.admit(a, a.access, a.refresh, knownScopes)
	}
	return f
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string { return []string{hostAPI, hostAPI2, hostWeb, hostCDN} }

// Accounts implements [farside.Server].
func (f *Fake) Accounts() []farside.Account {
	var all []farside.Account
	for _, a := range f.accounts {
		all = append(all, farside.Account{RemoteID: a.id, Username: a.username, DisplayName: a.name, ProfileURL: "https://" + hostWeb + "/" + a.username, Access: a.access, Refresh: a.refresh,
			ExpiresAt: f.now().Add(f.life()), GrantedBy: a.id, Data: map[string]any{"subscription": "None"}})
	}
	return all
}

// Posts implements [farside.Server].
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	posts := []farside.Post{}
	for _, p := range slices.Backward(f.posts) {
		if !p.deleted {
			posts = append(posts, p.public())
		}
	}
	return posts
}

// Broke takes the app's credit away, or gives it back.
func (f *Fake) Broke(is bool) { f.set(func(s *settings) { s.broke = is }) }

// LoseTokens makes the next so many refreshes change the pair and drop the answer.
func (f *Fake) LoseTokens(n int) { f.set(func(s *settings) { s.loseTokens = n }) }

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// nextID makes an ID, which rises with time. The caller holds mu.
func (f *Fake) nextID() string {
	f.lastID += 4099
	return strconv.FormatInt(f.lastID, 10)
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch farside.HostOf(r) {
	case hostAPI, hostAPI2:
		f.serveAPI(w, r)
	case hostCDN:
		f.serveMedia(w, r)
	case hostWeb:
		f.serveWeb(w, r)
	default:
		refuse(w, failNotFound)
	}
}

// failure is a refusal in one of X's shapes.
type failure struct {
	status              int
	title, detail, kind string
	parameters          bool // as a fault of parameters, with a list of them
	drop                bool
}

const problems = "https://api.twitter.com/2/problems/"

var (
	failUnauthorized = &failure{status: 401, title: "Unauthorized", detail: "Unauthorized", kind: "about:blank"}
	failForbidden    = &failure{status: 403, title: "Forbidden", detail: "You are not permitted to perform this action.", kind: "about:blank"}
	failDuplicate    = &failure{status: 403, title: "Forbidden", detail: "You are not allowed to create a Tweet with duplicate content.", kind: "about:blank"}
	failReply        = &failure{status: 403, title: "Forbidden", detail: "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.", kind: "about:blank"}
	failLong         = &failure{status: 403, title: "Forbidden", detail: "This user is not allowed to post a video longer than 2 minutes", kind: "about:blank"}
	failNotFound     = &failure{status: 404, title: "Not Found Error", detail: "Could not find what was asked for.", kind: problems + "resource-not-found"}
	failCredits      = &failure{status: 402, title: "CreditsDepleted", detail: "Your enrolled account [17] does not have any credits to fulfill this request.", kind: problems + "credits"}
	failMany         = &failure{status: 429, title: "Too Many Requests", detail: "Too Many Requests", kind: "about:blank"}
	failServer       = &failure{status: 503, title: "Service Unavailable", detail: "Service Unavailable", kind: "about:blank"}
	failLarge        = &failure{status: 413, title: "Payload Too Large", detail: "The piece is too large.", kind: "about:blank"}
)

// invalid is a fault of a request.
func invalid(message string) *failure {
	return &failure{status: 400, title: "Invalid Request", detail: message, kind: problems + "invalid-request", parameters: true}
}

func refuse(w http.ResponseWriter, e *failure) {
	if e.drop {
		panic(http.ErrAbortHandler)
	}
	body := map[string]any{"title": e.title, "detail": e.detail, "type": e.kind, "status": e.status}
	if e.parameters {
		body = map[string]any{"errors": []any{map[string]any{"message": e.detail, "parameters": map[string]any{}}}, "title": e.title,
			"detail": "One or more parameters to your request was invalid.", "type": e.kind}
	}
	answer(w, e.status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}

// call is one request to the API, of a user.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	now time.Time
	t   *token
}

// serveAPI finds what is asked, and who asks.
func (f *Fake) serveAPI(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(path) < 2 || path[0] != "2" {
		refuse(w, failNotFound)
		return
	}
	path = path[1:]
	if path[0] == "oauth2" {
		f.serveOAuth(w, r, path[1:])
		return
	}
	value, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	f.mu.Lock()
	t := f.access[value]
	broke := f.settings.broke
	f.mu.Unlock()
	now := f.now()
	if !found || t == nil || t.dead || !now.Before(t.ends) {
		refuse(w, failUnauthorized)
		return
	}
	serve, scope := f.route(r.Method, path)
	switch {
	case serve == nil:
		refuse(w, failNotFound)
	case broke:
		refuse(w, failCredits)
	case !slices.Contains(t.scopes, scope):
		refuse(w, failForbidden)
	default:
		serve(&call{w, r, now, t})
	}
}

// route finds what is asked, and the permission that it takes.
func (f *Fake) route(method string, path []string) (func(*call), string) {
	id := ""
	if len(path) > 1 {
		id = path[1]
	}
	switch {
	case method == "POST" && len(path) == 1 && path[0] == "tweets":
		return f.create, "tweet.write"
	case method == "DELETE" && len(path) == 2 && path[0] == "tweets":
		return func(c *call) { f.delete(c, id) }, "tweet.write"
	case method == "GET" && len(path) == 2 && path[0] == "users" && id == "me":
		return f.me, "users.read"
	case method == "GET" && len(path) == 3 && path[0] == "users" && path[2] == "tweets":
		return func(c *call) { f.timeline(c, id) }, "tweet.read"
	case method == "GET" && len(path) == 2 && path[0] == "tweets":
		return func(c *call) { f.read(c, id) }, "tweet.read"
	case path[0] != "media":
		return nil, ""
	}
	return f.mediaRoute(method, path[1:]), "media.write"
}

// me is GET /2/users/me.
func (f *Fake) me(c *call) {
	a := c.t.acct
	answer(c.w, 200, map[string]any{"data": map[string]any{"id": a.id, "name": a.name, "username": a.username, "profile_image_url": "https://" + hostCDN + "/profile/" + a.username + ".png", "subscription_type": "None"}})
}
