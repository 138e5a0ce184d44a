package tiktok

import (
	"cmp"
	"context"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// wait goes on to a step that asks TikTok how far it is.
func (f *flow) wait(name, note string) (platforms.Step, error) {
	f.st.Since, f.st.Looks, f.st.Upload = f.c.Now(), 0, ""
	return f.step(name, f.first(name), "%s", note)
}

// first is the time until the first look. What is in a creator's inbox is looked at seldom, as it waits for a person.
func (f *flow) first(step string) time.Duration {
	if step == stepResolving && f.opts.Draft {
		return restInbox
	}
	return firstLook
}

// again comes back to the step at hand, each time a little later.
func (f *flow) again(longest time.Duration, note string) (platforms.Step, error) {
	f.st.Looks++
	return f.step(f.t.State.Step, min(f.first(f.t.State.Step)<<min(f.st.Looks, 12), longest), "%s", note)
}

const (
	firstLook = 2 * time.Second
	restInbox = 10 * time.Minute
	// The longest times between two looks.
	restProcessing = time.Minute
	restResolving  = 4 * time.Hour
	// capRest is the time after which a creator whose posts of a day are used up is looked at again.
	capRest = time.Hour
)

// unknown reports whether TikTok does not know the post.
func unknown(err error) bool {
	e := platforms.AsError(err)
	return e != nil && e.Code == codeUnknownPost
}

// process asks what became of the post.
func (f *flow) process(ctx context.Context) (platforms.Step, error) {
	s, err := f.api.status(ctx, f.st.PublishID)
	switch {
	case unknown(err):
		return f.missing()
	case err != nil:
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	switch s.Status {
	case statusFailed:
		return f.refused(s.Reason)
	case statusDone, statusInbox:
		return f.live(s)
	}
	switch {
	case f.st.Risked && s.Status == statusUploading && s.Uploaded < f.st.Size && f.ended():
		return f.restart(0, endedEarly)
	case f.c.Now().After(f.st.Since.Add(maxProcessing)):
		return f.missing()
	}
	return f.again(restProcessing, "TikTok is at it: "+platforms.Shorten(s.Status))
}

// refused is what TikTok says of a post that did not come to be. Nothing of it shows, so that it may be begun anew.
func (f *flow) refused(reason string) (platforms.Step, error) {
	switch reason {
	case codeCap:
		f.st = state{Restarts: f.st.Restarts}
		return f.step("", capRest, "the creator's posts of a day are used up; waiting for an hour")
	case "internal", "video_pull_failed", "photo_pull_failed":
		if f.st.Restarts < maxRestarts {
			return f.restart(restProcessing, "TikTok failed: "+reason)
		}
	}
	f.st.Refused = platforms.Shorten(cmp.Or(reason, codeRefused))
	return f.step(stepRefused, 0, "TikTok did not publish the post: %s", f.st.Refused) // a step of its own clears the doubt
}

// refusal is why a post ends as failed.
func (f *flow) refusal() error {
	r, known := table[f.st.Refused]
	if !known {
		r = table[codeRefused]
		r.message += ": " + f.st.Refused
	}
	return r.error(f.st.Refused)
}

// live goes on once the post is out, or in the creator's inbox. TikTok tells the ID of a post that everybody can see, when it has looked at it.
func (f *flow) live(s status) (platforms.Step, error) {
	f.st.Out, f.st.PostID = true, s.post()
	switch {
	case f.st.PostID != "":
		return f.step("", 0, "published as %s", f.st.PostID)
	case s.Status == statusInbox:
		return f.wait(stepResolving, "it is in the creator's inbox at TikTok, to be published there")
	case f.opts.PrivacyLevel == public:
		return f.wait(stepResolving, "published; TikTok will tell the address when it has looked at the post")
	}
	return f.step("", 0, "published; TikTok tells no address of a post that not everybody sees")
}

// resolve asks for the ID of a post that is out. What fails here says nothing against the post.
func (f *flow) resolve(ctx context.Context) (platforms.Step, error) {
	s, err := f.api.status(ctx, f.st.PublishID)
	if err := ctx.Err(); err != nil {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Unavailable, Message: "cancelled", Err: err}
	}
	if e := platforms.AsError(err); e != nil && (e.Kind == platforms.TokenExpired || e.Kind == platforms.RateLimited) {
		return platforms.Step{}, e
	}
	if f.st.PostID = s.post(); f.st.PostID != "" {
		return f.step("", 0, "TikTok calls it %s", f.st.PostID)
	}
	if f.c.Now().After(f.st.Since.Add(maxResolving)) {
		return f.step("", 0, "TikTok has not told the post's address within a day")
	}
	return f.again(restResolving, "TikTok has not told the post's address yet")
}

// missing goes on where TikTok does not say what became of the post.
func (f *flow) missing() (platforms.Step, error) {
	f.st.Since = f.c.Now()
	return f.step(stepConfirming, firstLook, "TikTok does not say what became of the post; looking for it")
}

// confirm looks for a post of which TikTok has lost track. It is never begun anew by itself: that it does not show is no proof while TikTok may be at it,
// or of a post that not everybody sees. Only a user's retry does that, a day later.
func (f *flow) confirm(ctx context.Context) (platforms.Step, error) {
	s, err := f.api.status(ctx, f.st.PublishID)
	switch {
	case err == nil && (s.Status == statusDone || s.Status == statusInbox):
		return f.live(s)
	case err == nil && s.Status == statusFailed:
		return f.wait(stepProcessing, "TikTok says what became of the post")
	case err != nil && !unknown(err):
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	shown, err := f.find(ctx)
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	if shown != "" {
		f.st.Out, f.st.PostID = true, shown
		return f.step("", 0, "found as %s", shown)
	}
	if f.c.Now().After(f.st.Since.Add(forgotten)) {
		f.st.Restarts = 0
		return f.restart(0, "TikTok has not shown the post for a day")
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Ambiguous, Category: platforms.PlatformError, Code: codeUnknownPost, Message: "TikTok took the post and does not say what became of it",
		Remediation: "Look at the account's posts and its inbox in the TikTok app. If the post is not there a day later, retry it: the retry looks again, and publishes it only then."}
}

// find searches the account's public posts for the one at hand; empty: it is not there.
func (f *flow) find(ctx context.Context) (string, error) {
	if f.opts.Draft || f.opts.PrivacyLevel != public {
		return "", nil
	}
	list, err := f.api.recent(ctx)
	if e := platforms.AsError(err); e != nil && e.Kind == platforms.Unauthorized {
		return "", nil // the user did not permit it to be listed
	}
	want := folded(f.t.Content.Text)
	found := ""
	for _, v := range list {
		got := folded(v.Description)
		if got == "" {
			got = folded(v.Title)
		}
		if time.Unix(v.Created, 0).Before(f.st.Began.Add(-clockSlack)) || (got == "") != (want == "") || !strings.HasPrefix(want, got) {
			continue
		}
		found = v.ID // the list begins with the newest, and the first since then is ours
	}
	return found, err
}

// folded makes texts comparable. TikTok cuts long ones.
func folded(s string) string { return strings.TrimRight(strings.Join(strings.Fields(s), " "), "….") }
