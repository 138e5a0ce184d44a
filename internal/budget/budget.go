// Package budget keeps what is spent of each account's rate limits and what the platforms say of them, shared by all workers, and says when
// an account may be used again. It owns the tables buckets and budget_counts.
package budget

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/errs"
	"posthorn/internal/gather"
	"posthorn/internal/platforms"
)

const (
	full = 100 // percent
	// unknownRegain is how long a full budget stands when the platform does not say when it frees up.
	unknownRegain = 5 * time.Minute
)

// Store keeps budgets.
type Store struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
	// Limits are the operator's in place of what the adapters declare, by "platform.budget"; "*" is for all others, and zero is unlimited.
	Limits map[string]int

	once     sync.Once
	gathered *gather.Calls[[]Spending, answer]
}

// Of lists the budgets of a platform, with the operator's limits.
func (s *Store) Of(info platforms.Info) []platforms.Budget {
	list := slices.Clone(info.Budgets)
	for i, b := range list {
		limit, ok := s.Limits[info.Name+"."+b.Name]
		if !ok {
			limit, ok = s.Limits["*"]
		}
		if ok {
			list[i].Limit = limit
		}
	}
	return list
}

const (
	// throttled is the bucket of refusals that do not say for how long.
	throttled = "throttled"
	// strikesLast is how long after the last such refusal the next one counts as one more of the same.
	strikesLast = 5 * time.Minute
	longestWait = 32 * time.Second
)

// Throttle notes that a platform refused an account's call for being one too many and did not say for how long, and says until when to leave
// the account alone: a second at first, twice as long each time that it happens again soon, half a minute at most.
func (s *Store) Throttle(ctx context.Context, accountID string) (until time.Time, err error) {
	defer errs.Wrap(&err, "budget.Throttle(%s)", accountID)
	now := s.Now()
	err = s.Pool.QueryRow(ctx, `
		insert into buckets as b (account_id, name, percent, observed_at, strikes, blocked_until) values ($1, $2, 100, $3, 1, $3::timestamptz + interval '1 second')
		on conflict (account_id, name) do update set observed_at = $3,
			strikes = case when b.observed_at > $4 then b.strikes + 1 else 1 end,
			blocked_until = $3::timestamptz + least($5::double precision, case when b.observed_at > $4 then power(2, least(b.strikes, 10)) else 1 end) * interval '1 second'
		returning blocked_until`, accountID, throttled, now, now.Add(-strikesLast), longestWait.Seconds()).Scan(&until)
	return until, err
}

// Note stores a platform's word on an account's budget. At 100 percent the account is blocked until the time the platform names.
func (s *Store) Note(ctx context.Context, accountID string, u platforms.Usage) (err error) {
	defer errs.Wrap(&err, "budget.Note(%s)", accountID)
	now := s.Now()
	var blocked *time.Time
	if u.Percent >= full {
		until := now.Add(unknownRegain)
		if u.Regain > 0 {
			until = now.Add(u.Regain)
		}
		blocked = &until
	}
	_, err = s.Pool.Exec(ctx, `
		insert into buckets (account_id, name, percent, observed_at, blocked_until) values ($1, $2, $3, $4, $5)
		on conflict (account_id, name) do update set percent = excluded.percent, observed_at = excluded.observed_at, blocked_until = excluded.blocked_until`,
		accountID, u.Budget, u.Percent, now, blocked)
	return err
}

// Blocked tells which of many accounts may not be used now, and when each may be again.
func (s *Store) Blocked(ctx context.Context, accountIDs []string) (until map[string]time.Time, err error) {
	defer errs.Wrap(&err, "budget.Blocked")
	rows, err := s.Pool.Query(ctx, `select account_id, max(blocked_until) from buckets where account_id = any($1) and blocked_until > $2 group by account_id`, accountIDs, s.Now())
	if err != nil {
		return nil, err
	}
	until = map[string]time.Time{}
	var accountID string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&accountID, &at}, func() error {
		until[accountID] = at
		return nil
	})
	return until, err
}

// BlockedUntil is when an account may be used again; zero when it may be used now.
func (s *Store) BlockedUntil(ctx context.Context, accountID string) (until time.Time, err error) {
	defer errs.Wrap(&err, "budget.BlockedUntil(%s)", accountID)
	var latest *time.Time
	err = s.Pool.QueryRow(ctx, `select max(blocked_until) from buckets where account_id = $1 and blocked_until > $2`, accountID, s.Now()).Scan(&latest)
	if latest != nil {
		until = *latest
	}
	return until, err
}
