// Package linkedinfake is the far side of LinkedIn in memory: members and pages, versioned calls, uploads in parts, texts that are cut at what is not
// escaped, and refusals of what was posted a moment ago, as strict as LinkedIn documents them.
package linkedinfake

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"posthorn/internal/platforms/farside"
)

// The hosts that one Fake answers for.
const (
	hostAPI = "api.linkedin.com"
	hostWeb = "www.linkedin.com"
	hostCDN = "media.licdn.com"
)

// Fake is a LinkedIn with two members, of whom one manages two pages. It is safe for concurrent use and keeps no goroutine and no timer: what should
// happen in time is worked out from the clock when somebody looks.
type Fake struct {
	now        func() time.Time
	processing time.Duration
	lifetime   time.Duration

	mu       sync.Mutex
	counter  int64
	members  []*member
	pages    []*organization
	seeds    []farside.Account
	access   map[string]*token
	refresh  map[string]*grant
	codes    map[string]*code
	assets   map[string]*asset // by URN
	posts    []*post
	flaked   map[string]int
	dropped  map[string]bool
	slowed   map[string]time.Time
	written  map[string][]time.Time // by member, of the day
	settings settings
}

type member struct {
	sub, name, email string
}

func (m *member) urn() string { return "urn:li:person:" + m.sub }

// organization is a page.
type organization struct {
	id, name, vanity, website, about string
	roles                            map[*member]string
}

func (p *organization) urn() string { return "urn:li:organization:" + p.id }

// settings are what a test or a sandbox may change.
type settings struct {
	lag       time.Duration // for up to so long a list does not have a post
	unindexed time.Duration // for so long a new post cannot be commented
	fresh     time.Duration // for so long a refreshed token is taken for a revoked one
	repeats   time.Duration // for so long the same post again is refused
	posts     int           // of a member in a day of UTC
	oldest    string        // version of the API that is there yet
	lenient   bool          // what is not processed yet can be posted, and is seen by nobody
	nameless  int           // so many posts are made without an ID in the answer
}

// New makes a LinkedIn with its members and pages and nothing posted. With o.Processing zero everything takes the time that it takes there.
func New(o farside.Options) *Fake {
	f := &Fake{now: o.Now, processing: o.Processing, lifetime: o.TokenLifetime, access: map[string]*token{}, refresh: map[string]*grant{}, codes: map[string]*code{}, assets: map[string]*asset{},
		flaked: map[string]int{}, dropped: map[string]bool{}, slowed: map[string]time.Time{}, written: map[string][]time.Time{},
		settings: settings{lag: 5 * time.Second, unindexed: 3 * time.Second, fresh: 2 * time.Second, repeats: 10 * time.Minute, posts: 150, oldest: "202512"}}
	if o.Processing > 0 {
		f.settings.lag, f.settings.unindexed = 0, o.Processing
	}
	if o.Generous {
		f.settings.posts = 10_000
	}
	mira, jonas := &member{"mQ7castell", "Mira Castell", "mira@harbour.example"}, &member{"jF3feldmann", "Jonas Feldmann", "jonas@feldmann.example"}
	f.members = []*member{mira, jonas}
	f.pages = []*organization{
		{"2414183", "Harbour Lights Studio", "harbour-lights-studio", "https://harbour.example", "Lamps, and the light that they make.", map[*member]string{mira: "ADMINISTRATOR"}},
		{"7730021", "Old Mill Books", "old-mill-books", "https://oldmill.example", "Books by the river.", map[*member]string{mira: "CONTENT_ADMINISTRATOR"}},
		{"9905512", "Quiet Harbour Pilots", "quiet-harbour-pilots", "", "", map[*member]string{mira: "ANALYST"}},
	}
	f.seed(mira.urn(), mira.name, mira.name, "", mira, "fake-linkedin-access-of-mira-opens-only-the-fake", []string{"openid", "profile", "email", "w_member_social"}, "personal")
	p := f.pages[0]
	f.seed(p.urn(), p.vanity, p.name, "https://"+hostWeb+"/company/"+p.vanity+"/", mira, "fake-linkedin-access-of-harbour-lights-opens-only-the-fake", knownScopes, "organization")
	return f
}

// seed admits an account that is there from the start.
func (f *Fake) seed(urn, username, name, address string, m *member, access string, scopes []string, kind string) {
	refresh := strings.Replace(access, "access", "refresh", 1)
	g := &grant{member: m, scopes: scopes, until: f.now().Add(grantLife)}
	f.refresh[refresh] = g
	f.access[access] = &token{grant: g, ends: f.now().Add(f.life())}
	f.seeds = append(f.seeds, farside.Account{RemoteID: urn, Username: username, DisplayName: name, ProfileURL: address, Access: access, Refresh: refresh, ExpiresAt: f.now().Add(f.life()), Data: map[string]any{"type": kind}})
}

// Hosts implements [farside.Server].
func (f *Fake) Hosts() []string { return []string{hostAPI, hostWeb, hostCDN} }

// Accounts implements [farside.Server].
func (f *Fake) Accounts() []farside.Account { return slices.Clone(f.seeds) }

// Posts implements [farside.Server].
func (f *Fake) Posts() []farside.Post {
	f.mu.Lock()
	defer f.mu.Unlock()
	posts := []farside.Post{}
	for _, p := range slices.Backward(f.posts) {
		if !p.deleted && !p.hidden {
			posts = append(posts, f.public(p))
		}
	}
	return posts
}

// Retire takes away every version of the API before one.
func (f *Fake) Retire(oldest string) { f.set(func(s *settings) { s.oldest = oldest }) }

// Lenient takes posts whose media is not processed yet, and shows them to nobody.
func (f *Fake) Lenient() { f.set(func(s *settings) { s.lenient = true }) }

// Nameless makes the next so many posts without telling their IDs.
func (f *Fake) Nameless(n int) { f.set(func(s *settings) { s.nameless = n }) }

// SetQuota sets how many posts a member may make in a day.
func (f *Fake) SetQuota(n int) { f.set(func(s *settings) { s.posts = n }) }

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// nextID makes a number that holds the time. The caller holds mu.
func (f *Fake) nextID() int64 {
	f.counter++
	return f.now().UnixMilli()<<22 | (f.counter * 7919 & (1<<22 - 1))
}

// fraction is a part of a time that an ID decides, so that each post takes its own.
func fraction(id int64, of time.Duration) time.Duration {
	return of * time.Duration(id%1000) / 1000
}

// ServeHTTP implements [http.Handler] for requests that carry a real host and a real path.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch farside.HostOf(r) {
	case hostAPI:
		f.serveAPI(w, r)
	case hostWeb:
		f.serveWeb(w, r)
	case hostCDN:
		f.serveMedia(w, r)
	default:
		refuse(w, failNotFound)
	}
}
