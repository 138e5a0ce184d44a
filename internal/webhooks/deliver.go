package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/outbound"
)

const (
	attemptTimeout = 10 * time.Second
	longestAfter   = 24 * time.Hour         // what a Retry-After is obeyed for at most
	turn           = 250 * time.Millisecond // how soon a delivery looks again whether it is its turn
	breakAfter     = 5                      // attempts that fail in a row until the circuit opens
	userAgent      = "Posthorn-Webhooks/1"
)

// outcome is what one attempt came to.
type outcome struct {
	Status     int // 0: no answer
	Response   string
	Error      string
	RetryAfter time.Duration
	Took       time.Duration
}

func (o outcome) ok() bool   { return o.Status >= 200 && o.Status < 300 }
func (o outcome) gone() bool { return o.Status == http.StatusGone }

// pending is a delivery with all that is needed to make it.
type pending struct {
	ID, EventID, Event string
	Sequence, Attempts int
	Payload            []byte
	EventAt            time.Time
	Open, Waits        bool // Waits: an earlier event of the same subject was not attempted yet
	endpointRow
}

// Deliver makes one attempt at a delivery, unless it is not its turn. It returns when to come back; the zero time says that the delivery
// has ended. An attempt that was made and could not be noted, because the process or the database died, is made again.
func (s *Service) Deliver(ctx context.Context, deliveryID string) (again time.Time, err error) {
	defer errs.Wrap(&err, "webhooks.Deliver(%s)", deliveryID)
	p, err := s.loads.ask(ctx, deliveryID, s.pending)
	if err != nil || !p.Open {
		return time.Time{}, err
	}
	now := s.Now()
	switch {
	case !p.Active:
		_, err := s.Pool.Exec(ctx, `update deliveries set open = false where id = $1`, p.ID)
		return time.Time{}, err
	case p.PausedUntil != nil && p.PausedUntil.After(now):
		return p.PausedUntil.Add(rand.N(time.Second)), nil
	case p.Waits && p.Attempts == 0:
		return now.Add(turn), nil
	}
	e, err := s.open(p.endpointRow)
	if err != nil {
		return time.Time{}, err
	}
	got := s.attempt(ctx, e, s.secrets(p.endpointRow, e), p)
	if ctx.Err() != nil && got.Status == 0 {
		return now.Add(turn), nil // this process is stopping; it says nothing of the endpoint
	}
	return s.note(context.WithoutCancel(ctx), p, got)
}

// pending reads deliveries; one that is gone is as one that has ended.
func (s *Service) pending(ctx context.Context, deliveryIDs []string) ([]pending, error) {
	rows, err := s.Pool.Query(ctx, `
		select d.id, d.event_id, e.name, d.sequence, d.attempts, e.payload, e.created_at, d.open,
			exists (select 1 from deliveries o where o.endpoint_id = d.endpoint_id and o.subject = d.subject and o.open and o.sequence < d.sequence and o.attempts = 0),
			p.id, p.owner_id, p.name, p.url, p.events, p.secret, p.old_secret, p.old_until, p.headers, p.active, p.disabled_reason, p.disabled_groups, p.profile_ids,
			p.account_ids, p.failure_count, p.failing_since, p.last_fired_at, p.paused_until, p.created_at, p.updated_at
		from deliveries d join events e on e.id = d.event_id join endpoints p on p.id = d.endpoint_id where d.id = any($1)`, deliveryIDs)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pending, err error) {
		r := &p.endpointRow
		err = row.Scan(&p.ID, &p.EventID, &p.Event, &p.Sequence, &p.Attempts, &p.Payload, &p.EventAt, &p.Open, &p.Waits,
			&r.ID, &r.OwnerID, &r.Name, &r.URL, &r.Events, &r.Secret, &r.OldSecret, &r.OldSecretUntil, &r.Headers, &r.Active, &r.DisabledReason, &r.DisabledGroups,
			&r.ProfileIDs, &r.AccountIDs, &r.FailureCount, &r.FailingSince, &r.LastFiredAt, &r.PausedUntil, &r.CreatedAt, &r.UpdatedAt)
		return p, err
	})
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(found))
	for i, p := range found {
		at[p.ID] = i
	}
	list := make([]pending, len(deliveryIDs))
	for i, id := range deliveryIDs {
		if n, ok := at[id]; ok {
			list[i] = found[n]
		}
	}
	return list, nil
}

// secrets are those that sign now, the newest first.
func (s *Service) secrets(r endpointRow, e Endpoint) []string {
	if e.Secret == "" {
		return nil
	}
	list := []string{e.Secret}
	if r.OldSecret != nil && e.OldSecretUntil != nil {
		if old, err := s.Keys.Open(r.OldSecret, r.ID); err == nil { // one that cannot be opened signs nothing
			list = append(list, string(old))
		}
	}
	return list
}

// attempt sends a payload once. It never fails in itself: what went wrong is the outcome.
func (s *Service) attempt(ctx context.Context, e Endpoint, secrets []string, p pending) (o outcome) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	begun := s.Now()
	defer func() { o.Took = s.Now().Sub(begun) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(p.Payload))
	if err != nil {
		return outcome{Error: "the address cannot be called"}
	}
	for name, value := range e.Headers {
		req.Header.Set(name, value)
	}
	Sign(req.Header, secrets, p.EventID, p.Event, p.Sequence, begun, p.Payload)
	client := *s.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return outcome{Error: reason(err)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, keptResponse))
	o = outcome{Status: resp.StatusCode, Response: printable(body)}
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		o.Error = "the endpoint redirects, which is not followed: register the address that it redirects to"
	case !o.ok():
		o.Error = "the endpoint answered " + strconv.Itoa(resp.StatusCode)
	case err != nil:
		o.Status, o.Error = 0, "the answer broke off"
	}
	o.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), s.Now())
	return o
}

// reason says why no answer came, without the address, which may hold a secret.
func reason(err error) string {
	var blocked *outbound.BlockedError
	var netErr net.Error
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &blocked):
		return "the endpoint is not on a public address"
	case errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Sprintf("no answer within %d s", int(attemptTimeout.Seconds()))
	case errors.As(err, &dns):
		return "the endpoint's host name is not known"
	case errors.As(err, &op) && op.Op == "dial":
		return "the endpoint cannot be reached"
	case isTLS(err):
		return "the endpoint does not speak TLS with a valid certificate"
	default:
		return "the connection broke off before an answer"
	}
}

func printable(body []byte) string {
	clean := bytes.ReplaceAll(body, []byte{0}, nil)
	if utf8.Valid(clean) {
		return string(clean)
	}
	return string(bytes.ToValidUTF8(clean, []byte("?")))
}

// retryAfter reads the header's seconds or date.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(longestAfter/time.Second)))*time.Second, longestAfter)
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), longestAfter)
	}
	return 0
}
