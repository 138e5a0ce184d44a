package posts

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// PaceLimits are how many posts one account may publish. Zero values and missing platforms are unlimited.
type PaceLimits struct {
	Hourly int            // in any hour
	Daily  map[string]int // in any 24 hours, by platform; "*" is every other platform
}

// daily is the cap of a platform.
func (l PaceLimits) daily(platform string) int {
	if n, ok := l.Daily[platform]; ok {
		return n
	}
	return l.Daily["*"]
}

// limited reports whether there is any limit.
func (l PaceLimits) limited() bool {
	if l.Hourly > 0 {
		return true
	}
	for _, n := range l.Daily {
		if n > 0 {
			return true
		}
	}
	return false
}

// pace is one limit, and what its breach is called.
type pace struct {
	limit        int
	window       time.Duration
	name, phrase string
	rule         string
}

func (l PaceLimits) of(platform string) []pace {
	return []pace{
		{l.Hourly, time.Hour, "1h", "an hour", "account.velocity"},
		{l.daily(platform), 24 * time.Hour, "24h", "24 hours", "account.daily_cap"},
	}
}

// paced holds a post to its accounts' pace once the statements of a batch are through, and gives the batch for what comes after. Without
// limits that is the same batch: most servers have none, and need not wait for an answer in between.
func (s *Service) paced(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, post Post, now time.Time) (*pgx.Batch, error) {
	if !s.Pace.limited() {
		return batch, nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return &pgx.Batch{}, s.holdToPace(ctx, tx, post, now)
}

// holdToPace refuses a post that would have one of its accounts publish more than its limits allow, at the time its targets are due: a
// scheduled post counts for its own time, whenever it is made. What has failed does not count. Accounts are locked, in one order for all,
// so that of posts made at the same instant no more get through than there is room for.
func (s *Service) holdToPace(ctx context.Context, tx pgx.Tx, post Post, now time.Time) error {
	due := map[string][]Target{}     // by account
	at := func(t Target) time.Time { // a time that is over means at once
		if t.NextAt.Before(now) {
			return now
		}
		return t.NextAt
	}
	for _, t := range post.Targets {
		if t.Status == Published {
			continue
		}
		t.NextAt = at(t)
		if slices.ContainsFunc(s.Pace.of(t.Platform), func(p pace) bool { return p.limit > 0 }) {
			due[t.Account.ID] = append(due[t.Account.ID], t)
		}
	}
	if len(due) == 0 {
		return nil
	}
	if err := lockAccounts(ctx, tx, due); err != nil {
		return err
	}
	taken, err := takenTimes(ctx, tx, due, post.ID, now)
	if err != nil {
		return err
	}
	for i, t := range post.Targets {
		if t.Status == Published { // it counts already
			continue
		}
		t.NextAt = at(t)
		for _, p := range s.Pace.of(t.Platform) {
			if p.limit <= 0 {
				continue
			}
			if used, free := crowded(append(taken[t.Account.ID], t.NextAt), t.NextAt, p); used > 0 {
				return overPace(i, t, p, used, free, now)
			}
		}
		taken[t.Account.ID] = append(taken[t.Account.ID], t.NextAt)
	}
	return nil
}

func overPace(i int, t Target, p pace, used int, free, now time.Time) error {
	return &errs.Error{Code: errs.Limited, Wire: "rate_limited", Field: fmt.Sprintf("platforms[%d]", i), Rule: p.rule, RetryAfter: max(time.Second, free.Sub(now)),
		Message: fmt.Sprintf("this %s account publishes at most %d posts in %s, and %d are published or scheduled around that time; the next can go out at %s",
			t.Platform, p.limit, p.phrase, used, free.UTC().Format(time.RFC3339)),
		Details: map[string]any{"accountId": t.Account.ID, "platform": t.Platform, "limit": p.limit, "used": used, "window": p.name, "resetAt": free.UTC()}}
}

// crowded looks for a window with more times than its limit that holds at. used is how many others there are in it, and free when there is
// room again; used is zero when there is no such window.
func crowded(times []time.Time, at time.Time, p pace) (used int, free time.Time) {
	times = slices.Clone(times)
	slices.SortFunc(times, time.Time.Compare)
	for i, start := range times {
		if start.After(at) {
			break
		}
		end := start.Add(p.window)
		n := sort.Search(len(times)-i, func(j int) bool { return !times[i+j].Before(end) })
		if n > p.limit && end.After(at) {
			return n - 1, times[i+n-1-p.limit].Add(p.window)
		}
	}
	return 0, time.Time{}
}

func lockAccounts(ctx context.Context, tx pgx.Tx, due map[string][]Target) error {
	locks := make([]int64, 0, len(due))
	for account := range due {
		sum := sha256.Sum256([]byte("pace of " + account))
		locks = append(locks, int64(binary.BigEndian.Uint64(sum[:])))
	}
	slices.Sort(locks)
	batch := &pgx.Batch{}
	for _, l := range locks {
		batch.Queue(`select pg_advisory_xact_lock($1)`, l)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// takenTimes reads when the accounts have published or will, within a day of what is due; but is a post whose open targets are not among
// it. What is overdue will be published now.
func takenTimes(ctx context.Context, tx pgx.Tx, due map[string][]Target, but string, now time.Time) (map[string][]time.Time, error) {
	const day = 24 * time.Hour
	accounts := make([]string, 0, len(due))
	var first, last time.Time
	for account, targets := range due {
		accounts = append(accounts, account)
		for _, t := range targets {
			if first.IsZero() || t.NextAt.Before(first) {
				first = t.NextAt
			}
			if t.NextAt.After(last) {
				last = t.NextAt
			}
		}
	}
	rows, err := tx.Query(ctx, `
		select account_id, case when open and published_at is null then greatest(next_at, $4) else coalesce(published_at, next_at) end from targets
		where account_id = any($1) and coalesce(published_at, next_at) > $2 and coalesce(published_at, next_at) < $3 and (open and post_id <> $5 or published_at is not null or unconfirmed)
		union all
		select account_id, $4 from targets where open and next_at <= $2 and published_at is null and account_id = any($1) and post_id <> $5`,
		accounts, first.Add(-day), last.Add(day), now, but)
	if err != nil {
		return nil, err
	}
	taken := map[string][]time.Time{}
	var account string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&account, &at}, func() error {
		taken[account] = append(taken[account], at)
		return nil
	})
	return taken, err
}
