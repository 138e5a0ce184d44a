package webhooks

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/events"
	"posthorn/internal/id"
)

// Emit writes events in the transaction of their cause, in one round trip. The caller holds a lock on the subject's row, so that its events
// are numbered in order.
func (s *Service) Emit(ctx context.Context, tx pgx.Tx, list ...events.Event) (err error) {
	if len(list) == 0 {
		return nil
	}
	defer errs.Wrap(&err, "webhooks.Emit(%s)", list[0].Name)
	now := s.Now()
	batch := &pgx.Batch{}
	for _, e := range list {
		eventID := id.New(now)
		payload, err := render(eventID, e, now)
		if err != nil {
			return err
		}
		batch.Queue(`
			insert into events (id, owner_id, name, subject, sequence, profile_ids, account_ids, payload, created_at)
			values ($1, $2, $3, $4, (select coalesce(max(sequence), 0) + 1 from events where subject = $4), $5, $6, $7, $8)`,
			eventID, e.OwnerID, e.Name, e.Subject, present(e.ProfileIDs), present(e.AccountIDs), string(payload), now)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// render makes the bytes that are stored, signed and sent.
func render(eventID string, e events.Event, now time.Time) ([]byte, error) {
	body := maps.Clone(e.Body)
	if body == nil {
		body = map[string]any{}
	}
	body["id"], body["event"], body["timestamp"] = eventID, e.Name, events.Time(now)
	return json.Marshal(body)
}

func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
