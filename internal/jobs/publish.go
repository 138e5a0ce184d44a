package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/verdict"
)

// dialer opens the connection of an account; accounts.Service fits it.
type dialer interface {
	Dial(ctx context.Context, accountID string, before func() error) (*accounts.Session, error)
	NeedsReconnection(ctx context.Context, accountID string) error
}

// publisher works on targets: one step at a time, with a claim for each.
type publisher struct {
	river.WorkerDefaults[publishArgs]
	posts    *posts.Service
	accounts dialer
	crew     *Crew
	log      zerolog.Logger
	logs     *logs.Writer
	now      func() time.Time
}

// Work takes steps of one target until it ends, must wait, or has had its turn. It never fails in River's eyes: what goes wrong is in
// the target's verdict, and while the database is away the job comes back.
func (p *publisher) Work(ctx context.Context, job *river.Job[publishArgs]) error {
	begun := p.now()
	for {
		lease := p.crew.Lease()
		if lease.Check() != nil { // cut off: whatever this process claimed now could be taken from it
			return snooze(time.Second)
		}
		claim, err := p.posts.Claim(ctx, job.Args.TargetID, p.crew.ID(), claimFor)
		var notYet *posts.NotYet
		switch {
		case errors.Is(err, posts.ErrNothingToDo):
			return nil
		case errors.As(err, &notYet):
			return snooze(notYet.Until.Sub(p.now()))
		case err != nil:
			p.log.Error().Err(err).Str("target", job.Args.TargetID).Msg("claim failed")
			return snooze(time.Second)
		}
		v, err := p.step(ctx, claim, lease)
		switch {
		case errors.Is(err, posts.ErrStale):
			// Another worker has the target, and perhaps this very job: only a snooze leaves whatever it does intact.
			return snooze(shortSnooze)
		case err != nil:
			p.log.Error().Err(err).Str("target", claim.TargetID).Msg("settle failed; the step will be taken again when its claim has run out")
			return snooze(claim.Deadline.Sub(p.now()))
		case v.Done:
			return nil
		}
		now := p.now()
		if v.Next.After(now) || now.Sub(begun) > oneGo || ctx.Err() != nil {
			return snooze(v.Next.Sub(now))
		}
	}
}

// step takes one step and stores what became of it.
func (p *publisher) step(ctx context.Context, claim posts.Claim, lease Lease) (verdict.Verdict, error) {
	session, step, stepErr := p.publish(ctx, claim, lease)
	after := context.WithoutCancel(ctx) // what was done must be stored, also during a shutdown
	v, err := p.settle(after, claim, step, stepErr)
	if err != nil {
		return v, err
	}
	p.follow(after, claim, session, v)
	p.logStep(claim, step, v)
	p.logs.Add(outcome(claim, step, v, p.now()))
	return v, nil
}

func (p *publisher) publish(ctx context.Context, claim posts.Claim, lease Lease) (session *accounts.Session, step platforms.Step, err error) {
	ctx, cancel := context.WithTimeout(logs.With(ctx, logs.About{PostID: claim.PostID, TargetID: claim.TargetID, RequestID: claim.RequestID, Step: claim.Task.State.Step}), stepTimeout)
	defer cancel()
	session, err = p.accounts.Dial(ctx, claim.AccountID, func() error {
		if err := lease.Check(); err != nil {
			return err
		}
		if !p.now().Before(claim.Deadline) {
			return platforms.Errorf(platforms.Unavailable, "the claim on the target has run out")
		}
		return nil
	})
	if err != nil {
		return nil, step, err
	}
	defer func() {
		if r := recover(); r != nil { // a fault in an adapter must not take the worker down; what it had sent is unknown
			p.log.Error().Interface("panic", r).Str("target", claim.TargetID).Stack().Msg("an adapter panicked")
			err = &platforms.Error{Kind: platforms.Unknown, Category: platforms.SystemError, Message: "an internal error, which the server's log describes"}
		}
	}()
	if err = p.posts.Recheck(ctx, &claim); err != nil {
		return session, step, err
	}
	step, err = claim.Platform.Publish(ctx, session.Conn, claim.Task)
	if step.Done == nil { // it waits for the platform, which will be asked again
		step.Wait = session.Patience(step.Wait)
	}
	return session, step, p.throttled(context.WithoutCancel(ctx), session, err)
}

// throttled sets when to come back after a platform's refusal that does not say so.
func (p *publisher) throttled(ctx context.Context, session *accounts.Session, err error) error {
	var e *platforms.Error
	if !errors.As(err, &e) || e.Kind != platforms.RateLimited || e.Status == 0 || !e.Reset.IsZero() {
		return err
	}
	until, noteErr := session.Throttled(ctx)
	if noteErr != nil { // the verdict's own wait will do
		return err
	}
	known := *e
	known.Reset = until
	return &known
}

// settle tries until the claim's end: a step's result is too dear to be lost to a database that is restarting.
func (p *publisher) settle(ctx context.Context, claim posts.Claim, step platforms.Step, stepErr error) (verdict.Verdict, error) {
	ctx, cancel := context.WithDeadline(ctx, claim.Deadline)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		v, err := p.posts.Settle(ctx, claim, step, stepErr)
		if err == nil || errors.Is(err, posts.ErrStale) {
			return v, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return v, err
		case <-timer.C:
		}
	}
}

// follow does what a verdict asks beside the target itself. Each of these may fail: the next step meets the same again.
func (p *publisher) follow(ctx context.Context, claim posts.Claim, session *accounts.Session, v verdict.Verdict) {
	var failed []error
	if session != nil {
		failed = append(failed, session.Close(ctx))
		if v.Refresh {
			failed = append(failed, session.StaleToken(ctx))
		}
	}
	if v.Reconnect {
		failed = append(failed, p.accounts.NeedsReconnection(ctx, claim.AccountID))
	}
	if err := errors.Join(failed...); err != nil {
		p.log.Error().Err(err).Str("target", claim.TargetID).Msg("noting what the platform said failed")
	}
}

// logStep writes the one line of a step.
func (p *publisher) logStep(claim posts.Claim, step platforms.Step, v verdict.Verdict) {
	line := p.log.Info()
	if v.Failed {
		line = p.log.Warn()
	}
	now := p.now()
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
