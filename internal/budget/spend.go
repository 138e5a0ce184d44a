package budget

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/gather"
	"posthorn/internal/platforms"
)

// span is how many slots a window is cut into. A slot that has begun to leave the window still counts whole, so that a budget can be used to
// all but a hundredth of its time and is never overdrawn.
const span = 100

const (
	// setsAtOnce bounds the sets that are taken in one round trip, and spenders how many of these are under way at a time.
	setsAtOnce   = 200
	spenders     = 1
	spendTimeout = 10 * time.Second
)

// Spending is what is to be taken from one budget.
type Spending struct {
	Holder string // whose budget it is: an account's ID, or what AppHolder makes
	Budget platforms.Budget
	N      int
}

// AppHolder is the holder of budgets that an app has for all its accounts together.
func AppHolder(platform, appID string) string { return "app:" + platform + ":" + appID }

// Spent says that a budget has no room now.
type Spent struct {
	Budget platforms.Budget
	Free   time.Time // when it has; zero: never, as it is smaller than what was asked for
}

// Spend takes from several budgets, from all or from none; those without a limit are left out. spent is set when one has no room. level is how
// full the fullest of them is after that, from 0 to 1. Calls at about the same time share a round trip.
func (s *Store) Spend(ctx context.Context, list ...Spending) (level float64, spent *Spent, err error) {
	defer errs.Wrap(&err, "budget.Spend")
	set := slices.DeleteFunc(slices.Clone(list), func(x Spending) bool { return x.Budget.Limit <= 0 || x.N <= 0 })
	if len(set) == 0 {
		return 0, nil, nil
	}
	slices.SortFunc(set, func(a, b Spending) int {
		return cmp.Or(cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Budget.Name, b.Budget.Name))
	})
	a, err := s.spending().Do(ctx, set)
	return a.level, a.spent, err
}

// answer is what became of one set of spendings.
type answer struct {
	level float64
	spent *Spent
}

func (s *Store) spending() *gather.Calls[[]Spending, answer] {
	s.once.Do(func() { s.gathered = gather.New(setsAtOnce, spenders, s.spendSets) })
	return s.gathered
}

// spendSets takes several sets. Those that take the same are taken as one, so that a thousand calls of one account change its row once; where
// there is not room for all of them, they are taken one by one.
func (s *Store) spendSets(ctx context.Context, sets [][]Spending) (answers []answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, spendTimeout)
	defer cancel()
	answers = make([]answer, len(sets))
	var groups [][]int // of sets that take the same
	byKey := map[string]int{}
	for i, set := range sets {
		key := keyOf(set)
		g, ok := byKey[key]
		if !ok {
			g = len(groups)
			byKey[key] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	sums := make([][]Spending, len(groups))
	for g, members := range groups {
		sums[g] = slices.Clone(sets[members[0]])
		for k := range sums[g] {
			sums[g][k].N *= len(members)
		}
	}
	got, err := s.spendEach(ctx, sums)
	if err != nil {
		return nil, err
	}
	var alone []int
	for g, members := range groups {
		if got[g].spent != nil && len(members) > 1 {
			alone = append(alone, members...)
			continue
		}
		for _, i := range members {
			answers[i] = got[g]
		}
	}
	if len(alone) == 0 {
		return answers, nil
	}
	single := make([][]Spending, len(alone))
	for k, i := range alone {
		single[k] = sets[i]
	}
	got, err = s.spendEach(ctx, single)
	if err != nil {
		return nil, err
	}
	for k, i := range alone {
		answers[i] = got[k]
	}
	return answers, nil
}

// keyOf names what a set takes.
func keyOf(set []Spending) string {
	var b strings.Builder
	for _, x := range set {
		fmt.Fprintf(&b, "%s/%s/%d/%d/%d ", x.Holder, x.Budget.Name, x.N, x.Budget.Limit, x.Budget.Window)
	}
	return b.String()
}

// spendEach takes sets in one round trip, each from all of its budgets or from none.
func (s *Store) spendEach(ctx context.Context, sets [][]Spending) (answers []answer, err error) {
	now := s.Now()
	var holders, names []string
	var amounts, limits, ends []int
	var present []int64
	for _, set := range sets {
		for _, x := range set {
			holders, names, amounts, limits = append(holders, x.Holder), append(names, x.Budget.Name), append(amounts, x.N), append(limits, x.Budget.Limit)
			present = append(present, slotAt(now, x.Budget.Window))
		}
		ends = append(ends, len(holders))
	}
	rows, err := s.Pool.Query(ctx, `select refused, free_slot, level from budget_spend_each($1, $2, $3, $4, $5, $6, $7)`, ends, holders, names, amounts, present, limits, span)
	if err != nil {
		return nil, err
	}
	var refused int
	var free *int64
	var level float64
	_, err = pgx.ForEachRow(rows, []any{&refused, &free, &level}, func() error {
		a := answer{level: level}
		if refused > 0 {
			a.spent = &Spent{Budget: sets[len(answers)][refused-1].Budget}
			if free != nil {
				a.spent.Free = time.Unix(0, *free*int64(slotLength(a.spent.Budget.Window)))
			}
		}
		answers = append(answers, a)
		return nil
	})
	return answers, err
}

// GiveBack returns what was just taken: the latest goes first, and no count falls below zero.
func (s *Store) GiveBack(ctx context.Context, list ...Spending) (err error) {
	defer errs.Wrap(&err, "budget.GiveBack")
	for _, x := range list {
		if x.Budget.Limit <= 0 {
			continue
		}
		if _, err := s.Pool.Exec(ctx, `update budget_counts set counts[cardinality(counts)] = greatest(0, counts[cardinality(counts)] - $3) where holder = $1 and name = $2 and cardinality(counts) > 0`,
			x.Holder, x.Budget.Name, x.N); err != nil {
			return err
		}
	}
	return nil
}

// Correct makes the count of a budget what the platform says that is used, in percent of the limit.
func (s *Store) Correct(ctx context.Context, holder string, b platforms.Budget, percent float64) (err error) {
	defer errs.Wrap(&err, "budget.Correct(%s)", holder)
	if b.Limit <= 0 {
		return nil
	}
	used := int(math.Round(percent / full * float64(b.Limit)))
	_, err = s.Pool.Exec(ctx, `select budget_correct($1, $2, $3, $4, $5)`, holder, b.Name, slotAt(s.Now(), b.Window), span, used)
	return err
}

// Used is what has been spent of a budget within its window.
func (s *Store) Used(ctx context.Context, holder string, b platforms.Budget) (n int, err error) {
	defer errs.Wrap(&err, "budget.Used(%s)", holder)
	err = s.Pool.QueryRow(ctx, `
		select coalesce(sum(c), 0)::int from budget_counts b, unnest(b.slots, b.counts) u (s, c) where b.holder = $1 and b.name = $2 and s >= $3`,
		holder, b.Name, slotAt(s.Now(), b.Window)-span).Scan(&n)
	return n, err
}

func slotLength(window time.Duration) time.Duration { return max(window/span, time.Millisecond) }

func slotAt(now time.Time, window time.Duration) int64 {
	return now.UnixNano() / int64(slotLength(window))
}
