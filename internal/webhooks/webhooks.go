// Package webhooks tells customers what happens: it keeps the log of events, the endpoints that hear of them, and what became of each
// attempt to tell one. It owns the tables events, event_cursor, endpoints, deliveries and delivery_attempts.
//
// An event is written by the transaction of its cause. Dispatch turns events into deliveries, one for each endpoint that listens; Deliver
// makes one attempt. A delivery may be made twice when a worker dies between sending and noting it, always with the event's own ID.
package webhooks

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"posthorn/internal/events"
	"posthorn/internal/tokens"
)

// The contract's limits.
const (
	maxEndpoints = 50
	maxName      = 50
	maxFilters   = 50
	keptResponse = 10 << 10            // bytes of an endpoint's answer
	Retention    = 30 * 24 * time.Hour // of events and attempts
)

// Queue takes the deliveries that a transaction creates: a job for each, in that same transaction.
type Queue interface {
	Deliver(ctx context.Context, tx pgx.Tx, due []Due) error
}

// Due is a delivery that has a job.
type Due struct{ DeliveryID, EndpointID string }

// Service is the domain of webhooks.
type Service struct {
	Pool    *pgxpool.Pool
	Keys    *tokens.Keys // seal secrets and custom headers
	Queue   Queue        // nil in a process that only emits
	Client  *http.Client // the guarded one; redirects are not followed whatever it says
	Now     func() time.Time
	Retries Retries

	loads batcher[string, pending]
	notes batcher[success, struct{}]
}

// Retries says how long after a failed attempt the next one comes.
type Retries struct {
	Waits []time.Duration // after the first, the second, and so on; one more attempt than waits
}

// DefaultRetries are seven attempts over about a day.
var DefaultRetries = Retries{Waits: []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 5 * time.Hour, 18 * time.Hour}}

// Endpoint is a customer's address that hears of events.
type Endpoint struct {
	ID             string
	OwnerID        string
	Name           string
	URL            string
	Events         []string
	Secret         string // shown when it is set and at no other time
	Headers        map[string]string
	Active         bool
	DisabledReason string
	DisabledGroups []string
	ProfileIDs     []string // empty: all
	AccountIDs     []string
	FailureCount   int
	LastFiredAt    *time.Time
	OldSecretUntil *time.Time // two secrets are valid until then
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Event is a stored event.
type Event struct {
	ID        string
	Name      events.Name
	Subject   string
	Sequence  int // within the subject, from 1
	Payload   []byte
	CreatedAt time.Time
	Cursor    Cursor
}
