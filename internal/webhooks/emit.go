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
	batch := &pgx.Batch{}
	if err := s.EmitIn(batch, list...); err != nil {
		return err
	}
	return tx.SendBatch(ctx, batch).Close()
}

// EmitIn is Emit by a batch, which whatever causes the events is in too.
func (s *Service) EmitIn(batch *pgx.Batch, list ...events.Event) error {
	now := s.Now()
	rows := make([]emitted, len(list))
	numbers := map[string]int{}
	for i, e := range list {
		eventID := id.New(now)
		payload, err := render(eventID, e, now)
		if err != nil {
			return err
		}
		numbers[e.Subject]++
		rows[i] = emitted{eventID, e.OwnerID, string(e.Name), e.Subject, numbers[e.Subject], present(e.ProfileIDs), present(e.AccountIDs), string(payload)}
	}
	packed, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	batch.Queue(`
		insert into events (id, owner_id, name, subject, sequence, profile_ids, account_ids, payload, created_at)
		select "ID", "Owner", "Name", "Subject", (select coalesce(max(sequence), 0) from events where subject = "Subject") + "Nth", "Profiles", "Accounts", "Payload", $2
		from json_to_recordset($1::json) as u ("ID" text, "Owner" text, "Name" text, "Subject" text, "Nth" int, "Profiles" text[], "Accounts" text[], "Payload" text)`, packed, now)
	return nil
}

// emitted is an event as it is stored; Nth is its place among those of its subject that are stored with it.
type emitted struct {
	ID, Owner, Name, Subject string
	Nth                      int
	Profiles, Accounts       []string
	Payload                  string
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
