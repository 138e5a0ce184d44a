package budget_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"posthorn/internal/budget"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres/pgtest"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newStore(t *testing.T) (*budget.Store, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	return &budget.Store{Pool: pgtest.New(t), Now: c.Now}, c
}

func hourly(limit int) platforms.Budget {
	return platforms.Budget{Name: "calls", Scope: "account", Limit: limit, Window: time.Hour}
}

func spend(t *testing.T, s *budget.Store, list ...budget.Spending) *budget.Spent {
	t.Helper()
	_, spent, err := s.Spend(t.Context(), list...)
	if err != nil {
		t.Fatal(err)
	}
	return spent
}

func TestSpend(t *testing.T) {
	t.Parallel()
	s, c := newStore(t)
	b := hourly(10)
	one := budget.Spending{Holder: "a", Budget: b, N: 1}
	for i := range 10 {
		level, spent, err := s.Spend(t.Context(), one)
		if err != nil || spent != nil || level != float64(i+1)/10 {
			t.Fatalf("spending %d: level %v, %v, %v", i+1, level, spent, err)
		}
		c.advance(time.Minute)
	}
	begun := c.Now().Add(-10 * time.Minute)
	spent := spend(t, s, one)
	if spent == nil || spent.Budget.Name != "calls" {
		t.Fatalf("one too many passed: %v", spent)
	}
	// The first call leaves the window an hour after it, give or take a slot of 36 seconds.
	if late := spent.Free.Sub(begun.Add(time.Hour)); late < 0 || late > 2*36*time.Second {
		t.Errorf("there is room at %s, the first call was at %s", spent.Free, begun)
	}
	if spend(t, s, budget.Spending{Holder: "b", Budget: b, N: 10}) != nil || spend(t, s, budget.Spending{Holder: "a", Budget: platforms.Budget{Name: "posts", Limit: 1, Window: time.Hour}, N: 1}) != nil {
		t.Error("another holder or another budget is not this one")
	}
	if spent := spend(t, s, budget.Spending{Holder: "c", Budget: b, N: 11}); spent == nil || !spent.Free.IsZero() {
		t.Errorf("more than the whole budget: %v", spent)
	}
	c.advance(spent.Free.Sub(c.Now()))
	if spend(t, s, one) != nil {
		t.Error("there is no room when it was said that there would be")
	}
	if spend(t, s, one) == nil {
		t.Error("there was room for two")
	}
	if n, err := s.Used(t.Context(), "a", b); err != nil || n != 10 {
		t.Errorf("%d are used, want 10 (%v)", n, err)
	}
	if spend(t, s, budget.Spending{Holder: "a", Budget: platforms.Budget{Name: "calls"}, N: 1}) != nil {
		t.Error("a budget without a limit refuses")
	}
}

// TestSpendAllOrNone: what is refused for one budget takes nothing from the others.
func TestSpendAllOrNone(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	small, large := hourly(1), platforms.Budget{Name: "app", Limit: 100, Window: time.Hour}
	both := []budget.Spending{{Holder: "a", Budget: small, N: 1}, {Holder: "app:x:1", Budget: large, N: 1}, {Holder: "z", Budget: small, N: 0}}
	if spend(t, s, both...) != nil {
		t.Fatal("the first was refused")
	}
	for range 3 {
		if spent := spend(t, s, both...); spent == nil || spent.Budget.Name != "calls" {
			t.Fatalf("refused for %v", spent)
		}
	}
	if n, err := s.Used(t.Context(), "app:x:1", large); err != nil || n != 1 {
		t.Errorf("%d were taken from the app's budget, want 1 (%v)", n, err)
	}
}

// TestManySpend: of many workers who spend at once exactly as many get through as there is room for, whatever the order of their lists.
func TestManySpend(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a, b := hourly(100), platforms.Budget{Name: "app", Limit: 150, Window: time.Hour}
	var passed atomic.Int64
	var all sync.WaitGroup
	for w := range 20 {
		all.Go(func() {
			for range 20 {
				list := []budget.Spending{{Holder: fmt.Sprint("account ", w%2), Budget: a, N: 1}, {Holder: "app", Budget: b, N: 1}}
				if w%3 == 0 {
					list[0], list[1] = list[1], list[0]
				}
				_, spent, err := s.Spend(context.Background(), list...)
				if err != nil {
					t.Error(err)
				}
				if spent == nil {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := passed.Load(); n != 150 {
		t.Errorf("%d passed, want 150", n)
	}
}

// TestNeverOverdrawnAndWellUsed sends a backlog through budgets for days, against a far side that counts every call in a sliding window: it
// never sees one too many, and the budget is used almost to its last call.
func TestNeverOverdrawnAndWellUsed(t *testing.T) {
	t.Parallel()
	for _, b := range []platforms.Budget{{Name: "calls", Limit: 200, Window: time.Hour}, {Name: "burst", Limit: 30, Window: time.Minute}, {Name: "day", Limit: 50, Window: 24 * time.Hour}} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t)
			rnd := rand.New(rand.NewPCG(1, uint64(b.Limit)))
			begun := c.Now()
			var calls []time.Time
			for c.Now().Sub(begun) < 6*b.Window {
				spent := spend(t, s, budget.Spending{Holder: "a", Budget: b, N: 1})
				if spent != nil {
					if !spent.Free.After(c.Now()) {
						t.Fatalf("refused at %s until %s", c.Now(), spent.Free)
					}
					c.advance(spent.Free.Sub(c.Now()) + time.Duration(rnd.Int64N(int64(b.Window/200))))
					continue
				}
				calls = append(calls, c.Now())
				if i := len(calls) - 1 - b.Limit; i >= 0 && calls[len(calls)-1].Sub(calls[i]) < b.Window {
					t.Fatalf("call %d is one too many: %d within %s", len(calls), b.Limit+1, b.Window)
				}
				c.advance(time.Duration(rnd.Int64N(int64(b.Window) / int64(b.Limit) / 2)))
			}
			if percent := 100 * float64(len(calls)) / float64(6*b.Limit); percent < 95 {
				t.Errorf("%d calls in 6 windows of %d: %.1f %%", len(calls), b.Limit, percent)
			}
		})
	}
}

// TestCorrect: the platform's word counts, both ways, but for what was spent just now.
func TestCorrect(t *testing.T) {
	t.Parallel()
	s, c := newStore(t)
	b := hourly(100)
	used := func() int {
		n, err := s.Used(t.Context(), "a", b)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	correct := func(percent float64) {
		if err := s.Correct(t.Context(), "a", b, percent); err != nil {
			t.Fatal(err)
		}
	}
	correct(0)
	if used() != 0 {
		t.Error("nothing became something")
	}
	correct(40) // others use the account too
	if used() != 40 {
		t.Errorf("%d are used, want 40", used())
	}
	c.advance(10 * time.Minute)
	spend(t, s, budget.Spending{Holder: "a", Budget: b, N: 20})
	c.advance(10 * time.Minute)
	spend(t, s, budget.Spending{Holder: "a", Budget: b, N: 5})
	correct(30)
	if used() != 30 {
		t.Errorf("%d are used, want 30", used())
	}
	correct(1)
	if used() != 5 {
		t.Errorf("%d are used, want the 5 of just now", used())
	}
	correct(120)
	if used() != 120 || spend(t, s, budget.Spending{Holder: "a", Budget: b, N: 1}) == nil {
		t.Errorf("%d are used, and there is still room", used())
	}
	c.advance(62 * time.Minute)
	if used() != 0 {
		t.Errorf("%d are used long after", used())
	}
}

func TestLimitsOfTheOperator(t *testing.T) {
	t.Parallel()
	info := platforms.Info{Name: "x", Budgets: []platforms.Budget{{Name: "a", Limit: 1}, {Name: "b", Limit: 2}, {Name: "c"}}}
	s := &budget.Store{Limits: map[string]int{"x.a": 7, "*": 0}}
	got := s.Of(info)
	if got[0].Limit != 7 || got[1].Limit != 0 || got[2].Limit != 0 || info.Budgets[0].Limit != 1 {
		t.Errorf("%+v of %+v", got, info.Budgets)
	}
}

// TestThrottle: refusals that follow each other double the wait, up to half a minute; after a quiet time it begins anew.
func TestThrottle(t *testing.T) {
	t.Parallel()
	s, c := newStore(t)
	account := newAccount(t, s)
	for i, want := range []int{1, 2, 4, 8, 16, 32, 32, 32} {
		until, err := s.Throttle(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		if got := until.Sub(c.Now()); got != time.Duration(want)*time.Second {
			t.Errorf("refusal %d: wait %s, want %d s", i+1, got, want)
		}
		if blocked, err := s.BlockedUntil(t.Context(), account); err != nil || !blocked.Equal(until) {
			t.Errorf("the account is blocked until %s, want %s (%v)", blocked, until, err)
		}
		c.advance(until.Sub(c.Now()) + time.Second)
	}
	c.advance(10 * time.Minute)
	if until, err := s.Throttle(t.Context(), account); err != nil || until.Sub(c.Now()) != time.Second {
		t.Errorf("after a quiet time: %s (%v)", until, err)
	}
}

// TestStates: our count and the platform's word, side by side.
func TestStates(t *testing.T) {
	t.Parallel()
	s, c := newStore(t)
	account := newAccount(t, s)
	list := []platforms.Budget{hourly(10), {Name: "told", Scope: "account", Window: time.Hour}, {Name: "app", Scope: "app", Limit: 4, Window: time.Hour}, {Name: "unused", Limit: 5, Window: time.Hour}}
	holder := func(b platforms.Budget) string {
		if b.Scope == "app" {
			return budget.AppHolder("x", "1")
		}
		return account
	}
	spend(t, s, budget.Spending{Holder: account, Budget: list[0], N: 3}, budget.Spending{Holder: holder(list[2]), Budget: list[2], N: 1})
	if err := s.Note(t.Context(), account, platforms.Usage{Budget: "told", Percent: 100, Regain: 10 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	got, err := s.States(t.Context(), account, list, holder)
	if err != nil || len(got) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got[0].Used != 3 || got[0].Percent != 30 || got[0].Frees == nil || got[0].Frees.Before(c.Now().Add(time.Hour)) || got[0].Blocked != nil || got[0].Told != nil {
		t.Errorf("counted: %+v", got[0])
	}
	if got[1].Used != 0 || got[1].Percent != 100 || got[1].Blocked == nil || !got[1].Blocked.Equal(c.Now().Add(10*time.Minute)) || got[1].Frees != nil {
		t.Errorf("told: %+v", got[1])
	}
	if got[2].Used != 1 || got[2].Percent != 25 || got[3].Used != 0 || got[3].Frees != nil {
		t.Errorf("of the app: %+v, unused: %+v", got[2], got[3])
	}
	c.advance(2 * time.Hour)
	got, err = s.States(t.Context(), account, list, holder)
	if err != nil || got[0].Used != 0 || got[1].Percent != 0 || got[1].Blocked != nil {
		t.Errorf("long after: %+v, %v", got, err)
	}
}

// newAccount makes an account, since what platforms say goes with it.
func newAccount(t *testing.T, s *budget.Store) string {
	t.Helper()
	const owner, profile, account = "000000000000000000000001", "000000000000000000000002", "000000000000000000000003"
	for _, sql := range []string{
		`insert into owners (id, name, created_at) values ('` + owner + `', 'o', now())`,
		`insert into profiles (id, owner_id, name, created_at) values ('` + profile + `', '` + owner + `', 'p', now())`,
		`insert into accounts (id, owner_id, profile_id, platform, remote_id, username, created_at, updated_at) values ('` + account + `', '` + owner + `', '` + profile + `', 'x', 'r', 'u', now(), now())`,
	} {
		if _, err := s.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return account
}

func TestGiveBack(t *testing.T) {
	t.Parallel()
	s := &budget.Store{Pool: pgtest.New(t), Now: time.Now}
	b := platforms.Budget{Name: "posts", Limit: 3, Window: 24 * time.Hour}
	take := func(n int) *budget.Spent {
		t.Helper()
		_, spent, err := s.Spend(t.Context(), budget.Spending{Holder: "holder", Budget: b, N: n})
		if err != nil {
			t.Fatal(err)
		}
		return spent
	}
	if take(3) != nil || take(1) == nil {
		t.Fatal("three of three were not taken, or a fourth was")
	}
	for range 2 { // and no more than there is
		if err := s.GiveBack(t.Context(), budget.Spending{Holder: "holder", Budget: b, N: 2}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Used(t.Context(), "holder", b); err != nil || n != 0 || take(3) != nil {
		t.Errorf("%d are left as used, %v", n, err)
	}
}
