package instagram

import (
	"context"
	"slices"
	"time"

	"posthorn/internal/platforms"
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
func (f *flow) process(ctx context.Context) (platforms.Step, error) {
	s, err := f.api.container(ctx, f.st.Container)
	if err != nil {
		if !isMissing(platforms.AsError(err)) {
			return platforms.Step{}, err
		}
		if f.tried() {
			return f.confirm()
		}
		return f.missing(err, stepProcessing, nil)
	}
	switch {
	case s.Code == finished:
		return f.ready(ctx)
	case s.Code == inProgress:
		return f.busy(stepProcessing, f.st.Container, nil)
	case s.Code == published, s.isDead() && f.tried():
		return f.confirm()
	case s.isDead():
		return f.again(faultOf(s), nil)
	}
	return platforms.Step{}, s.unknown()
}

// processItems waits for the items of a carousel, in order.
func (f *flow) processItems(ctx context.Context) (platforms.Step, error) {
	for ; f.st.Ready < len(f.st.Items); f.st.Ready++ {
		id := f.st.Items[f.st.Ready]
		s, err := f.api.container(ctx, id)
		if err != nil {
			if !isMissing(platforms.AsError(err)) {
				return platforms.Step{}, err
			}
			return f.missing(err, stepItemsWait, f.without(f.st.Ready))
		}
		f.st.Missing = 0
		switch {
		case s.Code == finished:
		case s.Code == inProgress:
			return f.busy(stepItemsWait, id, f.without(f.st.Ready))
		case s.isDead():
			return f.again(faultOf(s), f.without(f.st.Ready))
		default:
			return platforms.Step{}, s.unknown()
		}
	}
	f.st.Polls = 0
	return f.step(stepAssembling, 0, "all items of the carousel are processed")
}

// without is the list of item containers with one to be made again.
func (f *flow) without(i int) []string {
	items := slices.Clone(f.st.Items)
	items[i] = ""
	return items
}

// busy polls again later, up to the life of a container; keep are the items that then stay.
func (f *flow) busy(step, id string, keep []string) (platforms.Step, error) {
	if f.c.Now().Sub(f.st.CreatedAt) > maxProcessing {
		return f.again(fault{Code: codeStuck}, keep)
	}
	f.st.Polls++
	f.st.Missing = 0
	return f.step(step, pollWait(f.st.Polls), "container %s is being processed", id)
}

// missing asks for the same container a few times more before it makes another.
func (f *flow) missing(err error, step string, keep []string) (platforms.Step, error) {
	e := platforms.AsError(err)
	f.st.Missing++
	if f.st.Missing > maxMissing {
		return f.again(fault{Code: e.Code, Text: e.Message}, keep)
	}
	return f.step(step, missingWait(f.st.Missing), "Instagram does not show the container yet")
}

// ready notes where the account's publishing limit stands, and goes on to publish.
func (f *flow) ready(ctx context.Context) (platforms.Step, error) {
	q, err := f.api.publishingLimit(ctx)
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
	now := f.c.Now()
	if known && q.Total > 0 && q.Used >= q.Total {
		e := platforms.Errorf(platforms.RateLimited, "the account's publishing limit of %d posts in 24 hours is used up", q.Total)
		e.Rule, e.Category, e.Reset = platformName+"."+rulePublishingLimit, platforms.QuotaExhausted, now.Add(quotaWait)
		e.Remediation = "It is published when the limit frees. Space the account's posts out to avoid the wait."
		return platforms.Step{}, e
	}
	if !f.tried() { // what is searched for later starts with the very first publish
		f.st.FirstTry, f.st.Quota = now, nil
		if known {
			f.st.Quota = &q.Used
		}
	}
	f.st.LastTry, f.st.Missing = now, 0
	f.st.Publishes++
	return f.step(stepPublishing, 0, "container %s is finished", f.st.Container)
}

// tried reports whether the container may have been published already.
func (f *flow) tried() bool { return !f.st.FirstTry.IsZero() }

// confirm goes to find out what became of a container that may be published.
func (f *flow) confirm() (platforms.Step, error) {
	if !f.tried() {
		f.st.FirstTry = f.st.CreatedAt
	}
	f.st.LastTry = f.c.Now()
	f.st.Publishes++
	return f.step(stepConfirming, 0, "checking what became of container %s", f.st.Container)
}

// faultOf reads why a container is of no use.
func faultOf(s containerStatus) fault {
	if s.Code == expired {
		return fault{Code: codeExpired}
	}
	if code := statusCode(s.Status); code != "" {
		return fault{Code: code, Text: rowOf(code).message}
	}
	return fault{Code: codeError, Text: s.Status}
}
