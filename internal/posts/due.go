package posts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// lookAhead bounds how many due targets Look reads one by one. Where there are more, it lists the lanes instead.
const lookAhead = 256

// Ready is what waits to be claimed.
type Ready struct {
	Shares []Share   // the lanes with due targets, and how many each has; N is only a lower bound when More is set
	More   bool      // there are more due targets than were counted
	Next   time.Time // when the next one falls due, when that is before the horizon; zero: none does
}

// Look says what is due now and when the next target will be, as far as a horizon; uploads as for Claim.
func (s *Service) Look(ctx context.Context, uploads bool, horizon time.Duration) (r Ready, err error) {
	defer errs.Wrap(&err, "posts.Look")
	now := s.Now()
	rows, err := s.Pool.Query(ctx, `
		select owner_id, platform, next_at from targets
		where open and uploads = $1 and next_at <= $2 and (claimed_until is null or claimed_until <= $3) and platform = any($5) order by next_at limit $4`,
		uploads, now.Add(horizon), now, lookAhead, s.Platforms.Names())
	if err != nil {
		return r, err
	}
	var lane Lane
	var at time.Time
	places, seen := map[Lane]int{}, 0
	_, err = pgx.ForEachRow(rows, []any{&lane.OwnerID, &lane.Platform, &at}, func() error {
		seen++
		if at.After(now) {
			if r.Next.IsZero() {
				r.Next = at
			}
			return nil
		}
		i, ok := places[lane]
		if !ok {
			i = len(r.Shares)
			places[lane] = i
			r.Shares = append(r.Shares, Share{Lane: lane})
		}
		r.Shares[i].N++
		return nil
	})
	r.More = seen == lookAhead && r.Next.IsZero()
	return r, err
}

// Lanes lists every lane in which something is due, by going from one lane to the next in the index: what it costs depends on how many lanes
// have anything scheduled, and not on how much that is.
func (s *Service) Lanes(ctx context.Context, uploads bool) (lanes []Lane, err error) {
	defer errs.Wrap(&err, "posts.Lanes")
	rows, err := s.Pool.Query(ctx, `
		with recursive lane as (
			(select owner_id, platform, next_at from targets where open and uploads = $1 order by owner_id, platform, next_at limit 1)
			union all
			select n.* from lane cross join lateral (
				select t.owner_id, t.platform, t.next_at from targets t where t.open and t.uploads = $1 and (t.owner_id, t.platform) > (lane.owner_id, lane.platform)
				order by t.owner_id, t.platform, t.next_at limit 1) n
		)
		select owner_id, platform from lane where next_at <= $2 and platform = any($3)`, uploads, s.Now(), s.Platforms.Names())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Lane])
}
