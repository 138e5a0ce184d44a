package webhooks

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/events"
	"posthorn/internal/id"
	"posthorn/internal/postgres"
)

// The contract's rule of switching an endpoint off: nothing arrived for silence, and it either gave up so many deliveries in a row or has
// been failing for as long.
const (
	silence  = 3 * 24 * time.Hour
	giveUps  = 20
	succeeds = time.Second // how often a success is noted of an endpoint that has had no failure
)

// note stores what an attempt came to and says when to try again; the zero time: never.
func (s *Service) note(ctx context.Context, p pending, o outcome) (again time.Time, err error) {
	now := s.Now()
	if o.ok() {
		_, err := s.notes.ask(ctx, success{p, o, now}, s.noteSuccesses)
		return time.Time{}, err
	}
	attempts := p.Attempts + 1
	if attempts <= len(s.Retries.Waits) && !o.gone() {
		wait := s.Retries.Waits[attempts-1]
		wait += rand.N(wait/5 + 1)
		again = now.Add(max(wait, o.RetryAfter))
	}
	return again, postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := s.log(ctx, tx, p, o, attempts, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update deliveries set attempts = $2, open = $3, next_at = $4 where id = $1`, p.ID, attempts, !again.IsZero(), orNow(again, now)); err != nil {
			return err
		}
		return s.noteFailure(ctx, tx, p, o, again.IsZero(), now)
	})
}

func orNow(t, now time.Time) time.Time {
	if t.IsZero() {
		return now
	}
	return t
}

// success is an attempt that arrived.
type success struct {
	pending
	outcome
	at time.Time
}

// noteSuccesses is one round trip. Of an endpoint that is well it touches the row only now and then, as all its deliveries would wait for it;
// rows of endpoints are locked in the order of their IDs, so that two of these do not wait for each other.
func (s *Service) noteSuccesses(ctx context.Context, list []success) ([]struct{}, error) {
	batch := &pgx.Batch{}
	ids, well := make([]string, len(list)), map[string]time.Time{}
	queueLogs(batch, list)
	for i, n := range list {
		ids[i] = n.pending.ID
		if n.FailureCount > 0 || n.FailingSince != nil || n.LastFiredAt == nil || n.at.Sub(*n.LastFiredAt) > succeeds {
			well[n.endpointRow.ID] = n.at
		}
	}
	batch.Queue(`update deliveries set attempts = attempts + 1, open = false where id = any($1)`, ids)
	for _, endpointID := range slices.Sorted(maps.Keys(well)) {
		batch.Queue(`update endpoints set failure_count = 0, failing_since = null, paused_until = null, last_fired_at = $2 where id = $1`, endpointID, well[endpointID])
	}
	return make([]struct{}, len(list)), s.Pool.SendBatch(ctx, batch).Close()
}

// noteFailure counts what an endpoint failed at, opens its circuit, and switches it off when the contract's rule says so.
func (s *Service) noteFailure(ctx context.Context, tx pgx.Tx, p pending, o outcome, final bool, now time.Time) error {
	var failing, created time.Time
	var fired *time.Time
	var count, recent int
	err := tx.QueryRow(ctx, `
		update endpoints set failing_since = coalesce(failing_since, $2), failure_count = failure_count + $3 where id = $1
		returning failing_since, created_at, last_fired_at, failure_count`, p.endpointRow.ID, now, toInt(final)).Scan(&failing, &created, &fired, &count)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	last := created
	if fired != nil {
		last = *fired
	}
	silent := now.Sub(last) >= silence
	switch {
	case o.gone():
		return s.disable(ctx, tx, p, "The endpoint answered 410 Gone, which says that it wants no more events.", now)
	case silent && count >= giveUps:
		return s.disable(ctx, tx, p, fmt.Sprintf("Nothing could be delivered for 3 days, and %d deliveries in a row were given up.", count), now)
	case silent && now.Sub(failing) >= silence:
		return s.disable(ctx, tx, p, "Every attempt failed for 3 days.", now)
	}
	if err := tx.QueryRow(ctx, `
		select count(*) from (select succeeded from delivery_attempts where endpoint_id = $1 and created_at >= $2 order by created_at desc limit $3) a where not succeeded`,
		p.endpointRow.ID, failing, breakAfter).Scan(&recent); err != nil {
		return err
	}
	if recent < breakAfter {
		return nil
	}
	// The longer it fails, the rarer it is tried: half a minute at first, ten at most.
	pause := min(max(30*time.Second, now.Sub(failing)/4), 10*time.Minute)
	_, err = tx.Exec(ctx, `update endpoints set paused_until = $2 where id = $1 and (paused_until is null or paused_until < $2)`, p.endpointRow.ID, now.Add(max(pause, o.RetryAfter)))
	return err
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// disable switches an endpoint off and tells so, with the reason in its settings.
func (s *Service) disable(ctx context.Context, tx pgx.Tx, p pending, why string, now time.Time) error {
	tag, err := tx.Exec(ctx, `update endpoints set active = false, disabled_reason = $2, updated_at = $3 where id = $1 and active`, p.endpointRow.ID, why, now)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	return s.Emit(ctx, tx, events.Event{Name: events.EndpointDisabled, OwnerID: p.OwnerID, Subject: p.endpointRow.ID,
		ProfileIDs: p.ProfileIDs, AccountIDs: p.AccountIDs,
		Body: map[string]any{"webhook": map[string]any{"id": p.endpointRow.ID, "name": p.Name, "url": p.URL, "reason": why}}})
}

const insertAttempt = `
	insert into delivery_attempts (id, owner_id, endpoint_id, endpoint_name, event_id, event, url, succeeded, status_code, response, error, attempt, took_ms, created_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`

func attemptArgs(p pending, o outcome, attempt int, now time.Time) []any {
	return []any{id.New(now), p.OwnerID, p.endpointRow.ID, p.Name, p.EventID, p.Event, p.URL, o.ok(), o.Status, o.Response, o.Error, attempt, o.Took.Milliseconds(), now}
}

// queueLogs notes many attempts in one statement.
func queueLogs(batch *pgx.Batch, list []success) {
	n := len(list)
	ids, owners, endpoints, names, eventIDs, kinds, urls, responses, faults := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	statuses, attempts, took, at := make([]int, n), make([]int, n), make([]int64, n), make([]time.Time, n)
	for i, a := range list {
		ids[i], owners[i], endpoints[i], names[i], eventIDs[i], kinds[i], urls[i] = id.New(a.at), a.OwnerID, a.endpointRow.ID, a.Name, a.EventID, a.Event, a.URL
		responses[i], faults[i], statuses[i], attempts[i], took[i], at[i] = a.Response, a.Error, a.Status, a.Attempts+1, a.Took.Milliseconds(), a.at
	}
	batch.Queue(`
		insert into delivery_attempts (id, owner_id, endpoint_id, endpoint_name, event_id, event, url, succeeded, status_code, response, error, attempt, took_ms, created_at)
		select i, o, p, n, e, k, u, true, s, r, f, a, t, c from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::text[], $10::text[], $11::int[], $12::bigint[],
			$13::timestamptz[]) x (i, o, p, n, e, k, u, s, r, f, a, t, c)`,
		ids, owners, endpoints, names, eventIDs, kinds, urls, statuses, responses, faults, attempts, took, at)
}

func queueLog(batch *pgx.Batch, p pending, o outcome, attempt int, now time.Time) {
	batch.Queue(insertAttempt, attemptArgs(p, o, attempt, now)...)
}

func (s *Service) log(ctx context.Context, tx pgx.Tx, p pending, o outcome, attempt int, now time.Time) error {
	_, err := tx.Exec(ctx, insertAttempt, attemptArgs(p, o, attempt, now)...)
	return err
}

func isTLS(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &record) || errors.As(err, &verify)
}
