package facebook

import (
	"cmp"
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

const (
	// maxWatch is how long a video is waited for that Facebook has taken. Long films take hours.
	maxWatch = 12 * time.Hour
	holdWait = 10 * time.Minute
	// maxNameless bounds the waits for the name of a post that is there.
	maxNameless = 5
)

// watchWait is the pace of asking how far Facebook is.
func watchWait(polls int) time.Duration {
	return min(4*time.Second<<min(polls, 8), 2*time.Minute)
}

// unfinished reports whether Facebook waits for the word that publishes a video.
func unfinished(v video) bool {
	p := v.Status.Publishing
	started := p.Status != "" && p.Status != "not_started" || p.Publish == "published" || p.Publish == "scheduled"
	switch v.Status.Video {
	case "", "uploading", "upload_complete":
		return !started
	}
	return false
}

// isDead reports whether nothing can become of a video.
func isDead(v video) bool {
	s := v.Status
	switch s.Video {
	case "error", "upload_failed", "expired":
		return true
	}
	return s.Processing.Status == "error" || s.Publishing.Status == "error" || s.Publishing.Publish == "error"
}

// failed is why.
func failed(v video) *platforms.Error {
	why := cmp.Or(v.Status.Processing.Error.Message, v.Status.Publishing.Error.Message, v.Status.Uploading.Error.Message, "it does not say why")
	return &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleProcessing, Code: cmp.Or(v.Status.Video, "error"),
		Message: "Facebook could not process the video: " + meta.Shorten(why), Remediation: meta.AdviceVideo}
}

// isLive reports whether the public sees a video.
func isLive(v video) bool {
	p := v.Status.Publishing
	switch {
	case v.Published != nil && !*v.Published:
		return false
	case p.Publish != "":
		return p.Publish == "published"
	case p.Status != "":
		return p.done()
	}
	return v.Status.Video == "ready"
}

// isDraft reports whether a draft is whole.
func isDraft(v video) bool {
	return v.Status.Publishing.Publish == "draft" || v.Status.Video == "ready"
}

// watch asks what became of a video after the word that publishes it: nothing is done here, but until Facebook has said so nobody knows whether the
// public sees it.
func (f *flow) watch(ctx context.Context) (platforms.Step, error) {
	v, err := f.api.video(ctx, f.st.Video)
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	if unfinished(v) && f.st.Polls > 3 && !f.tooLong() { // the word did not arrive
		f.st.Polls = 0
		return f.step(stepPublishing, 0, "Facebook has not begun to publish the video; saying so once more")
	}
	return f.progress(ctx, v)
}

func (f *flow) tooLong() bool { return f.c.Now().After(f.st.FirstTry.Add(maxWatch)) }

// progress goes on with what Facebook says of a video.
func (f *flow) progress(ctx context.Context, v video) (platforms.Step, error) {
	switch {
	case isDead(v):
		return f.refuse(failed(v))
	case f.set.Draft && isDraft(v):
		f.st.Post = cmp.Or(v.Post, f.st.Post, f.st.Video)
		return f.shown("", 0, "the draft %s is made", f.st.Post)
	case isLive(v):
		return f.named(ctx, v)
	case f.tooLong():
		e := platforms.Errorf(platforms.Ambiguous, "Facebook has not said within %g hours whether the video is published", maxWatch.Hours())
		e.Category, e.Reset, e.Remediation = platforms.PlatformError, f.c.Now().Add(holdWait), "Look at the Page on Facebook before publishing this again."
		return platforms.Step{}, e
	}
	f.st.Polls++
	return f.step(stepWatching, watchWait(f.st.Polls), "Facebook is processing video %s", f.st.Video)
}

// named ends the publishing of a video that is there, once it is known under which name. A video goes by its own if its post's does not show.
func (f *flow) named(ctx context.Context, v video) (platforms.Step, error) {
	f.st.Post, f.st.URL = cmp.Or(v.Post, f.st.Post), absolute(v.Permalink)
	if f.kind == kindStory {
		list, err := f.api.stories(ctx, f.st.FirstTry.Add(-meta.ClockSlack))
		if err != nil {
			return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
		}
		for _, s := range list {
			if s.Media == f.st.Video {
				f.st.Post, f.st.URL = cmp.Or(s.Post, f.st.Post), s.URL
			}
		}
	}
	if f.st.Post == "" && f.st.Reads < maxNameless {
		f.st.Reads++
		return f.step(stepWatching, time.Duration(f.st.Reads)*5*time.Second, "the video is published, and its post does not show yet")
	}
	f.st.Post = cmp.Or(f.st.Post, f.st.Video)
	return f.live("published as %s", f.st.Post)
}

// absolute is a permalink with a host: Facebook leaves it out of those of videos.
func absolute(link string) string {
	if len(link) > 0 && link[0] == '/' {
		return "https://www.facebook.com" + link
	}
	return link
}
