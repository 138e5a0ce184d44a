package webhooks

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// dispatchBatch is how many events one Dispatch hands out at most.
const dispatchBatch = 1000

// Dispatch hands out what happened since the last time: a delivery, with its job, for each endpoint that listens. It reports how many events
// it took; fewer than it could have taken mean that there are no more. While another process is at it, it takes none.
//
// It reads only events older than every transaction that still runs. Their order is then final, so that the cursor passes none over.
func (s *Service) Dispatch(ctx context.Context) (taken int, err error) {
	defer errs.Wrap(&err, "webhooks.Dispatch")
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		taken = 0
		var from Cursor
		err := tx.QueryRow(ctx, `select xid::text::bigint, position from event_cursor for update skip locked`).Scan(&from.XID, &from.Position)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select id, owner_id, name, subject, sequence, profile_ids, account_ids, created_at, xid::text::bigint, position from events
			where (xid, position) > ($1::text::xid8, $2) and xid < pg_snapshot_xmin(pg_current_snapshot()) order by xid, position limit $3`,
			from.xid(), from.Position, dispatchBatch)
		if err != nil {
			return err
		}
		happened, err := pgx.CollectRows(rows, pgx.RowToStructByPos[dispatched])
		if err != nil || len(happened) == 0 {
			return err
		}
		if err := s.handOut(ctx, tx, happened); err != nil {
			return err
		}
		last := happened[len(happened)-1]
		taken = len(happened)
		_, err = tx.Exec(ctx, `update event_cursor set xid = $1::text::xid8, position = $2`, Cursor{last.XID, last.Position}.xid(), last.Position)
		return err
	})
	return taken, err
}

// Full reports whether a Dispatch took as much as it can, so that there may be more.
func Full(taken int) bool { return taken >= dispatchBatch }

type dispatched struct {
	ID, OwnerID, Name, Subject string
	Sequence                   int
	ProfileIDs, AccountIDs     []string
	At                         time.Time
	XID, Position              int64
}

// handOut makes the deliveries of events and their jobs.
func (s *Service) handOut(ctx context.Context, tx pgx.Tx, happened []dispatched) error {
	var owners []string
	for _, e := range happened {
		if !slices.Contains(owners, e.OwnerID) {
			owners = append(owners, e.OwnerID)
		}
	}
	rows, err := tx.Query(ctx, `select id, owner_id, events, disabled_groups, profile_ids, account_ids, created_at from endpoints where owner_id = any($1) and active order by id`, owners)
	if err != nil {
		return err
	}
	listening, err := pgx.CollectRows(rows, pgx.RowToStructByPos[listener])
	if err != nil || len(listening) == 0 {
		return err
	}
	byOwner := map[string][]listener{}
	for _, l := range listening {
		byOwner[l.OwnerID] = append(byOwner[l.OwnerID], l)
	}
	now := s.Now()
	var made [][]any
	var due []Due
	for _, e := range happened {
		for _, l := range byOwner[e.OwnerID] {
			if l.hears(e) {
				deliveryID := id.New(now)
				due = append(due, Due{deliveryID, l.ID})
				made = append(made, []any{deliveryID, e.OwnerID, e.ID, l.ID, e.Subject, e.Sequence, now, now})
			}
		}
	}
	if len(due) == 0 {
		return nil
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"deliveries"}, []string{"id", "owner_id", "event_id", "endpoint_id", "subject", "sequence", "next_at", "created_at"},
		pgx.CopyFromRows(made)); err != nil {
		return err
	}
	return s.Queue.Deliver(ctx, tx, due)
}

// listener is what decides whether an endpoint hears of an event.
type listener struct {
	ID, OwnerID            string
	Events, DisabledGroups []string
	ProfileIDs, AccountIDs []string
	Since                  time.Time // it hears of nothing that was before it
}

func (l listener) hears(e dispatched) bool {
	return !e.At.Before(l.Since) && slices.Contains(l.Events, e.Name) && !slices.Contains(l.DisabledGroups, groupOf(e.Name)) &&
		meets(l.ProfileIDs, e.ProfileIDs) && meets(l.AccountIDs, e.AccountIDs)
}

// meets reports whether a filter lets something pass that concerns some IDs; an empty filter lets everything pass.
func meets(filter, concerned []string) bool {
	return len(filter) == 0 || slices.ContainsFunc(concerned, func(x string) bool { return slices.Contains(filter, x) })
}

// Overdue lists open deliveries that should have been attempted before a time: theirs may have lost their jobs.
func (s *Service) Overdue(ctx context.Context, before time.Time, limit int) (due []Due, err error) {
	defer errs.Wrap(&err, "webhooks.Overdue")
	rows, err := s.Pool.Query(ctx, `select id, endpoint_id from deliveries where open and next_at < $1 order by next_at limit $2`, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Due])
}

// DropOld deletes some of what is older than the time it is kept for, and reports how much: call it again while that is not zero.
func (s *Service) DropOld(ctx context.Context) (n int64, err error) {
	defer errs.Wrap(&err, "webhooks.DropOld")
	before := id.First(s.Now().Add(-Retention))
	for _, table := range []string{"delivery_attempts", "events"} { // deliveries go with their events
		tag, err := s.Pool.Exec(ctx, `delete from `+table+` where id in (select id from `+table+` where id < $1 limit 5000)`, before)
		if err != nil {
			return n, err
		}
		n += tag.RowsAffected()
	}
	return n, nil
}
