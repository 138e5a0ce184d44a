package instagramfake

import "time"

// settings are what a test or a sandbox may change, with the faults that wait to happen.
type settings struct {
	callBudget     int // calls an hour per account; 0: without end
	quota          int // publications a day per account
	containerLimit int // container creations a day per account
	expiredStatus  int // HTTP status of an expired session
	nestedExchange bool

	lag          time.Duration // until a publication can be read back whole
	gapCreated   time.Duration // in which a new container cannot be read
	gapPublished time.Duration // likewise one just published
	publishDeath []Death       // of the next publications, in order
	republish    bool          // a container can be published again, and makes another post
}

// usualSettings are generous with calls, so that nobody is locked out of a sandbox, and otherwise what Meta documents:
// https://developers.facebook.com/docs/instagram-platform/content-publishing
func usualSettings() settings {
	return settings{callBudget: 2000, quota: 50, containerLimit: 400, expiredStatus: 400}
}

// generousSettings are for a sandbox: nobody learns much from waiting a day for the fifty-first post.
func generousSettings() settings {
	s := usualSettings()
	s.callBudget, s.quota, s.containerLimit = 100_000, 10_000, 100_000
	return s
}

// Death is how media_publish ends after it has published.
type Death string

// The ways to die.
const (
	DropAnswer   Death = "drop" // the connection closes without an answer
	AnswerServer Death = "500"  // HTTP 500, code 2
	AnswerSpam   Death = "spam" // 4/2207051, "action is blocked", which it was not
)

// PublishThenDie makes the next call of media_publish that succeeds record its post and then answer wrongly; several add up.
func (f *Fake) PublishThenDie(how Death) {
	f.set(func(s *settings) { s.publishDeath = append(s.publishDeath, how) })
}

// ContainerReadGap makes reads of a container answer 100/33 for a while after its creation and after its publication.
func (f *Fake) ContainerReadGap(afterCreation, afterPublication time.Duration) {
	f.set(func(s *settings) { s.gapCreated, s.gapPublished = afterCreation, afterPublication })
}

// Republish makes every publication of a container another post, the worst that Meta's silence on it allows.
func (f *Fake) Republish() { f.set(func(s *settings) { s.republish = true }) }

// SetLag makes new posts appear in lists, and their permalinks in reads, only that long after publication. The public sees them at
// once.
func (f *Fake) SetLag(d time.Duration) { f.set(func(s *settings) { s.lag = d }) }

// SetCallBudget sets how many calls an hour an account may make; 0 takes the limit and its headers away.
func (f *Fake) SetCallBudget(calls int) { f.set(func(s *settings) { s.callBudget = calls }) }

// SetQuota sets how many posts an account may publish in 24 hours; content_publishing_limit reports it as quota_total.
func (f *Fake) SetQuota(posts int) { f.set(func(s *settings) { s.quota = posts }) }

// SetContainerLimit sets how many containers an account may create in 24 hours.
func (f *Fake) SetContainerLimit(n int) { f.set(func(s *settings) { s.containerLimit = n }) }

// SetExpiredStatus sets the HTTP status of an expired session's error: Meta answers 400, at times 401.
func (f *Fake) SetExpiredStatus(status int) { f.set(func(s *settings) { s.expiredStatus = status }) }

// SetNestedExchange makes the code exchange answer in the documented shape, a list under "data", instead of the flat one observed.
func (f *Fake) SetNestedExchange(on bool) { f.set(func(s *settings) { s.nestedExchange = on }) }

func (f *Fake) set(change func(*settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// ExpireTokens ends all tokens now, as if their time were over: 190/463.
func (f *Fake) ExpireTokens() {
	now := f.now()
	f.eachToken(func(t *token) { t.expires = now })
}

// RevokeTokens ends all tokens as if their users had removed the app: 190/458.
func (f *Fake) RevokeTokens() { f.eachToken(func(t *token) { t.revoked = true }) }

// AgeTokens makes every token so much older, without bringing its end nearer.
func (f *Fake) AgeTokens(d time.Duration) {
	f.eachToken(func(t *token) { t.issued = t.issued.Add(-d) })
}

// RestoreTokens makes the tokens of all accounts work again, as if their users had logged in once more.
func (f *Fake) RestoreTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.accounts {
		f.admitToken(a.token, a)
	}
}

func (f *Fake) eachToken(change func(*token)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.tokens {
		change(t)
	}
}
