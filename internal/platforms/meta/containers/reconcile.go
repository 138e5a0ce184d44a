package containers

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// readLag is how long Meta may take to show a published post in the account's list.
	readLag = 10 * time.Minute
	// HoldWait is the pace of looking for a post of which nothing can be said.
	HoldWait = 10 * time.Minute
	// maxLooks bounds the searches for the ID of a post that is live.
	maxLooks = 12
	// quotaWindow is how long the publishing limit remembers a post, less a margin.
	quotaWindow = 23 * time.Hour
)

// look asks what became of a container whose publish has an unknown outcome. The container's own status is the authority; the list of
// posts only gives the post's ID, and says something by itself when the container is gone.
func (f *Flow) look(ctx context.Context) (platforms.Step, error) {
	s, err := f.Far.Status(ctx, f.State.Container)
	switch {
	case err != nil && meta.IsMissing(platforms.AsError(err)):
		return f.lost(ctx)
	case err != nil:
		return platforms.Step{}, platforms.Doubtful(err, f.Task.InDoubt)
	}
	switch {
	case s.Code == Published:
		return f.identify(ctx)
	case s.Code == Finished:
		return f.republish(ctx)
	case dead(s):
		return f.discard(ctx, f.faultOf(s))
	case s.Code == InProgress:
		return platforms.Step{}, f.unsure(30*time.Second, f.Title+" is still processing the media")
	}
	return platforms.Step{}, platforms.Doubtful(f.unknown(s), f.Task.InDoubt)
}

// identify finds the ID of a post that is live.
func (f *Flow) identify(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.Task.InDoubt)
	}
	if len(ids) == 1 {
		return f.Live(ids[0])
	}
	if len(ids) == 0 && f.Conn.Now().Before(f.State.LastTry.Add(readLag)) {
		return platforms.Step{}, f.unsure(15*time.Second, "the post is published, and "+f.Title+" does not list it yet")
	}
	f.State.Looks = 0
	s, err := f.Step(Finding, time.Minute, "published; %s has not shown yet under which ID", f.Title)
	s.Done = f.Remote()
	return s, err
}

// find goes on searching for the ID of a post that is live. It ends without one rather than with a wrong one.
func (f *Flow) find(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	if err == nil && len(ids) == 1 {
		return f.Live(ids[0])
	}
	if err != nil && (ctx.Err() != nil || EndsOrWaits(err)) {
		return platforms.Step{}, err
	}
	f.State.Looks++
	if f.State.Looks < maxLooks && (err != nil || len(ids) == 0) {
		return f.Step(Finding, min(time.Minute<<f.State.Looks, time.Hour), "%s does not list the post yet", f.Title)
	}
	return f.Nameless()
}

// discard deals with a container that can no longer be published.
func (f *Flow) discard(ctx context.Context, why Fault) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, platforms.Doubtful(err, f.Task.InDoubt)
	case len(ids) == 1:
		return f.Live(ids[0])
	case len(ids) > 1:
		return platforms.Step{}, f.hold("several posts of the account could be this one")
	}
	return f.again(why, nil)
}

// lost deals with a container that the platform no longer shows, which proves nothing. Another is made only when the post stayed out of
// the account's list and its publishing limit did not move.
func (f *Flow) lost(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, platforms.Doubtful(err, f.Task.InDoubt)
	case len(ids) == 1:
		return f.Live(ids[0])
	case len(ids) > 1:
		return platforms.Step{}, f.hold("several posts of the account could be this one")
	}
	now := f.Conn.Now()
	if now.Before(f.State.LastTry.Add(readLag)) {
		return platforms.Step{}, f.unsure(time.Minute, f.Title+" shows neither the media nor the post")
	}
	if f.State.Quota == nil || now.After(f.State.FirstTry.Add(quotaWindow)) {
		return platforms.Step{}, f.hold(f.Title + " shows neither the media nor the post")
	}
	q, err := f.Far.Limit(ctx)
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.Task.InDoubt)
	}
	if q.Used != *f.State.Quota {
		return platforms.Step{}, f.hold(f.Title + " shows neither the media nor the post, but the account's publishing limit moved")
	}
	return f.again(Fault{Code: "24/2207008"}, nil)
}

// unsure comes back without a doubt lost: one that the core holds stays by NotReady, one that it does not hold is raised.
func (f *Flow) unsure(wait time.Duration, message string) error {
	e := platforms.Errorf(platforms.NotReady, "%s", message)
	if !f.Task.InDoubt {
		e.Kind = platforms.Ambiguous
	}
	e.Reset = f.Conn.Now().Add(wait)
	return e
}

// hold is what is said when nothing more can be found out: a few more looks, and then the target ends as unconfirmed.
func (f *Flow) hold(message string) error {
	e := platforms.Errorf(platforms.Ambiguous, "%s", message)
	e.Category, e.Reset = platforms.PlatformError, f.Conn.Now().Add(HoldWait)
	e.Remediation = "Look at the account in the " + f.Title + " app before publishing this again."
	return e
}

// EndsOrWaits reports whether an error is one that no other read would mend: a dead token, a limit.
func EndsOrWaits(err error) bool {
	switch platforms.AsError(err).Kind {
	case platforms.Unauthorized, platforms.TokenExpired, platforms.RateLimited:
		return true
	}
	return false
}

// matches are the IDs of the account's posts that could be this one.
func (f *Flow) matches(ctx context.Context) ([]string, error) {
	return f.Far.Matches(ctx, f.State.FirstTry.Add(-meta.ClockSlack).Truncate(time.Second))
}
