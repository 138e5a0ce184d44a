package accounts_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
	"posthorn/internal/platforms"
)

// lasting is a platform whose tokens live for sixty days and can be exchanged from the second day to the last, as Instagram's. Now and then
// it cannot, and for some days not at all.
type lasting struct {
	now   func() time.Time
	mu    sync.Mutex
	ends  map[string]time.Time // of the tokens, by account
	made  map[string]time.Time
	hours map[int64]int // refreshes asked for, by the hour
	down  [2]time.Time
	dice  *rand.Rand

	refreshed, failed, young, lost int
}

const (
	lastingLife   = 60 * 24 * time.Hour
	lastingBefore = 10 * 24 * time.Hour
)

func (*lasting) Info() platforms.Info { return platforms.Info{Name: "lasting", Title: "Lasting"} }

func (*lasting) Publish(context.Context, *platforms.Conn, platforms.Task) (platforms.Step, error) {
	return platforms.Step{}, nil
}

func (*lasting) RenewBefore() time.Duration { return lastingBefore }

func (l *lasting) Refresh(_ context.Context, c *platforms.Conn) (platforms.Token, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, who := l.now(), c.Account.RemoteID
	l.hours[now.Unix()/3600]++
	switch {
	case !now.Before(l.ends[who]):
		l.lost++
		return platforms.Token{}, platforms.Errorf(platforms.Unauthorized, "the token has ended")
	case now.Sub(l.made[who]) < 24*time.Hour:
		l.young++
		return platforms.Token{}, platforms.Errorf(platforms.Rejected, "the token is too young")
	case !now.Before(l.down[0]) && now.Before(l.down[1]) || l.dice.IntN(100) < 5:
		l.failed++
		return platforms.Token{}, platforms.Errorf(platforms.Unavailable, "try again later")
	}
	l.refreshed++
	return l.issue(who), nil
}

// issue gives an account a token. The caller holds mu, or nobody else knows l yet.
func (l *lasting) issue(who string) platforms.Token {
	now := l.now()
	l.made[who], l.ends[who] = now, now.Add(lastingLife)
	return platforms.Token{Access: platforms.NewSecret(fmt.Sprintf("token %d of %s", l.refreshed, who)), ExpiresAt: l.ends[who]}
}

// recorder is told what happens.
type recorder struct{ list []events.Event }

func (r *recorder) Emit(_ context.Context, _ pgx.Tx, list ...events.Event) error {
	r.list = append(r.list, list...)
	return nil
}

// TestWarningsOfTheEnd lets a platform renew nothing any more: the owner hears of it a week before the end and a day before, once each, and anew
// when the account was connected again.
func TestWarningsOfTheEnd(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := begin
	clock := func() time.Time { return now }
	l := &lasting{now: clock, ends: map[string]time.Time{}, made: map[string]time.Time{}, hours: map[int64]int{}, dice: rand.New(rand.NewPCG(1, 2)), down: [2]time.Time{begin, begin.AddDate(1, 0, 0)}} //nolint:gosec // repeatable
	told := &recorder{}
	s, connect := simulatedAccounts(t, l, nil, clock, l.issue)
	s.Events = told
	account := connect(0, 1)[0]
	seen := func() (at []string) {
		for _, e := range told.list {
			if e.Name == events.AccountExpiring {
				at = append(at, e.Body["account"].(map[string]any)["expiresAt"].(string)[:10])
			}
		}
		return at
	}
	days := func(from, until int) {
		t.Helper()
		for hour := from * 24; hour < until*24; hour++ {
			now = begin.Add(time.Duration(hour) * time.Hour)
			_ = s.RenewTokens(t.Context())
			if err := s.WarnOfEnds(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	days(0, 53)
	if got := seen(); len(got) != 0 {
		t.Errorf("more than a week before: %v", got)
	}
	days(53, 59)
	if got := seen(); !slices.Equal(got, []string{"2026-03-02"}) {
		t.Errorf("a week before: %v", got)
	}
	days(59, 60)
	if got := seen(); !slices.Equal(got, []string{"2026-03-02", "2026-03-02"}) {
		t.Errorf("a day before: %v", got)
	}
	if again := connect(0, 1)[0]; again != account {
		t.Fatalf("connected again it is %s, was %s", again, account)
	}
	days(60, 115)
	if got := seen(); len(got) != 3 {
		t.Errorf("of the next token: %v", got)
	}
	if l.failed > 100 {
		t.Errorf("%d calls to a platform that renews nothing", l.failed)
	}
}

// TestTokensLiveOn renews the tokens of many accounts for four hundred days, half of which were connected in the same hour: none is lost, none is refreshed
// more often than it takes, and at no time are many refreshed at once. POSTHORN_TEST_SIMULATION=full takes 10,000 accounts and hourly rounds.
func TestTokensLiveOn(t *testing.T) {
	t.Parallel()
	n, every, most := 60, 12*time.Hour, 60
	if os.Getenv("POSTHORN_TEST_SIMULATION") == "full" {
		n, every, most = 10_000, time.Hour, 500
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	now := begin
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	to := func(at time.Time) { mu.Lock(); defer mu.Unlock(); now = at }
	l := &lasting{now: clock, ends: map[string]time.Time{}, made: map[string]time.Time{}, hours: map[int64]int{}, dice: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // repeatable
		down: [2]time.Time{begin.AddDate(0, 0, 150), begin.AddDate(0, 0, 153)}}
	s, connect := simulatedAccounts(t, l, nil, clock, l.issue)
	connect(0, n/2)
	known := n / 2
	for at := begin; at.Before(begin.AddDate(0, 0, 400)); at = at.Add(every) {
		to(at)
		if day := int(at.Sub(begin) / (24 * time.Hour)); day < 50 { // the others come day by day
			if until := n/2 + (n-n/2)*(day+1)/50; until > known {
				connect(known, until)
				known = until
			}
		}
		_ = s.RenewTokens(t.Context()) // what failed is tried again in the next round
	}
	var dead int
	if err := s.Pool.QueryRow(t.Context(), `select count(*) from accounts where needs_reconnection`).Scan(&dead); err != nil {
		t.Fatal(err)
	}
	busiest := 0
	for _, calls := range l.hours {
		busiest = max(busiest, calls)
	}
	ends := make([]time.Time, 0, n)
	for _, at := range l.ends {
		ends = append(ends, at)
	}
	slices.SortFunc(ends, time.Time.Compare)
	perAccount := float64(l.refreshed) / float64(n)
	t.Logf("%d accounts, 400 days: %d refreshes (%.1f an account), %d failed and were tried again, %d lost; %d calls in the busiest hour", n, l.refreshed, perAccount, l.failed, l.lost+dead, busiest)
	if known != n || l.lost > 0 || dead > 0 || l.young > 0 || !ends[0].After(clock()) {
		t.Errorf("%d of %d accounts connected; %d tokens were lost and %d accounts marked, %d asked too early, the first ends at %v", known, n, l.lost, dead, l.young, ends[0])
	}
	if perAccount < 6.5 || perAccount > 8.5 { // fifty days each
		t.Errorf("%.1f refreshes an account", perAccount)
	}
	if busiest > most {
		t.Errorf("%d refreshes in an hour, want at most %d", busiest, most)
	}
}
