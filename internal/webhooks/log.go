package webhooks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/postgres"
)

// Attempt is one line of the log of deliveries.
type Attempt struct {
	OwnerID, EndpointID, EndpointName, EventID, Event, URL string
	Succeeded                                              bool
	StatusCode                                             int // 0: no answer came
	Payload                                                []byte
	Response, Error                                        string
	Number                                                 int
	TookMs                                                 int64
	CreatedAt                                              time.Time
}

// LogFilter selects attempts of one owner. Zero values select everything.
type LogFilter struct {
	Status     string // "success" or "failed"
	Event      string
	EndpointID string
	EventID    string
	Limit      int
	Skip       int
}

// Log reads attempts, the newest first, and how many there are in all.
func (s *Service) Log(ctx context.Context, by auth.Principal, f LogFilter) (list []Attempt, total int, err error) {
	defer errs.Wrap(&err, "webhooks.Log")
	conds, args := []string{"a.owner_id = $1"}, []any{by.OwnerID}
	add := func(cond string, value any) {
		args = append(args, value)
		conds = append(conds, fmt.Sprintf(cond, len(args)))
	}
	if f.Status != "" {
		add("a.succeeded = ($%d = 'success')", f.Status)
	}
	if f.Event != "" {
		add("a.event = $%d", f.Event)
	}
	if f.EndpointID != "" {
		add("a.endpoint_id = $%d", f.EndpointID)
	}
	if f.EventID != "" {
		add("a.event_id = $%d", f.EventID)
	}
	if by.Scoped() {
		add("exists (select 1 from endpoints p where p.id = a.endpoint_id and p.profile_ids <@ $%d and cardinality(p.profile_ids) > 0)", by.Profiles)
	}
	where := strings.Join(conds, " and ")
	if err := s.Pool.QueryRow(ctx, `select count(*) from delivery_attempts a where `+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	args = append(args, f.Limit, f.Skip)
	rows, err := s.Pool.Query(ctx, fmt.Sprintf(`
		select a.owner_id, a.endpoint_id, a.endpoint_name, a.event_id, a.event, a.url, a.succeeded, a.status_code, e.payload, a.response, a.error, a.attempt, a.took_ms, a.created_at
		from delivery_attempts a left join events e on e.id = a.event_id where %s order by a.created_at desc, a.id desc limit $%d offset $%d`, where, len(args)-1, len(args)), args...)
	if err != nil {
		return nil, 0, err
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Attempt])
	return list, total, err
}

// Test sends a test event to an endpoint, once and at once. What came of it is the answer; the error is for what kept it from being tried.
func (s *Service) Test(ctx context.Context, by auth.Principal, endpointID string) (result Attempt, err error) {
	defer errs.Wrap(&err, "webhooks.Test")
	row, err := s.endpoint(ctx, s.Pool, by, endpointID, "")
	if err != nil {
		return Attempt{}, err
	}
	var eventID string
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if _, err := s.endpoint(ctx, tx, by, endpointID, "for update"); err != nil {
			return err
		}
		if err := s.Emit(ctx, tx, events.Event{Name: events.EndpointTest, OwnerID: by.OwnerID, Subject: row.ID, ProfileIDs: row.ProfileIDs, AccountIDs: row.AccountIDs,
			Body: map[string]any{"message": "This is a test of the webhook " + row.Name}}); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select id from events where subject = $1 order by sequence desc limit 1`, row.ID).Scan(&eventID)
	})
	if err != nil {
		return Attempt{}, err
	}
	return s.sendAgain(ctx, row, eventID)
}

// Redeliver sends an event to an endpoint once more, byte for byte, at once. One that was never meant for the endpoint, or whose payload is
// gone, is a Conflict.
func (s *Service) Redeliver(ctx context.Context, by auth.Principal, endpointID, eventID string) (result Attempt, err error) {
	defer errs.Wrap(&err, "webhooks.Redeliver")
	row, err := s.endpoint(ctx, s.Pool, by, endpointID, "")
	if err != nil {
		return Attempt{}, err
	}
	return s.sendAgain(ctx, row, eventID)
}

// sendAgain makes an attempt outside of any delivery and notes it.
func (s *Service) sendAgain(ctx context.Context, row endpointRow, eventID string) (Attempt, error) {
	p := pending{endpointRow: row}
	err := s.Pool.QueryRow(ctx, `
		select e.id, e.name, e.sequence, e.payload, (select count(*) from delivery_attempts a where a.endpoint_id = $2 and a.event_id = e.id)
		from events e where e.owner_id = $1 and e.id = $3 and (e.subject = $2
			or exists (select 1 from deliveries d where d.endpoint_id = $2 and d.event_id = e.id))`, row.OwnerID, row.ID, eventID).
		Scan(&p.EventID, &p.Event, &p.Sequence, &p.Payload, &p.Attempts)
	if errors.Is(err, pgx.ErrNoRows) {
		return Attempt{}, &errs.Error{Code: errs.Conflict, Wire: "not_replayable", Rule: "webhook.not_replayable", Field: "eventId",
			Message: "there is no delivery of this event to this webhook that could be repeated"}
	}
	if err != nil {
		return Attempt{}, err
	}
	e, err := s.open(row)
	if err != nil {
		return Attempt{}, err
	}
	o := s.attempt(ctx, e, s.secrets(row, e), p)
	now := s.Now()
	batch := &pgx.Batch{}
	queueLog(batch, p, o, p.Attempts+1, now)
	if o.ok() {
		batch.Queue(`update endpoints set failure_count = 0, failing_since = null, paused_until = null, last_fired_at = $2 where id = $1`, row.ID, now)
	}
	err = s.Pool.SendBatch(context.WithoutCancel(ctx), batch).Close()
	return Attempt{OwnerID: row.OwnerID, EndpointID: row.ID, EndpointName: row.Name, EventID: p.EventID, Event: p.Event, URL: row.URL, Succeeded: o.ok(), StatusCode: o.Status,
		Payload: p.Payload, Response: o.Response, Error: o.Error, Number: p.Attempts + 1, TookMs: o.Took.Milliseconds(), CreatedAt: now}, err
}
