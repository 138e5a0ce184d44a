package containers

import (
	"context"
	"slices"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// maxProcessing is how long a container is waited for. It lives 24 hours, and a slow one is not a failed one.
	maxProcessing = 23 * time.Hour
	// maxMissing is how often in a row a container may be unknown before another is made: a fresh one takes up to two minutes to show.
	maxMissing = 4
	// quotaWait is when to look again whether the account's publishing limit has room: it frees post by post.
	quotaWait = 30 * time.Minute
)

// pollWait is how long to leave a container alone after it was found in progress n times. Every look costs a call of a budget that
// small accounts have little of.
func pollWait(n int) time.Duration {
	switch {
	case n <= 3:
		return 5 * time.Second
	case n <= 8:
		return 10 * time.Second
	case n <= 15:
		return 30 * time.Second
	}
	return time.Minute
}

// missingWait is how long to leave a container alone that was not found n times.
func missingWait(n int) time.Duration { return min(10*time.Second<<min(n-1, 3), 45*time.Second) }

// process waits for the container that is to be published.
func (f *Flow) process(ctx context.Context) (platforms.Step, error) {
	s, err := f.Far.Status(ctx, f.State.Container)
	if err != nil {
		if !meta.IsMissing(platforms.AsError(err)) {
			return platforms.Step{}, err
		}
		if f.tried() {
			return f.confirm()
		}
		return f.missing(err, Processing, nil)
	}
	switch {
	case s.Code == Finished:
		return f.ready(ctx)
	case s.Code == InProgress:
		return f.busy(Processing, f.State.Container, nil)
	case s.Code == Published, dead(s) && f.tried():
		return f.confirm()
	case dead(s):
		return f.again(f.faultOf(s), nil)
	}
	return platforms.Step{}, f.unknown(s)
}

// processItems waits for the items of a carousel, in order.
func (f *Flow) processItems(ctx context.Context) (platforms.Step, error) {
	for ; f.State.Ready < len(f.State.Items); f.State.Ready++ {
		id := f.State.Items[f.State.Ready]
		s, err := f.Far.Status(ctx, id)
		if err != nil {
			if !meta.IsMissing(platforms.AsError(err)) {
				return platforms.Step{}, err
			}
			return f.missing(err, ItemsWait, f.without(f.State.Ready))
		}
		f.State.Missing = 0
		switch {
		case s.Code == Finished:
		case s.Code == InProgress:
			return f.busy(ItemsWait, id, f.without(f.State.Ready))
		case dead(s):
			return f.again(f.faultOf(s), f.without(f.State.Ready))
		default:
			return platforms.Step{}, f.unknown(s)
		}
	}
	f.State.Polls = 0
	return f.Step(Assembling, 0, "all items of the carousel are processed")
}

// without is the list of item containers with one to be made again.
func (f *Flow) without(i int) []string {
	items := slices.Clone(f.State.Items)
	items[i] = ""
	return items
}

// busy polls again later, up to the life of a container; keep are the items that then stay.
func (f *Flow) busy(step, id string, keep []string) (platforms.Step, error) {
	if f.Conn.Now().Sub(f.State.CreatedAt) > maxProcessing {
		return f.again(Fault{Code: meta.CodeStuck}, keep)
	}
	f.State.Polls++
	f.State.Missing = 0
	return f.Step(step, pollWait(f.State.Polls), "container %s is being processed", id)
}

// missing asks for the same container a few times more before it makes another.
func (f *Flow) missing(err error, step string, keep []string) (platforms.Step, error) {
	e := platforms.AsError(err)
	f.State.Missing++
	if f.State.Missing > maxMissing {
		return f.again(Fault{Code: e.Code, Text: e.Message}, keep)
	}
	return f.Step(step, missingWait(f.State.Missing), "%s does not show the container yet", f.Title)
}

// ready notes where the account's publishing limit stands, and goes on to publish.
func (f *Flow) ready(ctx context.Context) (platforms.Step, error) {
	q, err := f.Far.Limit(ctx)
	known := err == nil
	if err != nil {
		if ctx.Err() != nil {
			return platforms.Step{}, err
		}
		switch platforms.AsError(err).Kind {
		case platforms.Unauthorized, platforms.TokenExpired, platforms.RateLimited:
			return platforms.Step{}, err
		}
	}
	now := f.Conn.Now()
	if known && q.Total > 0 && q.Used >= q.Total {
		e := platforms.Errorf(platforms.RateLimited, "the account's publishing limit of %d %s in 24 hours is used up", q.Total, f.Limits)
		e.Rule, e.Category, e.Reset = f.Name+"."+RulePublishingLimit, platforms.QuotaExhausted, now.Add(quotaWait)
		e.Remediation = "It is published when the limit frees. Space the account's posts out to avoid the wait."
		return platforms.Step{}, e
	}
	if !f.tried() { // what is searched for later starts with the very first publish
		f.State.FirstTry, f.State.Quota = now, nil
		if known {
			f.State.Quota = &q.Used
		}
	}
	f.State.LastTry, f.State.Missing = now, 0
	f.State.Publishes++
	return f.Step(Publishing, 0, "container %s is finished", f.State.Container)
}

// tried reports whether the container may have been published already.
func (f *Flow) tried() bool { return !f.State.FirstTry.IsZero() }

// confirm goes to find out what became of a container that may be published.
func (f *Flow) confirm() (platforms.Step, error) {
	if !f.tried() {
		f.State.FirstTry = f.State.CreatedAt
	}
	f.State.LastTry = f.Conn.Now()
	f.State.Publishes++
	return f.Step(Confirming, 0, "checking what became of container %s", f.State.Container)
}

// dead reports whether a container can no longer be published.
func dead(s Status) bool { return s.Code == Failed || s.Code == Expired }

// unknown is the failure of a read whose answer makes no sense.
func (f *Flow) unknown(s Status) error {
	return platforms.Errorf(platforms.Unavailable, "%s gave the media the unknown status %q", f.Title, meta.Shorten(s.Code))
}

// faultOf reads why a container is of no use.
func (f *Flow) faultOf(s Status) Fault {
	switch {
	case s.Code == Expired:
		return Fault{Code: meta.CodeExpired}
	case s.Fault != "":
		return Fault{Code: s.Fault, Text: f.Table.Row(s.Fault).Message}
	}
	return Fault{Code: meta.CodeError, Text: s.Text}
}
