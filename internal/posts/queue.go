package posts

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/queues"
)

// Queues finds the queue that a post is put into: the one named, or with an empty ID the default one of the profile.
type Queues interface {
	Find(ctx context.Context, by auth.Principal, profileID, queueID string) (queues.Queue, error)
	// Lock is Find in a transaction, and until that ends nobody else puts a post into the queue.
	Lock(ctx context.Context, tx pgx.Tx, by auth.Principal, profileID, queueID string) (queues.Queue, error)
}

// holdsSlot is what is true of a post that nobody else may share its slot with. A failed post keeps its slot, so that trying it again can
// never meet another post there.
const holdsSlot = `status not in ('draft', 'cancelled')`

// knownQueue refuses a queue that a post cannot be put into. It spares the caller the check of the media when the post has no chance;
// what counts is takeSlot, in the transaction. With next the post is to have the next free slot; without, it may do without a queue.
func (s *Service) knownQueue(ctx context.Context, by auth.Principal, profileID, queueID string, next bool) error {
	q, err := s.Queues.Find(ctx, by, profileID, queueID)
	var e *errs.Error
	switch {
	case errors.As(err, &e) && e.Code == errs.NotFound && e.Field == "profileId":
		named := *e
		named.Field = "queuedFromProfile"
		return &named
	case !next && errs.CodeOf(err) == errs.NotFound && queueID == "":
		return nil
	case err != nil || !next:
		return err
	}
	return q.Usable()
}

// takeSlot puts a post into a queue, in a transaction that stores the slot and the queue's ID in the post's row: at the queue's next free
// slot, or, when at is not nil, at that time, which is a Conflict when another post of the queue has it. A post that has a time of its own
// needs no queue: when none is named and the profile has no default one, the queue's ID is empty.
//
// The queue is locked until the transaction ends, so that no two posts take one slot. This comes before any lock on targets and posts.
func (s *Service) takeSlot(ctx context.Context, tx pgx.Tx, by auth.Principal, postID, profileID, queueID string, at *time.Time) (slot time.Time, q queues.Queue, err error) {
	defer errs.Wrap(&err, "posts.takeSlot(%s)", postID)
	q, err = s.Queues.Lock(ctx, tx, by, profileID, queueID)
	if at != nil {
		if queueID == "" && errs.CodeOf(err) == errs.NotFound {
			return *at, queues.Queue{}, nil
		}
		if err == nil {
			err = refuseTaken(ctx, tx, q.ID, postID, *at)
		}
		return *at, q, err
	}
	if err != nil {
		return time.Time{}, queues.Queue{}, err
	}
	if err := q.Usable(); err != nil {
		return time.Time{}, queues.Queue{}, err
	}
	now := s.Now()
	taken, err := takenSlots(ctx, tx, q.ID, postID, now)
	if err != nil {
		return time.Time{}, queues.Queue{}, err
	}
	slot, ok := q.Free(now, taken)
	if !ok {
		return time.Time{}, queues.Queue{}, queues.NoFreeSlot()
	}
	return slot.UTC(), q, nil
}

func refuseTaken(ctx context.Context, tx pgx.Tx, queueID, postID string, at time.Time) error {
	var other string
	err := tx.QueryRow(ctx, `select id from posts where queue_id = $1 and scheduled_for = $2 and id <> $3 and `+holdsSlot, queueID, at, postID).Scan(&other)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return slotTaken(map[string]any{"queueId": queueID, "existingPostId": other})
}

func slotTaken(details map[string]any) error {
	return &errs.Error{Code: errs.Conflict, Wire: "queue_slot_conflict", Field: "scheduledFor", Rule: "queue.slot_taken", Details: details,
		Message: "Another post of the queue is scheduled for that time", Remedy: "Choose another time, or leave out scheduledFor to get the next free slot."}
}

// takesSlot reports whether a new post takes a slot of a queue as it is stored.
func takesSlot(post Post, p NewPost) bool {
	return p.QueuedFromProfile != "" && (p.Mode == Queued || p.Mode == At && post.ScheduledFor != nil)
}

// enqueue puts a planned post into the queue that it asks for.
func (s *Service) enqueue(ctx context.Context, tx pgx.Tx, by auth.Principal, post *Post, p NewPost) error {
	if !takesSlot(*post, p) {
		return nil
	}
	var at *time.Time
	if p.Mode == At {
		at = post.ScheduledFor
	}
	slot, q, err := s.takeSlot(ctx, tx, by, post.ID, p.QueuedFromProfile, p.QueueID, at)
	if err != nil {
		return err
	}
	post.ScheduledFor, post.QueueID = &slot, q.ID
	for i := range post.Targets {
		if t := &post.Targets[i]; t.ScheduledFor == nil {
			t.NextAt = slot
		}
	}
	return nil
}

// queueAdvice tells a caller what of a new post's queue had no effect.
func queueAdvice(p NewPost) []string {
	switch {
	case p.QueueID != "" && p.QueuedFromProfile == "":
		return []string{"queueId has no effect without queuedFromProfile"}
	case p.QueuedFromProfile != "" && p.Mode == Now:
		return []string{"queuedFromProfile has no effect on a post that is published now"}
	default:
		return nil
	}
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func takenSlots(ctx context.Context, db querier, queueID, except string, after time.Time) ([]time.Time, error) {
	rows, err := db.Query(ctx, `select scheduled_for from posts where queue_id = $1 and scheduled_for > $2 and id <> $3 and `+holdsSlot, queueID, after, except)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[time.Time])
}

// TakenSlots lists the times after one at which posts of a queue are scheduled.
func (s *Service) TakenSlots(ctx context.Context, queueID string, after time.Time) (taken []time.Time, err error) {
	defer errs.Wrap(&err, "posts.TakenSlots(%s)", queueID)
	return takenSlots(ctx, s.Pool, queueID, "", after)
}

// Reshuffle gives the posts of a queue that are still to begin the next of the slots, in their order, and counts those that moved. The
// queue is locked by the caller. A target with a time of its own keeps it, and what has begun already keeps its slot.
func (s *Service) Reshuffle(ctx context.Context, tx pgx.Tx, queueID string, slots iter.Seq[time.Time]) (moved int, err error) {
	defer errs.Wrap(&err, "posts.Reshuffle(%s)", queueID)
	now := s.Now()
	waiting, err := lockWaiting(ctx, tx, queueID, now)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	taken, err := takenSlots(ctx, tx, queueID, "", now)
	if err != nil {
		return 0, err
	}
	kept := map[int64]bool{} // those of posts that do not move
	for _, t := range taken {
		kept[t.UnixNano()] = true
	}
	for _, w := range waiting {
		delete(kept, w.At.UnixNano())
	}
	next, stop := iter.Pull(slots)
	defer stop()
	var ids []string
	var times []time.Time
	for _, w := range waiting {
		slot, ok := next()
		for ok && kept[slot.UnixNano()] {
			slot, ok = next()
		}
		if !ok {
			return 0, queues.NoFreeSlot()
		}
		if !slot.Equal(w.At) {
			ids, times = append(ids, w.ID), append(times, slot)
		}
	}
	return len(ids), s.moveTo(ctx, tx, queueID, ids, times, now)
}

// waiting is a post that is still to begin.
type waiting struct {
	ID string
	At time.Time
}

// lockWaiting locks the posts of a queue that are still to begin, their targets first, and lists them in their order.
func lockWaiting(ctx context.Context, tx pgx.Tx, queueID string, now time.Time) ([]waiting, error) {
	rows, err := tx.Query(ctx, `
		select t.post_id, t.open and t.status = 'pending' and t.claim = 0 from targets t join posts p on p.id = t.post_id
		where p.queue_id = $1 and p.status = 'scheduled' and p.scheduled_for > $2 order by t.id for update of t`, queueID, now)
	if err != nil {
		return nil, err
	}
	idle := map[string]bool{}
	var postID string
	var untouched bool
	if _, err := pgx.ForEachRow(rows, []any{&postID, &untouched}, func() error {
		before, seen := idle[postID]
		idle[postID] = untouched && (before || !seen)
		return nil
	}); err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `select id, scheduled_for from posts where queue_id = $1 and status = 'scheduled' and scheduled_for > $2 order by scheduled_for, id for update`, queueID, now)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
	if err != nil {
		return nil, err
	}
	list := all[:0]
	for _, w := range all {
		if idle[w.ID] {
			list = append(list, w)
		}
	}
	return list, nil
}

// moveTo gives posts other times, and their targets with them.
func (s *Service) moveTo(ctx context.Context, tx pgx.Tx, queueID string, ids []string, times []time.Time, now time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	// Out of the queue first: on the way, one post may move to the slot that another is about to leave.
	if _, err := tx.Exec(ctx, `update posts set queue_id = null where id = any($1)`, ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update posts set queue_id = $1, scheduled_for = slot.at, updated_at = $4 from unnest($2::text[], $3::timestamptz[]) as slot (id, at) where posts.id = slot.id`,
		queueID, ids, times, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		update targets set next_at = slot.at, updated_at = $3 from unnest($1::text[], $2::timestamptz[]) as slot (id, at)
		where targets.post_id = slot.id and targets.scheduled_for is null`, ids, times, now)
	return err
}
