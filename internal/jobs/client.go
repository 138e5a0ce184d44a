// Package jobs runs the work of Posthorn on River: it turns due targets into steps taken, keeps the crew of worker processes, and hands
// back what a dead one left. The rules are the domain's; the only SQL here is on River's own tables and on the crew's.
package jobs

import (
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// What River runs is the deliveries to webhooks. Posts are published by the engine, which takes them from their own table.
const (
	jobTimeout  = 3 * time.Minute
	rescueAfter = 4 * time.Minute

	pollInterval  = 50 * time.Millisecond
	fetchCooldown = 20 * time.Millisecond
	// schedulerInterval is how often River promotes scheduled jobs, up to one interval ahead of their time. A job inserted for a time
	// nearer than that could miss its promotion, so such a one is inserted as due and snoozes on arrival.
	schedulerInterval = 5 * time.Second
	nearFuture        = 2*schedulerInterval + 2*time.Second
	shortSnooze       = 4 * time.Second

	// maxAttempts is River's highest: how often a delivery is tried is decided by its own rules, never by River.
	maxAttempts = 30_000

	keepCompleted = 10 * time.Minute // the log of attempts is the record, not the job
)

// Queue inserts jobs. It fits webhooks.Queue.
type Queue struct {
	client *river.Client[pgx.Tx]
}

// NewQueue makes a Queue for a process that works on nothing itself.
func NewQueue(pool *pgxpool.Pool, logger *slog.Logger) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: logger})
	if err != nil {
		return nil, err
	}
	return &Queue{client: client}, nil
}

// snooze ends a job's turn until a time, as exactly as River can be exact.
func snooze(d time.Duration) error {
	switch {
	case d < 0:
		d = 0
	case d > shortSnooze && d < nearFuture:
		d = shortSnooze
	}
	return river.JobSnooze(d)
}
