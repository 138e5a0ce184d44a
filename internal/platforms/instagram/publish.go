package instagram

import (
	"context"
	"time"

	"posthorn/internal/platforms"
)

const (
	// settleTime is how long a container must have stayed unpublished after a publish whose answer was lost before it is published
	// again: the first call may still be under way.
	settleTime = 30 * time.Second
	// confirmMax bounds the wait between two publishes of one container; it doubles from settleTime.
	confirmMax = 20 * time.Minute
	// maxPublishes bounds the publishes of one container; they take some two hours.
	maxPublishes = 10
	// blockWait is how long to keep still after "action blocked".
	blockWait = 2 * time.Hour
	maxBlocks = 3
)

const codeBlocked = "4/2207051"

// publish publishes the container, or finds out whether an earlier call did.
func (f *flow) publish(ctx context.Context) (platforms.Step, error) {
	if f.t.InDoubt {
		return f.look(ctx)
	}
	return f.send(ctx)
}

// send is the one call that makes the post visible.
func (f *flow) send(ctx context.Context) (platforms.Step, error) {
	id, err := f.api.publishContainer(ctx, f.st.Container)
	if err == nil && id != "" {
		return f.live(id)
	}
	if err == nil {
		return platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "Instagram's answer does not name the post")
	}
	e := platforms.AsError(err)
	switch {
	case e.Kind == platforms.NotReady: // a definite no: the container was not finished after all
		if f.st.Publishes >= maxPublishes {
			return f.again(fault{Code: e.Code, Text: e.Message}, nil)
		}
		return f.step(stepProcessing, pollWait(f.st.Publishes), "container %s is not ready to be published", f.st.Container)
	case e.Code == codeBlocked:
		f.st.Blocks++
		f.st.BlockedAt = f.c.Now()
		return f.rearm(time.Minute, "Instagram blocked the publish; checking whether it went through")
	}
	return platforms.Step{}, answered(err)
}

// answered is the error of a write that acts twice when it is repeated: a failure that Instagram told of is no proof that nothing
// happened, save where the code says so.
func answered(err error) error {
	e := *platforms.AsError(err)
	if e.Kind == platforms.Unavailable && e.Status != 0 {
		e.Kind = platforms.Ambiguous
	}
	return &e
}

// live ends the publishing: the post is there.
func (f *flow) live(id string) (platforms.Step, error) {
	f.st = state{Media: id}
	s, err := f.step(stepReading, 0, "published as %s", id)
	s.Done = &platforms.Remote{ID: id}
	return s, err
}

// rearm goes to the step that looks before it publishes. The core takes a step as the end of a doubt, so the time in which the earlier
// call may still act starts anew here.
func (f *flow) rearm(wait time.Duration, note string) (platforms.Step, error) {
	f.st.Publishes++
	f.st.LastTry = f.c.Now()
	return f.step(stepConfirming, wait, "%s", note)
}

// republish deals with a container that Instagram says is still unpublished.
func (f *flow) republish(ctx context.Context) (platforms.Step, error) {
	now := f.c.Now()
	if f.t.State.Step == stepPublishing || f.t.InDoubt {
		// The publish in doubt may be under way yet. Wait, look again, and only then publish, the same container always.
		wait := min(settleTime<<min(max(f.st.Publishes-1, 0), 10), confirmMax)
		return f.rearm(wait, "the container is not published; looking once more before trying again")
	}
	if f.st.Publishes > maxPublishes || f.st.Blocks >= maxBlocks {
		return f.giveUp(now)
	}
	if back := f.st.BlockedAt.Add(blockWait); f.st.Blocks > 0 && now.Before(back) {
		r := rowOf(codeBlocked)
		e := r.failure(codeBlocked, r.message)
		e.Kind, e.Reset = platforms.RateLimited, back
		return platforms.Step{}, e
	}
	if rest := f.st.LastTry.Add(settleTime).Sub(now); rest > 0 {
		return f.step(stepConfirming, rest, "the container is not published yet; looking once more")
	}
	return f.send(ctx)
}

// giveUp ends a container that is finished and that Instagram will not publish. The target then stands on safe ground: nothing is
// live. A retry by the user comes later and begins with new tries.
func (f *flow) giveUp(now time.Time) (platforms.Step, error) {
	switch {
	case f.st.GaveUpAt.IsZero():
		f.st.GaveUpAt = now
		return f.step(stepConfirming, 0, "giving up after %d tries", f.st.Publishes-1)
	case now.After(f.st.GaveUpAt.Add(freshFault)):
		f.st.GaveUpAt, f.st.Publishes, f.st.Blocks, f.st.LastTry = time.Time{}, 1, 0, now
		return f.step(stepConfirming, settleTime, "trying again")
	case f.st.Blocks >= maxBlocks:
		r := rowOf(codeBlocked)
		e := r.failure(codeBlocked, "Instagram keeps blocking the account's posts as spam; nothing was published")
		e.Kind, e.Category = platforms.Rejected, platforms.AccountIssue
		return platforms.Step{}, e
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + ruleNotPublished,
		Message: "Instagram failed at every try to publish the finished media; nothing was published", Remediation: "Retry later."}
}
