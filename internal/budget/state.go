package budget

import (
	"context"
	"time"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
)

// State is how a budget stands.
type State struct {
	platforms.Budget
	Used    int        // by our own count; zero where there is no limit to count against
	Percent float64    // of the limit: ours, or the platform's word where that is more
	Frees   *time.Time // when the oldest of what is used leaves the window; nil: nothing is used
	Blocked *time.Time // nothing is sent before; nil: the budget is open
	Told    *time.Time // when the platform last spoke of it; nil: never
}

// States tells how budgets stand. holder says whose each is; account is whose the platform's word is kept for.
func (s *Store) States(ctx context.Context, account string, list []platforms.Budget, holder func(platforms.Budget) string) (states []State, err error) {
	defer errs.Wrap(&err, "budget.States(%s)", account)
	now := s.Now()
	holders, names, oldest := make([]string, len(list)), make([]string, len(list)), make([]int64, len(list))
	for i, b := range list {
		holders[i], names[i], oldest[i] = holder(b), b.Name, slotAt(now, b.Window)-span
	}
	rows, err := s.Pool.Query(ctx, `
		select coalesce(used, 0)::int, first, b.percent, b.observed_at, case when b.blocked_until > $5 then b.blocked_until end
		from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality a (holder, name, oldest, place)
		left join lateral (select sum(n) as used, min(slot) as first from budget_counts c, unnest(c.slots, c.counts) u (slot, n)
			where c.holder = a.holder and c.name = a.name and slot >= a.oldest) c on true
		left join buckets b on b.account_id = $4 and b.name = a.name
		order by place`, holders, names, oldest, account, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		st := State{Budget: list[i]}
		var first *int64
		var told *float64
		if err := rows.Scan(&st.Used, &first, &told, &st.Told, &st.Blocked); err != nil {
			return nil, err
		}
		if st.Limit > 0 {
			st.Percent = full * float64(st.Used) / float64(st.Limit)
			if first != nil {
				at := time.Unix(0, (*first+span+1)*int64(slotLength(st.Window)))
				st.Frees = &at
			}
		}
		if told != nil && now.Sub(*st.Told) < st.Window {
			st.Percent = max(st.Percent, *told)
		}
		states = append(states, st)
	}
	return states, rows.Err()
}
