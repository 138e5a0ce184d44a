package jobs

import (
	"context"
	"errors"

	"posthorn/internal/accounts"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/verdict"
)

// step takes one step and stores what became of it, with keep under a claim of the next step, for which next is the lease.
func (e *engine) step(ctx context.Context, claim posts.Claim, lease Lease, keep bool, shown func() bool) (settled posts.Settled, next Lease, err error) {
	session, step, stepErr := e.publish(ctx, claim, lease)
	after := context.WithoutCancel(ctx) // what was done must be stored, also during a shutdown
	e.mark(after, claim, stepErr)
	outcome := posts.Outcome{Claim: claim, Step: step, Err: stepErr, Shown: shown()}
	next = e.crew.Lease() // before the claim: whoever is counted as lost from here on has lost that too
	if keep && ctx.Err() == nil && next.Check() == nil {
		outcome.Hold = claimFor
	}
	if settled, err = e.settle(after, outcome); err != nil || settled.Stale {
		return settled, next, err
	}
	e.follow(after, claim, session, settled.Verdict)
	e.logStep(claim, step, settled.Verdict)
	e.logs.Add(endOf(claim, step, settled.Verdict, e.now()))
	return settled, next, nil
}

func (e *engine) publish(ctx context.Context, claim posts.Claim, lease Lease) (session *accounts.Session, step platforms.Step, err error) {
	ctx, cancel := context.WithTimeout(logs.With(ctx, logs.About{PostID: claim.PostID, TargetID: claim.TargetID, RequestID: claim.RequestID, Step: claim.Task.State.Step}), stepTimeout)
	defer cancel()
	session, err = e.accounts.Dial(ctx, claim.AccountID, func() error {
		if err := lease.Check(); err != nil {
			return err
		}
		if !e.now().Before(claim.Deadline) {
			return platforms.Errorf(platforms.Unavailable, "the claim on the target has run out")
		}
		return nil
	})
	if err != nil {
		return nil, step, err
	}
	defer func() {
		if r := recover(); r != nil { // a fault in an adapter must not take the worker down; what it had sent is unknown
			e.log.Error().Interface("panic", r).Str("target", claim.TargetID).Stack().Msg("an adapter panicked")
			err = &platforms.Error{Kind: platforms.Unknown, Category: platforms.SystemError, Message: "an internal error, which the server's log describes"}
		}
	}()
	if err = e.posts.Recheck(ctx, &claim); err != nil {
		return session, step, err
	}
	step, err = claim.Platform.Publish(ctx, session.Conn, claim.Task)
	if step.Done == nil { // it waits for the platform, which will be asked again
		step.Wait = session.Patience(step.Wait)
	}
	return session, step, e.throttled(context.WithoutCancel(ctx), session, err)
}

// throttled sets when to come back after a platform's refusal that does not say so.
func (e *engine) throttled(ctx context.Context, session *accounts.Session, err error) error {
	var refusal *platforms.Error
	if !errors.As(err, &refusal) || refusal.Kind != platforms.RateLimited || refusal.Status == 0 || !refusal.Reset.IsZero() {
		return err
	}
	until, noteErr := session.Throttled(ctx)
	if noteErr != nil { // the verdict's own wait will do
		return err
	}
	known := *refusal
	known.Reset = until
	return &known
}

// mark says of an account whose token is dead that it needs to be connected again. It comes before the target is stored as held, which may be for a
// day: nobody would be told if the worker died in between.
func (e *engine) mark(ctx context.Context, claim posts.Claim, err error) {
	if refusal := platforms.AsError(err); refusal == nil || refusal.Kind != platforms.Unauthorized {
		return
	}
	if err := e.accounts.NeedsReconnection(ctx, claim.AccountID); err != nil {
		e.log.Error().Err(err).Str("account", claim.AccountID).Msg("noting that the account has to be connected again failed")
	}
}

// follow does what a verdict asks beside the target itself. Each of these may fail: the next step meets the same again.
func (e *engine) follow(ctx context.Context, claim posts.Claim, session *accounts.Session, v verdict.Verdict) {
	var failed []error
	if session != nil {
		failed = append(failed, session.Close(ctx))
		if v.Error != nil && !v.InDoubt && v.Remote == nil {
			failed = append(failed, session.GiveBack(ctx))
		}
		if v.Refresh {
			failed = append(failed, session.StaleToken(ctx))
		}
	}
	if err := errors.Join(failed...); err != nil {
		e.log.Error().Err(err).Str("target", claim.TargetID).Msg("noting what the platform said failed")
	}
}

// logStep writes the one line of a step.
func (e *engine) logStep(claim posts.Claim, step platforms.Step, v verdict.Verdict) {
	line := e.log.Info()
	if v.Failed {
		line = e.log.Warn()
	}
	now := e.now()
	line = line.Str("target", claim.TargetID).Str("account", claim.AccountID).Str("platform", claim.Platform.Info().Name).Str("step", claim.Task.State.Step).
		Int64("claim", claim.Number).Bool("inDoubt", claim.Task.InDoubt).Dur("took", now.Sub(claim.Begun))
	if v.Error != nil {
		line = line.Str("kind", string(v.Error.Kind)).Str("code", v.Error.Code).AnErr("error", v.Error)
	}
	if !v.Done {
		line = line.Str("next", v.State.Step).Dur("wait", max(0, v.Next.Sub(now)))
	}
	outcome := "step taken"
	switch {
	case v.Failed:
		outcome = "target failed"
	case v.Done:
		outcome = "target ended"
	case step.Done != nil:
		outcome = "target published"
	}
	line.Msg(outcome)
}
