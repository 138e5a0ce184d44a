package facebook

import (
	"context"
	"net/url"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// settleTime is how long a story must have stayed unseen after a publish whose answer was lost before it is published again: Facebook may be at
	// work on the first one yet, and its lists take a while.
	settleTime = 90 * time.Second
	settleMax  = 20 * time.Minute
	// maxWrites bounds the publishes of one story whose answers were all lost.
	maxWrites = 7
	// storyLife is how long a story is sure to be listed, less a margin.
	storyLife = 22 * time.Hour
)

// publish makes the post visible.
func (f *flow) publish(ctx context.Context) (platforms.Step, error) {
	switch {
	case f.isVideo():
		return f.finish(ctx)
	case f.kind == kindStory:
		return f.publishStory(ctx)
	}
	return f.show(ctx)
}

// publishStory publishes a photo as a story, or finds out whether an earlier call did. There is no switch here: the same photo might become two stories.
func (f *flow) publishStory(ctx context.Context) (platforms.Step, error) {
	if len(f.st.Photos) != 1 {
		return platforms.Step{}, changed()
	}
	if f.t.State.Step == stepPublishing && !f.t.InDoubt {
		if f.stale() {
			return f.step(stepPhotos, 0, "the uploaded photo is about to expire and is uploaded again")
		}
		return f.sendStory(ctx)
	}
	list, err := f.api.stories(ctx, f.st.FirstTry.Add(-meta.ClockSlack))
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	for _, s := range list {
		if s.Media == f.st.Photos[0].ID && s.Post != "" {
			f.st.Post, f.st.URL = s.Post, s.URL
			return f.live("published as %s", s.Post)
		}
	}
	now := f.c.Now()
	if now.After(f.st.FirstTry.Add(storyLife)) { // it may have been there, and gone
		e := platforms.Errorf(platforms.Ambiguous, "Facebook does not list the story, which may have ended already")
		e.Category, e.Reset, e.Remediation = platforms.PlatformError, now.Add(holdWait), "Look at the Page on Facebook before publishing this again."
		return platforms.Step{}, e
	}
	if f.t.InDoubt { // a step of its own clears the doubt, so that the time to wait starts anew
		f.st.Writes++
		f.st.LastTry = now
		return f.step(stepConfirming, min(settleTime<<min(f.st.Writes-1, 8), settleMax), "the story is not there; looking once more before publishing it again")
	}
	if wait := f.st.LastTry.Add(settleTime).Sub(now); wait > 0 {
		return f.step(stepConfirming, wait, "the story is not there; looking once more")
	}
	if f.st.Writes >= maxWrites {
		return f.refuse(&platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + ruleNotPublished,
			Message: "Facebook failed at every try to publish the story; it is not there", Remediation: "Retry later."})
	}
	return f.sendStory(ctx)
}

// sendStory is the one call that makes a story visible.
func (f *flow) sendStory(ctx context.Context) (platforms.Step, error) {
	out, err := f.api.finish(ctx, "photo_stories", url.Values{"photo_id": {f.st.Photos[0].ID}})
	if err == nil && out.Post != "" {
		f.st.Post = out.Post
		return f.live("published as %s", out.Post)
	}
	e := *platforms.AsError(err)
	switch {
	case err == nil: // it is there, and the list tells its name
		return f.step(stepConfirming, 5*time.Second, "published; Facebook has not told under which name")
	case e.Kind == platforms.Duplicate: // an earlier publish may be what used the photo
		e.Kind, e.Reset = platforms.Ambiguous, f.c.Now().Add(15*time.Second)
	}
	return platforms.Step{}, platforms.Answered(&e)
}
