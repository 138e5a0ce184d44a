package linkedin

import (
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/unsure"
)

const (
	// commentAfter is how long LinkedIn may take to let a new post be commented.
	commentAfter = 4 * time.Second
	// commentWithin is how long it is waited for then.
	commentWithin = 2 * time.Minute
)

// comment adds the first comment, or finds out whether an earlier call did. The post stays published whatever becomes of it.
func (f *flow) comment(ctx context.Context) (platforms.Step, error) {
	var blind bool
	s, err := f.st.Comment.Take(ctx, f.c.Now(), f.t.InDoubt, unsure.Moves{
		Platform: Platform{}.Info(), What: "the first comment", Confirming: f.t.State.Step == stepConfirmingComment,
		Look: func(ctx context.Context) (id string, err error) {
			id, err = f.commented(ctx)
			blind = denied(err)
			return id, err
		},
		Send: f.addComment,
		Live: func(string) (platforms.Step, error) { return f.step("", 0, "first comment posted") },
		Confirm: func(wait time.Duration, note string) (platforms.Step, error) {
			return f.step(stepConfirmingComment, wait, note)
		},
	})
	if blind {
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError,
			Message: "LinkedIn's answer to the first comment was lost, and LinkedIn does not let this login look whether it is there", Remediation: "Look at the post, and add the comment there if it is missing."}
	}
	return s, err
}

// addComment is the one call that makes the comment visible.
func (f *flow) addComment(ctx context.Context) (platforms.Step, error) {
	if err := f.api.comment(ctx, f.st.URN, f.author, f.opts.FirstComment); err != nil {
		return platforms.Step{}, platforms.Answered(f.early(err))
	}
	return f.step("", 0, "first comment posted")
}

// early makes it a matter of waiting that a new post cannot be commented yet.
func (f *flow) early(err error) error {
	e := *platforms.AsError(err)
	if now := f.c.Now(); e.Code == codeNotFound && now.Before(f.st.At.Add(commentWithin)) {
		e.Kind, e.Reset = platforms.NotReady, now.Add(commentAfter)
	}
	return &e
}

// commented finds the first comment under the post.
func (f *flow) commented(ctx context.Context) (string, error) {
	list, err := f.api.comments(ctx, f.st.URN)
	if err != nil {
		return "", f.early(err)
	}
	since := f.st.Comment.Since().UnixMilli()
	for _, r := range list {
		if r.Actor == f.author && r.Created.Time >= since && plain(r.Message.Text) == plain(f.opts.FirstComment) {
			return "there", nil
		}
	}
	return "", nil
}
