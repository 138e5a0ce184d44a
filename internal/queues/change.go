package queues

import (
	"context"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// firstName is what a profile's first queue is called that Update makes without a name.
const firstName = "Default Queue"

// Create makes a queue. The first one of a profile is its default.
func (s *Service) Create(ctx context.Context, by auth.Principal, in Settings) (q Queue, err error) {
	defer errs.Wrap(&err, "queues.Create")
	if in, err = in.checked(); err != nil {
		return Queue{}, err
	}
	if in.Name == "" {
		return Queue{}, missing("name", "name is required")
	}
	err = s.changing(ctx, by, in.ProfileID, func(tx pgx.Tx, there []Queue) error {
		q, err = s.insert(ctx, tx, by, in, there)
		return err
	})
	return q, err
}

// Change is what Update is asked for.
type Change struct {
	Settings
	QueueID      string // empty: the default queue, which is made when there is none
	SetAsDefault bool
	Reshuffle    bool // move the posts that wait in the queue to its new slots
}

// Changed is what came of an Update.
type Changed struct {
	Queue Queue
	Made  bool // there was none
	Moved int  // posts that got another slot
}

// Update sets what a queue is, and moves the posts in it when that is asked for and the queue is active. Otherwise they keep their times.
func (s *Service) Update(ctx context.Context, by auth.Principal, c Change) (out Changed, err error) {
	defer errs.Wrap(&err, "queues.Update")
	if c.Settings, err = c.Settings.checked(); err != nil {
		return Changed{}, err
	}
	err = s.changing(ctx, by, c.ProfileID, func(tx pgx.Tx, there []Queue) error {
		out = Changed{}
		if len(there) == 0 && c.QueueID == "" {
			if c.Name == "" {
				c.Name = firstName
			}
			out.Made = true
			out.Queue, err = s.insert(ctx, tx, by, c.Settings, there)
			return err
		}
		if out.Queue, err = s.update(ctx, tx, by, c); err != nil || !c.Reshuffle || !c.Active {
			return err
		}
		now := s.Now()
		out.Moved, err = s.Posts.Reshuffle(ctx, tx, out.Queue.ID, out.Queue.Between(now, now.Add(reshuffleWithin)))
		return err
	})
	return out, err
}

// reshuffleWithin is longer than the posts of any queue need.
const reshuffleWithin = 100 * horizon

// Delete removes a queue, or with an empty ID all of the profile, and counts them. Posts that were in it keep their times. Another queue
// becomes the default.
func (s *Service) Delete(ctx context.Context, by auth.Principal, profileID, queueID string) (n int, err error) {
	defer errs.Wrap(&err, "queues.Delete")
	err = s.changing(ctx, by, profileID, func(tx pgx.Tx, there []Queue) error {
		n = 0
		var left []Queue
		for _, q := range there {
			if queueID != "" && q.ID != queueID {
				left = append(left, q)
				continue
			}
			if _, err := tx.Exec(ctx, `delete from queues where id = $1`, q.ID); err != nil {
				return err
			}
			n++
		}
		if n == 0 && queueID != "" {
			return notFound("queueId")
		}
		if len(left) > 0 && !left[0].IsDefault {
			_, err := tx.Exec(ctx, `update queues set is_default = true, updated_at = $2 where id = $1`, left[0].ID, s.Now())
			return err
		}
		return nil
	})
	return n, err
}

// changing runs fn with the queues of a profile, the default one first, while nobody else changes any of them.
func (s *Service) changing(ctx context.Context, by auth.Principal, profileID string, fn func(tx pgx.Tx, there []Queue) error) error {
	if _, err := s.Profiles.Profile(ctx, by, profileID); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('queues of ' || $1, 0))`, profileID); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select `+columns+` from queues where owner_id = $1 and profile_id = $2 order by is_default desc, created_at, id for update`, by.OwnerID, profileID)
		if err != nil {
			return err
		}
		there, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
		if err != nil {
			return err
		}
		return fn(tx, there)
	})
}

func (s *Service) insert(ctx context.Context, tx pgx.Tx, by auth.Principal, in Settings, there []Queue) (Queue, error) {
	if len(there) >= maxQueues {
		return Queue{}, &errs.Error{Code: errs.Invalid, Rule: "queue.too_many", Message: "The profile has as many queues as it may have", Remedy: "Delete one first."}
	}
	now := s.Now()
	rows, err := tx.Query(ctx, `
		insert into queues (id, owner_id, profile_id, name, timezone, slots, active, is_default, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		returning `+columns, id.New(now), by.OwnerID, in.ProfileID, in.Name, in.Timezone, in.Slots, in.Active, len(there) == 0, now)
	if err != nil {
		return Queue{}, err
	}
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Queue])
	if postgres.IsForeignKey(err, "queues_profile_id_fkey") { // the profile was deleted since we asked for it
		return Queue{}, &errs.Error{Code: errs.NotFound, Wire: "profile_not_found", Field: "profileId", Message: "Profile not found"}
	}
	return q, err
}

func (s *Service) update(ctx context.Context, tx pgx.Tx, by auth.Principal, c Change) (Queue, error) {
	q, err := find(ctx, tx, by, c.ProfileID, c.QueueID, "")
	if err != nil {
		return Queue{}, err
	}
	now := s.Now()
	if c.SetAsDefault && !q.IsDefault {
		if _, err := tx.Exec(ctx, `update queues set is_default = false, updated_at = $2 where profile_id = $1 and is_default`, c.ProfileID, now); err != nil {
			return Queue{}, err
		}
	}
	rows, err := tx.Query(ctx, `
		update queues set name = case when $2 = '' then name else $2 end, timezone = $3, slots = $4, active = $5, is_default = is_default or $6, updated_at = $7 where id = $1
		returning `+columns, q.ID, c.Name, c.Timezone, c.Slots, c.Active, c.SetAsDefault, now)
	if err != nil {
		return Queue{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Queue])
}
