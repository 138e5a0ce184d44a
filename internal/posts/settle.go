package posts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
	"posthorn/internal/verdict"
)

// ErrStale says that a claim was overtaken: another worker has begun on the target since, and what this one did does not count.
var ErrStale = errors.New("the claim was overtaken by another worker's")

// Settle stores what became of a claimed step: the next state, or the end, in one transaction with the timeline and the post's own
// status. It may be called again with the same outcome when its answer was lost.
func (s *Service) Settle(ctx context.Context, c Claim, step platforms.Step, stepErr error) (v verdict.Verdict, err error) {
	now := s.Now()
	if stepErr != nil {
		stepErr = asPlatformError(stepErr)
	}
	info := c.Platform.Info()
	v = verdict.Decide(verdict.Situation{Now: now, Info: info, State: c.Task.State, Remote: c.Task.Published, InDoubt: c.Task.InDoubt, Attempts: c.Attempts},
		step, stepErr, s.Limits, verdict.Jitter())
	failure := failureOf(info, v, now)
	status := statusOf(v)
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if err := settleTarget(ctx, tx, c, v, status, failure, now); err != nil {
			return err
		}
		if err := appendStep(ctx, tx, c, v, step.Note, failure, now); err != nil {
			return err
		}
		if status == c.status && !v.Done {
			return nil
		}
		return s.rollUp(ctx, tx, c.PostID, now, endOf(c, status, v.Remote != nil)...)
	})
	if err != nil && !errors.Is(err, ErrStale) {
		errs.Wrap(&err, "posts.Settle(%s)", c.TargetID)
	}
	if err == nil && (v.Done || status != c.status) && s.Ended != nil {
		s.Ended.Changed()
	}
	return v, err
}

// statusOf is what the target shows of a verdict.
func statusOf(v verdict.Verdict) Status {
	switch {
	case v.Failed:
		return Failed
	case v.Remote != nil:
		return Published // also while a first comment is still to come
	case v.Error != nil && v.Error.Kind != platforms.NotReady && !v.InDoubt:
		return Pending
	case v.State.Step == "uploading":
		return Uploading
	default:
		return Processing
	}
}

func settleTarget(ctx context.Context, tx pgx.Tx, c Claim, v verdict.Verdict, status Status, failure *Failure, now time.Time) error {
	var remote platforms.Remote
	var publishedAt *time.Time
	if v.Remote != nil {
		remote, publishedAt = *v.Remote, &now
	}
	next := v.Next
	if v.Done {
		next = now
	}
	tag, err := tx.Exec(ctx, `
		update targets set status = $3, open = $4, step = $5, state = $6, in_doubt = $7, unconfirmed = $8, claimed_by = null, claimed_until = null, attempts = $9, next_at = $10,
			failure = $11, remote_id = $12, remote_url = $13, published_at = coalesce(published_at, $14), updated_at = $15
		where id = $1 and claim = $2`,
		c.TargetID, c.Number, status, !v.Done, v.State.Step, nullJSON(v.State.Data), v.InDoubt, v.Unconfirmed(), v.Attempts, next,
		storedFailure(failure), remote.ID, remote.URL, publishedAt, now)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return ErrStale
	}
	return nil
}

func appendStep(ctx context.Context, tx pgx.Tx, c Claim, v verdict.Verdict, note string, failure *Failure, now time.Time) error {
	outcome := "step"
	switch {
	case v.Failed:
		outcome = "failed"
	case v.Error != nil:
		outcome = "retry"
		if v.Done {
			outcome = "failed"
		}
	case v.Remote != nil && c.Task.Published == nil:
		outcome = "published"
	}
	wait := time.Duration(0)
	if !v.Done {
		wait = max(0, v.Next.Sub(now))
	}
	if failure != nil {
		note = failure.Message
		if failure.Code != "" {
			note += fmt.Sprintf(" [%s]", failure.Code)
		}
	}
	_, err := tx.Exec(ctx, `
		insert into target_steps (target_id, claim, at, step, outcome, note, wait_ms, took_ms, worker) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict do nothing`,
		c.TargetID, c.Number, now, c.Task.State.Step, outcome, note, wait.Milliseconds(), now.Sub(c.Begun).Milliseconds(), c.Worker)
	return err
}
