package budget

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// span is how many slots a window is cut into. A slot that has begun to leave the window still counts whole, so that a budget can be used to
// all but a hundredth of its time and is never overdrawn.
const span = 100

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

// Spend takes from several budgets in one round trip, from all or from none; those without a limit are left out. spent is set when one has
// no room. level is how full the fullest of them is after that, from 0 to 1.
func (s *Store) Spend(ctx context.Context, list ...Spending) (level float64, spent *Spent, err error) {
	defer errs.Wrap(&err, "budget.Spend")
	list = slices.DeleteFunc(slices.Clone(list), func(x Spending) bool { return x.Budget.Limit <= 0 || x.N <= 0 })
	if len(list) == 0 {
		return 0, nil, nil
	}
	slices.SortFunc(list, func(a, b Spending) int {
		return cmp.Or(cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Budget.Name, b.Budget.Name))
	})
	now := s.Now()
	holders, names := make([]string, len(list)), make([]string, len(list))
	amounts, limits, present := make([]int, len(list)), make([]int, len(list)), make([]int64, len(list))
	for i, x := range list {
		holders[i], names[i], amounts[i], limits[i], present[i] = x.Holder, x.Budget.Name, x.N, x.Budget.Limit, slotAt(now, x.Budget.Window)
	}
	var refused int
	var free *int64
	if err := s.Pool.QueryRow(ctx, `select refused, free_slot, level from budget_spend($1, $2, $3, $4, $5, $6)`, holders, names, amounts, present, limits, span).
		Scan(&refused, &free, &level); err != nil {
		return 0, nil, err
	}
	if refused == 0 {
		return level, nil, nil
	}
	spent = &Spent{Budget: list[refused-1].Budget}
	if free != nil {
		spent.Free = time.Unix(0, *free*int64(slotLength(spent.Budget.Window)))
	}
	return level, spent, nil
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
