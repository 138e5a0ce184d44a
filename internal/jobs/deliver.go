package jobs

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/rs/zerolog"

	"posthorn/internal/webhooks"
)

const (
	webhookQueue = "webhooks"
	// endpointSlots is how many deliveries one process makes at an endpoint at a time, and endpointBench how many more wait for a slot at
	// hand, so that a quick endpoint is kept busy. One that hangs holds these and no more; the rest of its jobs come back later.
	endpointSlots = 8
	endpointBench = 8
	benchFor      = 2 * time.Second
	dispatchEvery = 100 * time.Millisecond
)

// deliverer makes deliveries; webhooks.Service fits it.
type deliverer interface {
	Deliver(ctx context.Context, deliveryID string) (again time.Time, err error)
	Dispatch(ctx context.Context) (taken int, err error)
	Overdue(ctx context.Context, before time.Time, limit int) ([]webhooks.Due, error)
	DropOld(ctx context.Context) (int64, error)
}

// deliverArgs is a job that makes one delivery until it has arrived or is given up.
type deliverArgs struct {
	DeliveryID string `json:"delivery"`
	EndpointID string `json:"endpoint"`
}

// Kind names the job to River.
func (deliverArgs) Kind() string { return "deliver" }

// InsertOpts make the job the only unfinished one of its delivery.
func (deliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: webhookQueue, MaxAttempts: maxAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled}}}
}

// Deliver inserts a job for each delivery, due at once. It fits webhooks.Queue.
func (q *Queue) Deliver(ctx context.Context, tx pgx.Tx, due []webhooks.Due) error {
	_, err := q.client.InsertManyFastTx(ctx, tx, deliveries(due))
	return err
}

// restore inserts jobs for deliveries that may have lost theirs, and says how many had.
func (q *Queue) restore(ctx context.Context, tx pgx.Tx, due []webhooks.Due) (without int, err error) {
	if len(due) == 0 {
		return 0, nil
	}
	results, err := q.client.InsertManyTx(ctx, tx, deliveries(due))
	for _, res := range results {
		if !res.UniqueSkippedAsDuplicate {
			without++
		}
	}
	return without, err
}

func deliveries(due []webhooks.Due) []river.InsertManyParams {
	list := make([]river.InsertManyParams, len(due))
	for i, d := range due {
		list[i].Args = deliverArgs(d)
	}
	return list
}

// postman works on deliveries, within bounds at each endpoint.
type postman struct {
	river.WorkerDefaults[deliverArgs]
	webhooks deliverer
	log      zerolog.Logger
	now      func() time.Time

	mu   sync.Mutex
	busy map[string]*endpoint // those with deliveries under way
}

// endpoint is the present traffic with one endpoint.
type endpoint struct {
	slots   chan struct{}
	present int // under way or on the bench
	refused int // jobs sent away since the last one that got a slot
}

// Work makes one attempt. It never fails in River's eyes: what goes wrong is in the delivery.
func (p *postman) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	e, later := p.enter(job.Args.EndpointID)
	if e == nil {
		return river.JobSnooze(later)
	}
	defer p.leave(job.Args.EndpointID)
	bench := time.NewTimer(benchFor)
	defer bench.Stop()
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-bench.C:
		return river.JobSnooze(time.Second + rand.N(2*time.Second))
	case <-ctx.Done():
		return river.JobSnooze(0)
	}
	again, err := p.webhooks.Deliver(ctx, job.Args.DeliveryID)
	switch {
	case err != nil:
		p.log.Error().Err(err).Str("delivery", job.Args.DeliveryID).Msg("delivery failed on our side; it is made again")
		return river.JobSnooze(time.Second)
	case again.IsZero():
		return nil
	}
	return snooze(again.Sub(p.now()))
}

// enter gives a place at an endpoint, or says when to come again: the later, the more were sent away already.
func (p *postman) enter(endpointID string) (e *endpoint, later time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e = p.busy[endpointID]
	if e == nil {
		e = &endpoint{slots: make(chan struct{}, endpointSlots)}
		p.busy[endpointID] = e
	}
	if e.present >= endpointSlots+endpointBench {
		e.refused++
		return nil, min(100*time.Millisecond+time.Duration(e.refused)*5*time.Millisecond, 3*time.Second) + rand.N(100*time.Millisecond)
	}
	e.present++
	e.refused = max(0, e.refused-1)
	return e, 0
}

func (p *postman) leave(endpointID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.busy[endpointID]
	if e.present--; e.present == 0 {
		delete(p.busy, endpointID)
	}
}

// dispatch hands out events as they come, until the context ends.
func (r *Runner) dispatch(ctx context.Context) {
	for wait(ctx, dispatchEvery) {
		for {
			taken, err := r.config.Webhooks.Dispatch(ctx)
			if err != nil && ctx.Err() == nil {
				r.config.Log.Error().Err(err).Msg("handing out events failed")
			}
			if err != nil || !webhooks.Full(taken) {
				break
			}
		}
	}
}
