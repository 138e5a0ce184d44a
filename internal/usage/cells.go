package usage

import (
	"context"
	"errors"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/postgres"
)

// A cell is what one account did on one day.
type cell struct {
	Day       time.Time
	AccountID string
	ProfileID string
	Platform  string
	Connected bool
	Posts     int
}

// span is a time during which an account was connected, in one profile.
type span struct {
	AccountID, ProfileID, Platform string
	From                           time.Time
	To                             *time.Time
}

// touches reports whether the account was connected at some time of a day.
func (s span) touches(d time.Time) bool {
	return s.From.Before(d.Add(day)) && (s.To == nil || s.To.After(d) || !s.From.Before(d))
}

// compute finds the cells of an owner's days in [from, to) from the spans and the posts, ordered by day and account.
func (s *Service) compute(ctx context.Context, ownerID string, from, to time.Time) ([]cell, error) {
	spans, err := s.spans(ctx, ownerID)
	if err != nil {
		return nil, err
	}
	published, err := s.Posts.PublishedPerDay(ctx, ownerID, from, to)
	if err != nil {
		return nil, err
	}
	type key struct {
		day     time.Time
		account string
	}
	cells := map[key]*cell{}
	last := map[string]span{}  // of each account, for the profile of one that publishes without being connected
	for _, sp := range spans { // oldest first: the last profile of a day counts
		last[sp.AccountID] = sp
		first := sp.From.UTC().Truncate(day)
		if first.Before(from) {
			first = from
		}
		for d := first; d.Before(to) && sp.touches(d); d = d.Add(day) {
			cells[key{d, sp.AccountID}] = &cell{Day: d, AccountID: sp.AccountID, ProfileID: sp.ProfileID, Platform: sp.Platform, Connected: true}
		}
	}
	for _, p := range published {
		k := key{p.Day.UTC(), p.AccountID}
		if cells[k] == nil {
			cells[k] = &cell{Day: k.day, AccountID: p.AccountID, ProfileID: last[p.AccountID].ProfileID, Platform: last[p.AccountID].Platform}
		}
		cells[k].Posts += p.N
	}
	list := make([]cell, 0, len(cells))
	for _, c := range cells {
		list = append(list, *c)
	}
	sort.Slice(list, func(i, j int) bool {
		if !list[i].Day.Equal(list[j].Day) {
			return list[i].Day.Before(list[j].Day)
		}
		return list[i].AccountID < list[j].AccountID
	})
	return list, nil
}

func (s *Service) spans(ctx context.Context, ownerID string) ([]span, error) {
	rows, err := s.Pool.Query(ctx, `select account_id, profile_id, platform, connected_at, disconnected_at from account_spans where owner_id = $1 order by connected_at, disconnected_at nulls last`, ownerID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[span])
}

const (
	// settled is how long after its end a day is closed: what was published in its last minute is stored by then.
	settled = 15 * time.Minute
	// rollLock keeps two processes from closing days at once; the digits have no meaning.
	rollLock = 7_406_115_232
	// maxRoll is how many days are closed in one transaction.
	maxRoll = 31
)

// Roll writes down the days that have been closed since the last call, for every owner. It may be called by many processes and as often
// as one likes: a day that is written twice is the same.
func (s *Service) Roll(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "usage.Roll")
	end := s.Now().Add(-settled).UTC().Truncate(day) // the first day that is still open
	rows, err := s.Pool.Query(ctx, `
		select s.owner_id, coalesce(r.until + 1, min(s.connected_at at time zone 'UTC')::date) from account_spans s left join usage_rolled r on r.owner_id = s.owner_id
		group by s.owner_id, r.until having coalesce(r.until + 1, min(s.connected_at at time zone 'UTC')::date) < $1::date order by 1`, end)
	if err != nil {
		return err
	}
	type behind struct {
		OwnerID string
		From    time.Time
	}
	owners, err := pgx.CollectRows(rows, pgx.RowToStructByPos[behind])
	if err != nil {
		return err
	}
	var failed []error // of one owner must not keep the others open
	for _, o := range owners {
		for from := o.From.UTC(); from.Before(end) && ctx.Err() == nil; from = from.AddDate(0, 0, maxRoll) {
			to := from.AddDate(0, 0, maxRoll)
			if to.After(end) {
				to = end
			}
			if err := s.rollOwner(ctx, o.OwnerID, from, to); err != nil {
				failed = append(failed, err)
				break
			}
		}
	}
	return errors.Join(failed...)
}

func (s *Service) rollOwner(ctx context.Context, ownerID string, from, to time.Time) error {
	cells, err := s.compute(ctx, ownerID, from, to)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, int64(rollLock)); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into usage_rolled as r (owner_id, until) values ($1, $2::date - 1)
			on conflict (owner_id) do update set until = excluded.until where r.until < excluded.until`, ownerID, to)
		if err != nil || tag.RowsAffected() == 0 {
			return err // another process was faster
		}
		if _, err := tx.Exec(ctx, `delete from usage_days where owner_id = $1 and day >= $2::date and day < $3::date`, ownerID, from, to); err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"usage_days"}, []string{"owner_id", "day", "account_id", "profile_id", "platform", "connected", "posts"},
			pgx.CopyFromSlice(len(cells), func(i int) ([]any, error) {
				c := cells[i]
				return []any{ownerID, c.Day, c.AccountID, c.ProfileID, c.Platform, c.Connected, c.Posts}, nil
			}))
		return err
	})
}
