package instagram

import (
	"context"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"posthorn/internal/platforms"
)

const (
	// readLag is how long Instagram may take to show a published post in the account's list.
	readLag = 10 * time.Minute
	// clockSlack is how far our clock and Instagram's may be apart.
	clockSlack = 2 * time.Minute
	// holdWait is the pace of looking for a post of which nothing can be said.
	holdWait = 10 * time.Minute
	// maxLooks bounds the searches for the ID of a post that is live.
	maxLooks = 12
	// quotaWindow is how long the publishing limit remembers a post, less a margin.
	quotaWindow = 23 * time.Hour
)

// look asks what became of a container whose publish has an unknown outcome. The container's own status is the authority; the list of
// posts only gives the post's ID, and says something by itself when the container is gone.
func (f *flow) look(ctx context.Context) (platforms.Step, error) {
	s, err := f.api.container(ctx, f.st.Container)
	switch {
	case err != nil && isMissing(platforms.AsError(err)):
		return f.lost(ctx)
	case err != nil:
		return platforms.Step{}, f.doubtful(err)
	}
	switch {
	case s.Code == published:
		return f.identify(ctx)
	case s.Code == finished:
		return f.republish(ctx)
	case s.isDead():
		return f.dead(ctx, faultOf(s))
	case s.Code == inProgress:
		return platforms.Step{}, f.unsure(30*time.Second, "Instagram is still processing the media")
	}
	return platforms.Step{}, f.doubtful(s.unknown())
}

// identify finds the ID of a post that is live.
func (f *flow) identify(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	if err != nil {
		return platforms.Step{}, f.doubtful(err)
	}
	if len(ids) == 1 {
		return f.live(ids[0])
	}
	if len(ids) == 0 && f.c.Now().Before(f.st.LastTry.Add(readLag)) {
		return platforms.Step{}, f.unsure(15*time.Second, "the post is published, and Instagram does not list it yet")
	}
	f.st.Looks = 0
	s, err := f.step(stepFinding, time.Minute, "published; Instagram has not shown yet under which ID")
	s.Done = &platforms.Remote{}
	return s, err
}

// find goes on searching for the ID of a post that is live. It ends without one rather than with a wrong one.
func (f *flow) find(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	if err == nil && len(ids) == 1 {
		return f.live(ids[0])
	}
	if err != nil && (ctx.Err() != nil || endsOrWaits(err)) {
		return platforms.Step{}, err
	}
	f.st.Looks++
	if f.st.Looks < maxLooks && (err != nil || len(ids) == 0) {
		return f.step(stepFinding, min(time.Minute<<f.st.Looks, time.Hour), "Instagram does not list the post yet")
	}
	if f.opts.FirstComment == "" && !f.opts.commentsOff() {
		return platforms.Step{Done: &platforms.Remote{}, Note: "published, under an ID that Instagram did not show"}, nil
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError,
		Message:     "the post is live, but which of the account's posts it is could not be found, so its comments were left as they are",
		Remediation: "Add the first comment, or turn comments off, in the Instagram app."}
}

// dead deals with a container that can no longer be published.
func (f *flow) dead(ctx context.Context, why fault) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, f.doubtful(err)
	case len(ids) == 1:
		return f.live(ids[0])
	case len(ids) > 1:
		return platforms.Step{}, f.hold("several posts of the account could be this one")
	}
	return f.again(why, nil)
}

// lost deals with a container that Instagram no longer shows, which proves nothing. Another is made only when the post stayed out of
// the account's list and its publishing limit did not move.
func (f *flow) lost(ctx context.Context) (platforms.Step, error) {
	ids, err := f.matches(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, f.doubtful(err)
	case len(ids) == 1:
		return f.live(ids[0])
	case len(ids) > 1:
		return platforms.Step{}, f.hold("several posts of the account could be this one")
	}
	now := f.c.Now()
	if now.Before(f.st.LastTry.Add(readLag)) {
		return platforms.Step{}, f.unsure(time.Minute, "Instagram shows neither the media nor the post")
	}
	if f.st.Quota == nil || now.After(f.st.FirstTry.Add(quotaWindow)) {
		return platforms.Step{}, f.hold("Instagram shows neither the media nor the post")
	}
	q, err := f.api.publishingLimit(ctx)
	if err != nil {
		return platforms.Step{}, f.doubtful(err)
	}
	if q.Used != *f.st.Quota {
		return platforms.Step{}, f.hold("Instagram shows neither the media nor the post, but the account's publishing limit moved")
	}
	return f.again(fault{Code: "24/2207008"}, nil)
}

// unsure comes back without a doubt lost: one that the core holds stays by NotReady, one that it does not hold is raised.
func (f *flow) unsure(wait time.Duration, message string) error {
	e := platforms.Errorf(platforms.NotReady, "%s", message)
	if !f.t.InDoubt {
		e.Kind = platforms.Ambiguous
	}
	e.Reset = f.c.Now().Add(wait)
	return e
}

// hold is what is said when nothing more can be found out: a few more looks, and then the target ends as unconfirmed.
func (f *flow) hold(message string) error {
	e := platforms.Errorf(platforms.Ambiguous, "%s", message)
	e.Category, e.Reset = platforms.PlatformError, f.c.Now().Add(holdWait)
	e.Remediation = "Look at the account in the Instagram app before publishing this again."
	return e
}

// doubtful makes sure that a look that failed does not end a target as plainly failed: where the core holds no doubt at the confirming
// step, an earlier publish still stands unexplained.
func (f *flow) doubtful(err error) error {
	e := *platforms.AsError(err)
	if f.t.InDoubt {
		return &e
	}
	switch e.Kind {
	case platforms.RateLimited, platforms.NotReady, platforms.TokenExpired:
	default:
		e.Kind = platforms.Ambiguous
	}
	return &e
}

// endsOrWaits reports whether an error is one that no other read would mend: a dead token, a limit.
func endsOrWaits(err error) bool {
	switch platforms.AsError(err).Kind {
	case platforms.Unauthorized, platforms.TokenExpired, platforms.RateLimited:
		return true
	}
	return false
}

// matches are the IDs of the account's posts that could be this one: not older, of the same kind, with the same caption.
func (f *flow) matches(ctx context.Context) ([]string, error) {
	since := f.st.FirstTry.Add(-clockSlack)
	list, err := f.api.recent(ctx, f.kind == kindStory, since)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range list {
		if !m.Timestamp.Before(since.Truncate(time.Second)) && f.isOurs(m) {
			ids = append(ids, m.ID)
		}
	}
	return ids, nil
}

func (f *flow) isOurs(m medium) bool {
	media := f.t.Content.Media
	switch f.kind {
	case kindStory: // has no caption
		return m.Type == map[bool]string{true: "VIDEO", false: "IMAGE"}[media[0].Type == platforms.Video]
	case kindCarousel:
		if m.Type != "CAROUSEL_ALBUM" || (m.Children != nil && len(m.Children.Data) != len(media)) {
			return false
		}
	case kindReel:
		if m.Type != "VIDEO" || (m.ProductType != "" && m.ProductType != "REELS") {
			return false
		}
	default:
		if m.Type != "IMAGE" {
			return false
		}
	}
	return sameText(m.Caption, f.t.Content.Text)
}

// sameText compares two texts as Instagram may have changed them: composed letters, and white space of any kind and number.
func sameText(a, b string) bool { return folded(a) == folded(b) }

func folded(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }
