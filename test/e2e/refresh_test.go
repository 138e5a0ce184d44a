package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/platforms/farside/consent"
	"posthorn/internal/platforms/twitter/twitterfake"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/sandbox/fault"
)

// tokenAge is how old the accounts' tokens are when these tests begin: those that are good for hours have ended, those good for sixty days are about to.
const tokenAge = 55 * 24 * time.Hour

// renewal is a platform's way to a new token, with the account that takes it.
type renewal struct {
	account    string // "platform/username"
	host, path string
	post       string // whose publication needs the token; empty: it is renewed by the clock
	hold       *fault.Handle
	id         string
}

// TestKillDuringARefresh kills the worker while tokens are being renewed, before the platforms have seen the request and after they have answered. What was
// not seen is asked again. Of what was answered, X has spent a refresh token whose successor nobody has: that account has to be connected again, says so, and
// holds its post until then. Bluesky gives the same successor once more, and Instagram's token stays what it was.
func TestKillDuringARefresh(t *testing.T) {
	t.Parallel()
	var behind atomic.Int64 // how far the platforms' clock is behind
	behind.Store(int64(tokenAge))
	s := newSystemAt(t, pgtest.NewURL(t), nil, func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) })
	behind.Store(0)
	for _, round := range []struct {
		when fault.Moment
		x    string
		lost bool
	}{{fault.Before, "twitter/lamplight_press", false}, {fault.After, "twitter/north_quay", true}} {
		if round.when == fault.After { // what was renewed a moment ago is due again
			behind.Add(-int64(48 * time.Hour))
			s.exec(t, `update tokens set tried_at = null, expires_at = now() + case when account_id = $1 then interval '1 day' else interval '0' end where account_id = any($2)`,
				s.accounts["instagram/coastline.daily"], []string{s.accounts["instagram/coastline.daily"], s.accounts["bluesky/lantern.bsky.social"], s.accounts[round.x]})
		}
		list := []*renewal{
			{account: "instagram/coastline.daily", host: "graph.instagram.com", path: "*/refresh_access_token"},
			{account: round.x, host: "api.x.com", path: "/2/oauth2/token", post: "by X, killed " + string(round.when)},
			{account: "bluesky/lantern.bsky.social", host: "*.bsky.network", path: "*.refreshSession", post: "by Bluesky, killed " + string(round.when)},
		}
		for _, r := range list {
			var err error
			if r.hold, err = s.sandbox.Add(fault.Rule{Host: r.host, Path: r.path, Action: fault.Hold, When: round.when}); err != nil {
				t.Fatal(err)
			}
		}
		victim := s.start(t, "worker")
		for _, r := range list {
			if r.post != "" {
				platform, _, _ := strings.Cut(r.account, "/")
				r.id = s.create(t, map[string]any{"content": r.post, "platforms": []any{map[string]any{"platform": platform, "accountId": s.accounts[r.account]}}}).ID
			}
		}
		for _, r := range list {
			if err := r.hold.Wait(t.Context(), 1); err != nil {
				t.Fatalf("%s, %s: its renewal is never reached: %v", r.account, round.when, err)
			}
		}
		victim.kill()
		for _, r := range list { // what was held before the platform saw it must never reach it
			if err := r.hold.WaitGone(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			r.hold.Remove()
		}
		heir := s.start(t, "worker")
		for _, r := range list {
			if r.account == round.x && round.lost {
				s.lostPair(t, r)
				continue
			}
			if r.post != "" {
				s.eventually(t, time.Minute, fmt.Sprintf("%s, %s: the post is published", r.account, round.when), func() bool { return s.get(t, r.id).Status == "published" })
			}
			if got := s.health(t, r.account); got == "error" {
				t.Errorf("%s, %s: the account's health is %s", r.account, round.when, got)
			}
			if n := len(s.visible(r.post)); r.post != "" && n != 1 {
				t.Errorf("%s, %s: the public sees %d posts", r.account, round.when, n)
			}
		}
		photo := s.create(t, map[string]any{"content": "by Instagram, killed " + string(round.when), "mediaItems": []any{s.photo("coast.jpg")},
			"platforms": []any{map[string]any{"platform": "instagram", "accountId": s.accounts["instagram/coastline.daily"]}}})
		s.eventually(t, time.Minute, "Instagram takes the token still", func() bool { return s.get(t, photo.ID).Status == "published" })
		heir.kill()
	}
}

// lostPair looks at an account whose new pair of tokens died with a worker, and connects it again.
func (s *system) lostPair(t *testing.T, r *renewal) {
	t.Helper()
	s.eventually(t, time.Minute, "the account says what happened", func() bool { return s.health(t, r.account) == "error" })
	s.eventually(t, time.Minute, "the post says that it is held", func() bool {
		target := s.get(t, r.id).Platforms[0]
		return target.Status == "pending" && strings.Contains(string(target.Error), `"willRetry":true`) && strings.Contains(string(target.Error), "The post is held")
	})
	told := func() int {
		_, _, events := s.raw(t, http.MethodGet, "/v1/events?limit=100", nil)
		return strings.Count(events, `"disconnectionType":"unintentional"`)
	}
	s.eventually(t, time.Minute, "it is told of", func() bool { return told() > 0 })
	if n := len(s.visible(r.post)); n != 0 {
		t.Errorf("the public sees %d posts of an account without a token", n)
	}
	platform, username, _ := strings.Cut(r.account, "/")
	if q := s.connect(t, platform, username); q.Get("accountId") != s.accounts[r.account] {
		t.Fatalf("connected again with %v", q)
	}
	s.eventually(t, time.Minute, "the post goes out", func() bool { return s.get(t, r.id).Status == "published" })
	if n := len(s.visible(r.post)); n != 1 {
		t.Errorf("the public sees %d posts", n)
	}
	if got := s.health(t, r.account); got == "error" || told() != 1 {
		t.Errorf("connected again its health is %s, and %d events told that it was lost", got, told())
	}
}

// TestKillDuringARevocation kills the worker between X's answer to a revocation and our note of it: another one repeats it, and the token is dead.
func TestKillDuringARevocation(t *testing.T) {
	t.Parallel()
	s := newSystem(t, nil)
	far := s.fakes["twitter"].(*twitterfake.Fake)
	token := far.Accounts()[0]
	hold, err := s.sandbox.Add(fault.Rule{Host: "api.x.com", Path: "/2/oauth2/revoke", Action: fault.Hold, When: fault.After})
	if err != nil {
		t.Fatal(err)
	}
	victim := s.start(t, "worker")
	if code, _, body := s.raw(t, http.MethodDelete, "/v1/accounts/"+s.accounts["twitter/"+token.Username], nil); code != 200 {
		t.Fatalf("disconnecting answered %d %s", code, body)
	}
	if err := hold.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	victim.kill()
	s.exec(t, `update revocations set next_at = now()`) // the dead worker's time would be over in some minutes
	s.start(t, "worker")
	s.eventually(t, time.Minute, "both tokens are dead", func() bool { return !far.Opens(token.Access) && !far.Opens(token.Refresh) })
	if !far.Opens(far.Accounts()[1].Refresh) {
		t.Error("another account's token is dead, too")
	}
}

// health is an account's, in the contract's word.
func (s *system) health(t *testing.T, account string) string {
	t.Helper()
	var out struct{ Status string }
	if _, err := s.call(t.Context(), http.MethodGet, "/v1/accounts/"+s.accounts[account]+"/health", nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.Status
}

// connect follows a login through, as a browser does, and gives what it ends up with.
func (s *system) connect(t *testing.T, platform, username string) url.Values {
	t.Helper()
	var profiles struct {
		Profiles []struct {
			ID string `json:"_id"`
		}
	}
	if _, err := s.call(t.Context(), http.MethodGet, "/v1/profiles", nil, &profiles); err != nil {
		t.Fatal(err)
	}
	var begun struct{ AuthURL string }
	query := url.Values{"profileId": {profiles.Profiles[0].ID}, "redirect_url": {"https://shop.example/done"}}
	if _, err := s.call(t.Context(), http.MethodGet, "/v1/connect/"+platform+"?"+query.Encode(), nil, &begun); err != nil {
		t.Fatal(err)
	}
	page, err := url.Parse(begun.AuthURL)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	to, err := client.PostForm(begun.AuthURL, url.Values{consent.FieldUser: {username}, consent.FieldDecision: {"allow"}, consent.FieldScope: strings.Fields(page.Query().Get("scope"))})
	for range 2 { // to this server, and from here to where the visit began
		if err != nil {
			t.Fatal(err)
		}
		to.Body.Close()
		next, err2 := to.Location()
		if err2 != nil {
			t.Fatalf("the browser is stuck at a %d: %v", to.StatusCode, err2)
		}
		if next.Host == "shop.example" {
			return next.Query()
		}
		to, err = client.Get(next.String())
	}
	next, err := to.Location()
	if err != nil {
		t.Fatal(err)
	}
	to.Body.Close()
	return next.Query()
}

// exec changes the database behind everybody's back.
func (s *system) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	database, _ := strings.CutPrefix(s.env[0], "DATABASE_URL=")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
