package instagram

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
)

const (
	// commentLag is how long Instagram may take to list a comment.
	commentLag = time.Minute
	// maxCommentTries bounds how often the first comment is sent.
	maxCommentTries = 5
	// maxCommentPages bounds the search for our own comment under a busy post.
	maxCommentPages = 4
)

// live ends the publishing: the post is there.
func (f *flow) live(id string) (platforms.Step, error) {
	f.st = state{Media: id}
	s, err := f.Step(containers.Reading, 0, "published as %s", id)
	s.Done = &platforms.Remote{ID: id}
	return s, err
}

// nameless ends a post that is live under an ID that Instagram did not show.
func (f *flow) nameless() (platforms.Step, error) {
	if f.opts.FirstComment == "" && !f.opts.commentsOff() {
		return platforms.Step{Done: &platforms.Remote{}, Note: "published, under an ID that Instagram did not show"}, nil
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError,
		Message:     "the post is live, but which of the account's posts it is could not be found, so its comments were left as they are",
		Remediation: "Add the first comment, or turn comments off, in the Instagram app."}
}

// read reads the permalink, and goes on to what is to be done about comments.
func (f *flow) read(ctx context.Context) (platforms.Step, error) {
	address, later, err := f.Permalink(ctx, func(ctx context.Context) (string, error) {
		m, err := f.api.medium(ctx, f.st.Media)
		return m.Permalink, err
	})
	if err != nil {
		return platforms.Step{}, err
	}
	if later != nil {
		return *later, nil
	}
	f.st.URL = address
	switch {
	case f.opts.commentsOff():
		return f.after(stepClosing, "turning comments off")
	case f.opts.FirstComment != "":
		f.st.CommentAt, f.st.CommentTries = f.c.Now(), 1
		return f.after(stepCommenting, "posting the first comment")
	}
	return f.end("published")
}

// closeComments may be repeated freely.
func (f *flow) closeComments(ctx context.Context) (platforms.Step, error) {
	if err := f.api.disableComments(ctx, f.st.Media); err != nil {
		return platforms.Step{}, err
	}
	return f.end("comments are turned off")
}

// comment posts the first comment, or finds out whether an earlier call did.
func (f *flow) comment(ctx context.Context) (platforms.Step, error) {
	if !f.t.InDoubt {
		if _, err := f.api.addComment(ctx, f.st.Media, f.opts.FirstComment); err != nil {
			if meta.IsMissing(platforms.AsError(err)) { // the new post does not show everywhere yet: nothing was written
				return platforms.Step{}, err
			}
			return platforms.Step{}, platforms.Answered(err)
		}
		return f.end("first comment posted")
	}
	there, err := f.commented(ctx)
	switch {
	case err != nil:
		return platforms.Step{}, err
	case there:
		return f.end("first comment posted")
	}
	now := f.c.Now()
	if shown := f.st.CommentAt.Add(commentLag); now.Before(shown) {
		e := platforms.Errorf(platforms.NotReady, "waiting to see whether the first comment arrived")
		e.Reset = now.Add(min(15*time.Second, shown.Sub(now)))
		return platforms.Step{}, e
	}
	if f.st.CommentTries >= maxCommentTries {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError,
			Message: "the first comment could not be posted", Remediation: "Add it in the Instagram app."}
	}
	// A step of its own clears the doubt, so that the time to wait starts with the comment that is sent next.
	f.st.CommentAt = now
	f.st.CommentTries++
	return f.after(stepCommenting, "the first comment did not arrive; sending it again")
}

// commented reports whether the first comment is there.
func (f *flow) commented(ctx context.Context) (bool, error) {
	since := f.st.CommentAt.Add(-containers.ClockSlack)
	after := ""
	for range maxCommentPages {
		list, next, err := f.api.comments(ctx, f.st.Media, after)
		if err != nil {
			return false, err
		}
		for _, r := range list {
			recent := r.Timestamp.IsZero() || !r.Timestamp.Before(since.Truncate(time.Second))
			if recent && f.isOwn(r) && containers.SameText(r.Text, f.opts.FirstComment) {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		after = next
	}
	return false, nil
}

// isOwn reports whether the account itself wrote a comment; Instagram leaves the writer out at times, and then it may have.
func (f *flow) isOwn(r remark) bool {
	name := r.Username
	if name == "" {
		name = r.From.Username
	}
	if name != "" && f.c.Account.Username != "" {
		return name == bare(f.c.Account.Username)
	}
	return r.From.ID == "" || r.From.ID == f.c.Account.RemoteID
}

// after goes on to a follow-up.
func (f *flow) after(step, note string) (platforms.Step, error) {
	s, err := f.Step(step, 0, "%s", note)
	s.Done = f.remote()
	return s, err
}

func (f *flow) end(note string) (platforms.Step, error) {
	return platforms.Step{Done: f.remote(), Note: note}, nil
}

func (f *flow) remote() *platforms.Remote { return &platforms.Remote{ID: f.st.Media, URL: f.st.URL} }
