package queues

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/accounts"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
)

// Profiles finds a profile; one that does not exist, or that the principal does not reach, is NotFound.
type Profiles interface {
	Profile(ctx context.Context, by auth.Principal, profileID string) (accounts.Profile, error)
}

// Posts are what waits in queues.
type Posts interface {
	// TakenSlots lists the times after one at which posts of a queue are scheduled.
	TakenSlots(ctx context.Context, queueID string, after time.Time) ([]time.Time, error)
	// Reshuffle gives the posts of a queue that are still to begin the next of the slots, in their order, and counts those that moved.
	Reshuffle(ctx context.Context, tx pgx.Tx, queueID string, slots iter.Seq[time.Time]) (moved int, err error)
}

// Service is the domain of queues.
type Service struct {
	Pool     *pgxpool.Pool
	Profiles Profiles
	Posts    Posts
	Now      func() time.Time
}

const columns = `id, owner_id, profile_id, name, timezone, slots, active, is_default, created_at, updated_at`

// List reads the queues of a profile, the default one first.
func (s *Service) List(ctx context.Context, by auth.Principal, profileID string) (list []Queue, err error) {
	defer errs.Wrap(&err, "queues.List")
	if _, err := s.Profiles.Profile(ctx, by, profileID); err != nil {
		return nil, err
	}
	rows, err := s.Pool.Query(ctx, `select `+columns+` from queues where owner_id = $1 and profile_id = $2 order by is_default desc, created_at, id`, by.OwnerID, profileID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
}

// Find reads a queue of a profile; an empty ID means its default one. Without such a queue, or without such a profile, it is NotFound.
func (s *Service) Find(ctx context.Context, by auth.Principal, profileID, queueID string) (q Queue, err error) {
	defer errs.Wrap(&err, "queues.Find")
	if _, err := s.Profiles.Profile(ctx, by, profileID); err != nil {
		return Queue{}, err
	}
	return find(ctx, s.Pool, by, profileID, queueID, "")
}

// Lock is Find in a transaction, and until that ends nobody else locks, changes or deletes the queue. Whoever locks the queue of a post
// and its targets takes the queue first.
func (s *Service) Lock(ctx context.Context, tx pgx.Tx, by auth.Principal, profileID, queueID string) (q Queue, err error) {
	defer errs.Wrap(&err, "queues.Lock")
	if !by.Reaches(profileID) {
		return Queue{}, notFound("queueId")
	}
	for {
		// Found first and locked then: a query that locks would miss a default queue that becomes one while it waits for another.
		q, err := find(ctx, tx, by, profileID, queueID, "")
		if err != nil {
			return Queue{}, err
		}
		q, err = find(ctx, tx, by, profileID, q.ID, "for update")
		if queueID == "" && errs.CodeOf(err) == errs.NotFound { // deleted meanwhile
			continue
		}
		return q, err
	}
}

// NextSlot is the first free slot of a queue, and the queue. One that is inactive is Invalid; without any free slot it is NotFound.
func (s *Service) NextSlot(ctx context.Context, by auth.Principal, profileID, queueID string) (q Queue, slot time.Time, err error) {
	defer errs.Wrap(&err, "queues.NextSlot")
	if q, err = s.Find(ctx, by, profileID, queueID); err != nil {
		return Queue{}, time.Time{}, err
	}
	if err := q.Usable(); err != nil {
		return Queue{}, time.Time{}, err
	}
	now := s.Now()
	taken, err := s.Posts.TakenSlots(ctx, q.ID, now)
	if err != nil {
		return Queue{}, time.Time{}, err
	}
	slot, ok := q.Free(now, taken)
	if !ok {
		return Queue{}, time.Time{}, NoFreeSlot()
	}
	return q, slot, nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func find(ctx context.Context, db querier, by auth.Principal, profileID, queueID, lock string) (Queue, error) {
	if queueID != "" && !id.Valid(queueID) {
		return Queue{}, notFound("queueId")
	}
	rows, err := db.Query(ctx, `select `+columns+` from queues where owner_id = $1 and profile_id = $2 and case when $3 = '' then is_default else id = $3 end `+lock,
		by.OwnerID, profileID, queueID)
	if err != nil {
		return Queue{}, err
	}
	q, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Queue])
	switch {
	case !errors.Is(err, pgx.ErrNoRows):
		return q, err
	case queueID == "":
		return Queue{}, noQueue()
	default:
		return Queue{}, notFound("queueId")
	}
}
