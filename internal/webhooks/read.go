package webhooks

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
)

// Cursor is a place in the order of events. The zero one is before the first.
type Cursor struct {
	XID, Position int64
}

// String is the cursor's form on the wire.
func (c Cursor) String() string { return fmt.Sprintf("%d.%d", c.XID, c.Position) }

func (c Cursor) xid() string { return strconv.FormatInt(c.XID, 10) }

// ParseCursor reads what String wrote; empty is the zero cursor.
func ParseCursor(text string) (c Cursor, err error) {
	if text == "" {
		return Cursor{}, nil
	}
	a, b, ok := strings.Cut(text, ".")
	xid, errA := strconv.ParseInt(a, 10, 64)
	position, errB := strconv.ParseInt(b, 10, 64)
	if !ok || errA != nil || errB != nil || xid < 0 || position < 0 {
		return Cursor{}, errs.Fieldf("cursor", "cursor %q is not one that this server gave", clip(text))
	}
	return Cursor{xid, position}, nil
}

// Events reads an owner's events after a cursor, in the order in which they became known, at most limit of them; names selects some, none
// all. A principal of some profiles sees what concerns only those. It never passes over an event that is still being written.
func (s *Service) Events(ctx context.Context, by auth.Principal, after Cursor, names []string, limit int) (list []Event, err error) {
	defer errs.Wrap(&err, "webhooks.Events")
	rows, err := s.Pool.Query(ctx, `
		select id, name, subject, sequence, payload, created_at, xid::text::bigint, position from events
		where owner_id = $1 and (xid, position) > ($2::text::xid8, $3) and xid < pg_snapshot_xmin(pg_current_snapshot())
			and (cardinality($4::text[]) = 0 or name = any($4)) and ($5::text[] is null or (profile_ids <@ $5 and cardinality(profile_ids) > 0))
		order by xid, position limit $6`,
		by.OwnerID, after.xid(), after.Position, present(names), by.Profiles, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Event, error) {
		var e Event
		err := row.Scan(&e.ID, &e.Name, &e.Subject, &e.Sequence, &e.Payload, &e.CreatedAt, &e.Cursor.XID, &e.Cursor.Position)
		return e, err
	})
}

// End is the cursor after the newest event that can be read: where a listener begins who wants no past.
func (s *Service) End(ctx context.Context) (c Cursor, err error) {
	defer errs.Wrap(&err, "webhooks.End")
	err = s.Pool.QueryRow(ctx, `select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1), 9223372036854775807`).Scan(&c.XID, &c.Position)
	return c, err
}
