package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/budget"
	"posthorn/internal/outbound"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/postgres/pgtest"
	"posthorn/internal/tokens"
)

// The limits of metered: calls as Instagram counts them, and posts a day.
const (
	callsAnHour = 200
	postsADay   = 40
	callsOfPost = 4
)

// metered is a platform with two budgets.
type metered struct{}

func (metered) Info() platforms.Info {
	return platforms.Info{Name: "metered", Title: "Metered", Budgets: []platforms.Budget{
		{Name: "calls_hour", Scope: "account", Limit: callsAnHour, Window: time.Hour, EveryCall: true, Source: "https://example.com"},
		{Name: "posts_day", Scope: "account", Limit: postsADay, Window: 24 * time.Hour, PerPost: 1, Source: "https://example.com"},
	}}
}

func (metered) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func (metered) Costs(req *http.Request) map[string]int {
	if strings.HasSuffix(req.URL.Path, "/publish") {
		return map[string]int{"posts_day": 1}
	}
	return nil
}

func (metered) Usage(h http.Header) (u platforms.Usage, ok bool) {
	n, err := fmt.Sscanf(h.Get("X-Usage"), "%f", &u.Percent)
	u.Budget, u.Regain = "calls_hour", 10*time.Minute
	return u, n == 1 && err == nil
}

// counting is metered's far side. It counts each account's calls and posts in windows that slide to the millisecond, and refuses what is over.
type counting struct {
	now   func() time.Time
	mu    sync.Mutex
	calls map[string][]time.Time
	posts map[string][]time.Time
	over  int
	made  map[string]int
}

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, who := c.now(), strings.Split(r.URL.Path, "/")[2]
	recent := func(list []time.Time, window time.Duration) []time.Time {
		return slices.DeleteFunc(list, func(at time.Time) bool { return !at.After(now.Add(-window)) })
	}
	c.calls[who] = append(recent(c.calls[who], time.Hour), now)
	if strings.HasSuffix(r.URL.Path, "/publish") {
		c.posts[who] = append(recent(c.posts[who], 24*time.Hour), now)
	}
	if len(c.calls[who]) > callsAnHour || len(c.posts[who]) > postsADay {
		c.over++
		http.Error(w, `{"error":"too many"}`, http.StatusTooManyRequests)
		return
	}
	c.made[who]++
	w.Header().Set("X-Usage", fmt.Sprintf("%.1f", 100*float64(len(c.calls[who])-1)/callsAnHour)) // as of before this call
	io.WriteString(w, `{}`)
}

// stranger uses an account from elsewhere, which counts too.
func (c *counting) stranger(who string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.calls[who] = append(c.calls[who], c.now())
	}
}

// simulation is how much of it is played: POSTHORN_TEST_SIMULATION=full is a week of 2,000 accounts.
type simulation struct {
	accounts, busy int // busy ones have more to publish than they may
	long           time.Duration
}

// TestAWeekOfBudgets plays what many workers do with many accounts, on a clock that is moved: no call goes over any limit, and an account with a
// backlog uses all but a little of what it may.
func TestAWeekOfBudgets(t *testing.T) {
	t.Parallel()
	sim := simulation{accounts: 100, busy: 2, long: 8 * time.Hour}
	if os.Getenv("POSTHORN_TEST_SIMULATION") == "full" {
		sim = simulation{accounts: 2000, busy: 4, long: 7 * 24 * time.Hour}
	}
	var clock struct {
		sync.Mutex
		at time.Time
	}
	clock.at = now
	tell := func() time.Time {
		clock.Lock()
		defer clock.Unlock()
		return clock.at
	}
	far := &counting{now: tell, calls: map[string][]time.Time{}, posts: map[string][]time.Time{}, made: map[string]int{}}
	server := httptest.NewServer(far)
	t.Cleanup(server.Close)
	gateway, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	service, ids := meteredAccounts(t, gateway, tell, sim.accounts)
	rng := rand.New(rand.NewPCG(1, 2))
	var drawing sync.Mutex // several workers draw at once
	draw := func(most time.Duration) time.Duration {
		drawing.Lock()
		defer drawing.Unlock()
		return time.Duration(rng.Int64N(int64(most)))
	}

	// Each account has posts to come. A busy one always has more; the others' come at any time.
	type worker struct {
		id, name string
		busy     bool
		due      time.Time // when it goes on
		calls    int       // made of the post in hand
		left     int       // posts still to come
	}
	var all []*worker
	for i, id := range ids {
		w := &worker{id: id, name: fmt.Sprint("u", i), busy: i < sim.busy, due: now.Add(draw(sim.long / 2)), left: 3}
		if w.busy {
			w.due, w.left = now, 1_000_000
		}
		all = append(all, w)
	}
	step := func(w *worker) error {
		path := "/look"
		if w.calls == callsOfPost-1 && !w.busy { // what is busy only looks: its calls are the tight budget
			path = "/publish"
		}
		session, err := service.Dial(t.Context(), w.id, func() error { return nil })
		if err == nil {
			var req *http.Request
			if req, err = http.NewRequestWithContext(t.Context(), "POST", "https://metered.example/"+w.name+path, nil); err != nil {
				return err
			}
			var resp *http.Response
			if resp, err = session.Conn.HTTP.Do(req); err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if noted := session.Close(t.Context()); noted != nil {
				return noted
			}
		}
		var refused *platforms.Error
		switch {
		case errors.As(err, &refused) && refused.Kind == platforms.RateLimited:
			w.due = refused.Reset
			return nil
		case err != nil:
			return err
		}
		if w.calls++; w.calls == callsOfPost {
			w.calls = 0
			w.left--
			if !w.busy {
				w.due = tell().Add(draw(sim.long / 8))
			}
		}
		return nil
	}
	end := now.Add(sim.long)
	for tell().Before(end) {
		var ready []*worker
		for _, w := range all {
			if w.left > 0 && !w.due.After(tell()) {
				ready = append(ready, w)
			}
		}
		if len(ready) == 0 {
			clock.Lock()
			clock.at = clock.at.Add(5 * time.Second)
			clock.Unlock()
			continue
		}
		if rng.IntN(2000) == 0 { // somebody uses the app itself
			far.stranger(fmt.Sprint("u", sim.busy+rng.IntN(len(ids)-sim.busy)), 50)
		}
		for chunk := range slices.Chunk(ready, 20) {
			var at sync.WaitGroup
			failed := make(chan error, len(chunk))
			for _, w := range chunk {
				at.Go(func() {
					if err := step(w); err != nil {
						failed <- err
					}
				})
			}
			at.Wait()
			select {
			case err := <-failed:
				t.Fatal(err)
			default:
			}
		}
	}
	if far.over > 0 {
		t.Errorf("%d calls went over a limit", far.over)
	}
	for _, w := range all[:sim.busy] {
		share := float64(far.made[w.name]) / (callsAnHour * sim.long.Hours())
		t.Logf("%s made %d calls, %.1f %% of what it may", w.name, far.made[w.name], 100*share)
		if share < 0.95 {
			t.Errorf("%s has used only %.1f %% of its budget", w.name, 100*share)
		}
	}
	posts := 0
	for _, w := range all[sim.busy:] {
		posts += 3 - w.left
	}
	t.Logf("%d accounts, %v: %d posts of the %d with little to do", sim.accounts, sim.long, posts, len(all)-sim.busy)
	if posts < (len(all)-sim.busy)*2 {
		t.Errorf("only %d posts of %d accounts went out", posts, len(all)-sim.busy)
	}
}

func meteredAccounts(t *testing.T, gateway *url.URL, clock func() time.Time, n int) (*accounts.Service, []string) {
	t.Helper()
	s, connect := simulatedAccounts(t, metered{}, gateway, clock, func(string) platforms.Token { return platforms.Token{Access: platforms.NewSecret("token")} })
	return s, connect(0, n)
}

// simulatedAccounts is a service with one platform, and what connects some of its users, with the tokens that it issues.
func simulatedAccounts(t *testing.T, p platforms.Platform, gateway *url.URL, clock func() time.Time, issue func(who string) platforms.Token) (*accounts.Service, func(from, until int) []string) {
	t.Helper()
	pool := pgtest.New(t)
	keys, err := tokens.ParseKeys(tokens.NewKey("k1"))
	if err != nil {
		t.Fatal(err)
	}
	s := &accounts.Service{Pool: pool, Platforms: platforms.NewRegistry(p), Vault: &tokens.Vault{Pool: pool, Keys: keys, Now: clock}, Budgets: &budget.Store{Pool: pool, Now: clock},
		Apps: func(string) platforms.App { return platforms.App{} }, Outbound: outbound.NewPlatforms(outbound.PlatformOptions{Gateway: gateway, Now: clock}), Now: clock}
	people := &auth.Service{Pool: pool, Now: clock}
	return s, func(from, until int) (ids []string) {
		t.Helper()
		err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			ids = nil
			owner, _, err := people.EnsureOwner(t.Context(), tx, "owner")
			if err != nil {
				return err
			}
			profile, err := s.EnsureDefaultProfile(t.Context(), tx, owner)
			if err != nil {
				return err
			}
			for i := from; i < until; i++ {
				who := fmt.Sprint(i)
				id, err := s.Connect(t.Context(), tx, owner, profile, p.Info().Name, platforms.Account{RemoteID: who, Username: "u" + who}, issue(who))
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
}
