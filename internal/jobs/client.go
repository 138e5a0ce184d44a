// Package jobs runs the work of Posthorn on River: it turns due targets into steps taken, keeps the crew of worker processes, and hands
// back what a dead one left. The rules are the domain's; the only SQL here is on River's own tables and on the crew's.
package jobs

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"posthorn/internal/posts"
)

// The deadlines nest, so that two workers never hold one target: an HTTP call (at most 100 s) < step < claim < the job < River's rescue.
// A claim is made anew for each step of a job.
const (
	stepTimeout = 110 * time.Second
	claimFor    = 125 * time.Second
	jobTimeout  = 3 * time.Minute
	rescueAfter = 4 * time.Minute

	// oneGo is how long one job goes on with steps that need no wait, before others get their turn.
	oneGo = 45 * time.Second

	pollInterval  = 50 * time.Millisecond
	fetchCooldown = 20 * time.Millisecond

	// schedulerInterval is how often River promotes scheduled jobs, up to one interval ahead of their time. A job inserted for a time
	// nearer than that could miss its promotion, so such a one is inserted as due and snoozes on arrival.
	schedulerInterval = 5 * time.Second
	nearFuture        = 2*schedulerInterval + 2*time.Second
	shortSnooze       = 4 * time.Second

	// maxAttempts is River's highest: how often a target is tried is decided by its verdicts, never by River.
	maxAttempts = 30_000

	publishQueue  = "publish"
	keepCompleted = 10 * time.Minute // the timeline is the record, not the job
)

// publishArgs is a job that works on one target until it ends.
type publishArgs struct {
	TargetID string `json:"target"`
}

// Kind names the job to River.
func (publishArgs) Kind() string { return "publish" }

// InsertOpts make the job the only unfinished one of its target, so that a second insert does nothing.
func (publishArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: publishQueue, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}}}
}

// Queue inserts jobs. It fits posts.Queue.
type Queue struct {
	client *river.Client[pgx.Tx]
	now    func() time.Time
}

// NewQueue makes a Queue for a process that works on nothing itself.
func NewQueue(pool *pgxpool.Pool, logger *slog.Logger, now func() time.Time) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: logger})
	if err != nil {
		return nil, err
	}
	return &Queue{client: client, now: now}, nil
}

// Publish inserts a job for each target, due at its time.
func (q *Queue) Publish(ctx context.Context, tx pgx.Tx, due []posts.Due) error {
	_, err := q.client.InsertManyTx(ctx, tx, q.params(due))
	return err
}

// Reschedule gives each target a job that is due at its time: the one that it has is moved, and one that has none gets one. A job that is
// running is left alone, as it asks the target itself when to come back; should it have asked just before, the sweep finds the target.
func (q *Queue) Reschedule(ctx context.Context, tx pgx.Tx, due []posts.Due) error {
	_, err := q.reschedule(ctx, tx, due)
	return err
}

// reschedule also says how many targets had no job.
func (q *Queue) reschedule(ctx context.Context, tx pgx.Tx, due []posts.Due) (without int, err error) {
	results, err := q.client.InsertManyTx(ctx, tx, q.params(due)) // locks the jobs that are there already, until the transaction ends
	if err != nil {
		return 0, err
	}
	times := make(map[string]time.Time, len(due))
	for _, d := range due {
		times[d.TargetID] = d.At
	}
	batch := &pgx.Batch{}
	for _, res := range results {
		if !res.UniqueSkippedAsDuplicate {
			without++
			continue
		}
		var args publishArgs
		if err := json.Unmarshal(res.Job.EncodedArgs, &args); err != nil {
			return 0, err
		}
		at, state := times[args.TargetID], rivertype.JobStateScheduled
		if at.Sub(q.now()) <= nearFuture { // it could miss its promotion
			state = rivertype.JobStateAvailable
		}
		// River's own clock decides when a job is fetched, and the target's whether it is due.
		batch.Queue(`update river_job set state = $2::text::river_job_state, scheduled_at = case when $2::text = 'available' then least($3, now()) else $3 end where id = $1 and state in ('available', 'pending', 'retryable', 'scheduled')`, res.Job.ID, state, at)
	}
	return without, tx.SendBatch(ctx, batch).Close()
}

func (q *Queue) params(due []posts.Due) []river.InsertManyParams {
	list := make([]river.InsertManyParams, len(due))
	for i, d := range due {
		list[i].Args = publishArgs{TargetID: d.TargetID}
		if d.At.Sub(q.now()) > nearFuture {
			opts := publishArgs{}.InsertOpts()
			opts.ScheduledAt = d.At
			list[i].InsertOpts = &opts
		}
	}
	return list
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
