package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/rs/zerolog"

	"posthorn/internal/gather"
	"posthorn/internal/logs"
	"posthorn/internal/posts"
)

const (
	// softStop is how long a stopping worker lets its steps finish. What has not finished then is cut off, and settled as what it is.
	softStop = 20 * time.Second
	// sweepEvery is how often overdue deliveries get a job again that may have lost theirs.
	sweepEvery = 10 * time.Second
	sweepAfter = 15 * time.Second
	sweepLimit = 1000
	// tidyEvery is how often the housekeeping is done.
	tidyEvery = time.Hour
	// revokeEvery is how often platforms are told of accounts that were disconnected.
	revokeEvery = 2 * time.Second
)

// Config makes a Runner.
type Config struct {
	Pool        *pgxpool.Pool
	Posts       *posts.Service
	Accounts    dialer
	Webhooks    deliverer
	Idempotency expirer
	Workers     int // steps at a time in this process
	Uploaders   int // steps beside these that send files
	Couriers    int // deliveries to webhooks at a time
	Log         zerolog.Logger
	Slog        *slog.Logger                // for River itself
	Logs        *logs.Writer                // what customers read; nil: nothing is logged
	Tidy        func(context.Context) error // the housekeeping of other parts, once an hour; nil: there is none
	Revoke      func(context.Context) error // tells platforms of accounts that were disconnected, as far as that is due; nil: nobody does
	Now         func() time.Time
}

// expirer forgets what has served its time.
type expirer interface {
	DropExpired(ctx context.Context) error
}

// Runner is one process's share of the work.
type Runner struct {
	config Config
	crew   *Crew
	client *river.Client[pgx.Tx]
	queue  *Queue

	engines []*engine
}

// NewRunner prepares the workers; Run starts them.
func NewRunner(c Config) (*Runner, error) {
	r := &Runner{config: c, crew: NewCrew(c.Pool, c.Log, c.Posts.HandBack)}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &postman{webhooks: c.Webhooks, log: c.Log, now: c.Now, busy: map[string]*endpoint{}}); err != nil {
		return nil, err
	}
	client, err := river.NewClient(riverpgxv5.New(c.Pool), &river.Config{
		ID: r.crew.ID(), Queues: map[string]river.QueueConfig{webhookQueue: {MaxWorkers: c.Couriers}}, Workers: workers, Logger: c.Slog,
		FetchCooldown: fetchCooldown, FetchPollInterval: pollInterval, JobTimeout: jobTimeout, RescueStuckJobsAfter: rescueAfter, SoftStopTimeout: softStop,
		CompletedJobRetentionPeriod: keepCompleted,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	r.client, r.queue = client, &Queue{client: client}
	settling := gather.New(settleAtOnce, settlers, settleMany(c.Posts, c.Log))
	r.engines = []*engine{newEngine(c, r.crew, c.Workers, false, settling), newEngine(c, r.crew, c.Uploaders, true, settling)}
	return r, nil
}

// Queue inserts jobs through this process's client.
func (r *Runner) Queue() *Queue { return r.queue }

// Run works until the context ends, and then until the steps in hand are finished or handed back. ready is called once work has begun.
func (r *Runner) Run(ctx context.Context, ready func()) error {
	crewCtx, leave := context.WithCancel(context.WithoutCancel(ctx)) // the crew is left last
	defer leave()
	joined := make(chan struct{})
	var background sync.WaitGroup
	background.Go(func() { r.crew.Run(crewCtx, func() { close(joined) }) })
	defer background.Wait()
	defer leave()
	select {
	case <-joined:
	case <-ctx.Done():
		return nil
	}
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	ready()
	sweeping, stopSweep := context.WithCancel(ctx)
	background.Go(func() { r.sweep(sweeping) })
	background.Go(func() { r.tidy(sweeping) })
	background.Go(func() { r.revoke(sweeping) })
	background.Go(func() { r.dispatch(sweeping) })
	work, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	var publishing sync.WaitGroup
	for _, e := range r.engines {
		publishing.Go(func() { e.run(ctx, work) })
	}
	<-ctx.Done()
	stopSweep()
	defer time.AfterFunc(softStop, cutOff).Stop()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), softStop+10*time.Second)
	defer cancel()
	err := r.client.Stop(stop)
	publishing.Wait()
	if err != nil {
		return fmt.Errorf("jobs: stopping: %w", err)
	}
	return nil
}

// sweep is the net below the net: a delivery that is long overdue gets a job. It also clears away request IDs, answers and events that have served their time, and sums
// up what counts posts.
func (r *Runner) sweep(ctx context.Context) {
	for wait(ctx, sweepEvery) {
		if err := r.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.Error().Err(err).Msg("sweep failed")
		}
		r.recycle(ctx)
	}
}

// recycle makes the copies of posts that are due.
func (r *Runner) recycle(ctx context.Context) {
	made, err := r.config.Posts.Recycle(ctx, sweepLimit)
	if err != nil && ctx.Err() == nil {
		r.config.Log.Error().Err(err).Msg("recycling failed")
	}
	if made > 0 {
		r.config.Log.Info().Int("copies", made).Msg("posts were recycled")
	}
}

// tidy does the housekeeping now and then every hour.
func (r *Runner) tidy(ctx context.Context) {
	if r.config.Tidy == nil {
		return
	}
	for {
		again := tidyEvery
		if err := r.config.Tidy(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.Error().Err(err).Msg("housekeeping failed; it is tried again in a minute")
			again = time.Minute
		}
		if !wait(ctx, again) {
			return
		}
	}
}

// revoke tells platforms of accounts that were disconnected. One that hangs holds up no more than the others of its round.
func (r *Runner) revoke(ctx context.Context) {
	if r.config.Revoke == nil {
		return
	}
	for wait(ctx, revokeEvery) {
		if err := r.config.Revoke(ctx); err != nil && ctx.Err() == nil {
			r.config.Log.Error().Err(err).Msg("a platform could not be told of an account that was disconnected")
		}
	}
}

func (r *Runner) sweepOnce(ctx context.Context) error {
	if err := errors.Join(r.config.Posts.DropOldRequests(ctx), r.config.Posts.FoldTallies(ctx), r.config.Idempotency.DropExpired(ctx)); err != nil {
		return err
	}
	if _, err := r.config.Webhooks.DropOld(ctx); err != nil {
		return err
	}
	before := r.config.Now().Add(-sweepAfter)
	late, err := r.config.Webhooks.Overdue(ctx, before, sweepLimit)
	if err != nil {
		return err
	}
	if len(late) == 0 {
		return nil
	}
	lost := 0
	err = pgx.BeginFunc(ctx, r.config.Pool, func(tx pgx.Tx) (err error) {
		lost, err = r.queue.restore(ctx, tx, late)
		return err
	})
	if err != nil {
		return err
	}
	if lost > 0 {
		r.config.Log.Warn().Int("jobs", lost).Msg("deliveries that were overdue had lost their jobs and got new ones")
	}
	return nil
}
