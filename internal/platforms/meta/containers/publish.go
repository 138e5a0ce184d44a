package containers

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// SettleTime is how long a container must have stayed unpublished after a publish whose answer was lost before it is published
	// again: the first call may still be under way.
	SettleTime = 30 * time.Second
	// confirmMax bounds the wait between two publishes of one container; it doubles from SettleTime.
	confirmMax = 20 * time.Minute
	// MaxPublishes bounds the publishes of one container; they take some two hours.
	MaxPublishes = 10
	// blockWait is how long to keep still after "action blocked".
	blockWait = 2 * time.Hour
	// MaxBlocks bounds how often the action may be blocked.
	MaxBlocks = 3
)

// publish publishes the container, or finds out whether an earlier call did.
func (f *Flow) publish(ctx context.Context) (platforms.Step, error) {
	if f.Task.InDoubt {
		return f.look(ctx)
	}
	return f.send(ctx)
}

// send is the one call that makes the post visible.
func (f *Flow) send(ctx context.Context) (platforms.Step, error) {
	id, err := f.Far.Publish(ctx, f.State.Container)
	if err == nil && id != "" {
		return f.Live(id)
	}
	if err == nil {
		return platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "%s's answer does not name the post", f.Title)
	}
	e := platforms.AsError(err)
	switch {
	case e.Kind == platforms.NotReady: // a definite no: the container was not finished after all
		if f.State.Publishes >= MaxPublishes {
			return f.again(Fault{Code: e.Code, Text: e.Message}, nil)
		}
		return f.Step(Processing, pollWait(f.State.Publishes), "container %s is not ready to be published", f.State.Container)
	case e.Code == meta.CodeBlocked:
		f.State.Blocks++
		f.State.BlockedAt = f.Conn.Now()
		return f.rearm(time.Minute, f.Title+" blocked the publish; checking whether it went through")
	}
	return platforms.Step{}, platforms.Answered(err)
}

// rearm goes to the step that looks before it publishes. The core takes a step as the end of a doubt, so the time in which the earlier
// call may still act starts anew here.
func (f *Flow) rearm(wait time.Duration, note string) (platforms.Step, error) {
	f.State.Publishes++
	f.State.LastTry = f.Conn.Now()
	return f.Step(Confirming, wait, "%s", note)
}

// republish deals with a container that the platform says is still unpublished.
func (f *Flow) republish(ctx context.Context) (platforms.Step, error) {
	now := f.Conn.Now()
	if f.Task.State.Step == Publishing || f.Task.InDoubt {
		// The publish in doubt may be under way yet. Wait, look again, and only then publish, the same container always.
		wait := min(SettleTime<<min(max(f.State.Publishes-1, 0), 10), confirmMax)
		return f.rearm(wait, "the container is not published; looking once more before trying again")
	}
	if f.State.Publishes > MaxPublishes || f.State.Blocks >= MaxBlocks {
		return f.giveUp(now)
	}
	if back := f.State.BlockedAt.Add(blockWait); f.State.Blocks > 0 && now.Before(back) {
		e := f.Table.Failure(meta.CodeBlocked, "")
		e.Kind, e.Reset = platforms.RateLimited, back
		return platforms.Step{}, e
	}
	if rest := f.State.LastTry.Add(SettleTime).Sub(now); rest > 0 {
		return f.Step(Confirming, rest, "the container is not published yet; looking once more")
	}
	return f.send(ctx)
}

// giveUp ends a container that is finished and that the platform will not publish. The target then stands on safe ground: nothing is
// live. A retry by the user comes later and begins with new tries.
func (f *Flow) giveUp(now time.Time) (platforms.Step, error) {
	switch {
	case f.State.GaveUpAt.IsZero():
		f.State.GaveUpAt = now
		return f.Step(Confirming, 0, "giving up after %d tries", f.State.Publishes-1)
	case now.After(f.State.GaveUpAt.Add(freshFault)):
		f.State.GaveUpAt, f.State.Publishes, f.State.Blocks, f.State.LastTry = time.Time{}, 1, 0, now
		return f.Step(Confirming, SettleTime, "trying again")
	case f.State.Blocks >= MaxBlocks:
		e := f.Table.Failure(meta.CodeBlocked, f.Title+" keeps blocking the account's posts as spam; nothing was published")
		e.Kind, e.Category = platforms.Rejected, platforms.AccountIssue
		return platforms.Step{}, e
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: f.Name + "." + RuleNotPublished,
		Message: f.Title + " failed at every try to publish the finished media; nothing was published", Remediation: "Retry later."}
}
