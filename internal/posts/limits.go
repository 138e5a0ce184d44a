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
// limits that is the same batch, which need not wait for an answer in between.
func (s *Service) paced(ctx context.Context, tx pgx.Tx, batch *pgx.Batch, post Post, now time.Time) (*pgx.Batch, error) {
	look := s.lookAtPace(batch, []saving{{post: post, now: now}})
	if look == nil {
		return batch, nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	return &pgx.Batch{}, look.refuse()
}

// paceLook holds posts to the pace of their accounts: none may publish more than its limits allow at the time a post's targets are due, whenever that is
// made. What has failed does not count.
type paceLook struct {
	pace  PaceLimits
	list  []saving
	taken map[string][]time.Time // by account: when it has published, or will
}

// lookAtPace queues the reading of what the accounts of some posts have published and will publish; nil when none of them has a limit. Accounts are
// locked, in one order for all, so that of posts made at the same instant no more get through than there is room for.
func (s *Service) lookAtPace(batch *pgx.Batch, list []saving) *paceLook {
	look := &paceLook{pace: s.Pace, list: list, taken: map[string][]time.Time{}}
	spans := map[string][2]time.Time{} // the first and the last time that a post is due, by account
	var posts []string
	var now time.Time
	for _, v := range list {
		posts = append(posts, v.post.ID)
		if v.now.After(now) {
			now = v.now
		}
		for _, t := range v.post.Targets {
			if t.Status == Published || !s.Pace.holds(t.Platform) {
				continue
			}
			at := v.at(t)
			span, known := spans[t.Account.ID]
			if !known || at.Before(span[0]) {
				span[0] = at
			}
			if at.After(span[1]) {
				span[1] = at
			}
			spans[t.Account.ID] = span
		}
	}
	if len(spans) == 0 {
		return nil
	}
	const day = 24 * time.Hour
	var accounts []string
	var locks []int64
	var from, until []time.Time
	for account, span := range spans {
		sum := sha256.Sum256([]byte("pace of " + account))
		accounts, locks = append(accounts, account), append(locks, int64(binary.BigEndian.Uint64(sum[:])))
		from, until = append(from, span[0].Add(-day)), append(until, span[1].Add(day))
	}
	batch.Queue(lockAll, locks)
	var account string
	var at time.Time
	batch.Queue(`
		select account_id, case when open and published_at is null then greatest(next_at, $4) else coalesce(published_at, next_at) end
		from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as u (account, from_at, until_at), targets
		where account_id = account and coalesce(published_at, next_at) > from_at and coalesce(published_at, next_at) < until_at
			and (open and post_id <> all($5) or published_at is not null or unconfirmed)
		union all
		select account_id, $4 from unnest($1::text[], $2::timestamptz[]) as u (account, from_at), targets
		where open and next_at <= from_at and published_at is null and account_id = account and post_id <> all($5)`, // what is overdue will be published now
		accounts, from, until, now, posts).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&account, &at}, func() error {
			look.taken[account] = append(look.taken[account], at)
			return nil
		})
		return err
	})
	return look
}

// refuse gives the error of the first target for which there is no room. It comes when the batch has been answered.
func (l *paceLook) refuse() error {
	for _, v := range l.list {
		for i, t := range v.post.Targets {
			if t.Status == Published { // it counts already
				continue
			}
			t.NextAt = v.at(t)
			for _, p := range l.pace.of(t.Platform) {
				if p.limit <= 0 {
					continue
				}
				if used, free := crowded(append(l.taken[t.Account.ID], t.NextAt), t.NextAt, p); used > 0 {
					return overPace(i, t, p, used, free, v.now)
				}
			}
			l.taken[t.Account.ID] = append(l.taken[t.Account.ID], t.NextAt)
		}
	}
	return nil
}

// at is when a target will be published: a time that is over means at once.
func (s saving) at(t Target) time.Time {
	if t.NextAt.Before(s.now) {
		return s.now
	}
	return t.NextAt
}

// holds reports whether a platform's accounts have a limit.
func (l PaceLimits) holds(platform string) bool {
	return slices.ContainsFunc(l.of(platform), func(p pace) bool { return p.limit > 0 })
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
