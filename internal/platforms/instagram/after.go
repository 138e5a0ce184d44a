package instagram

import (
	"context"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
	"posthorn/internal/platforms/meta/containers"
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
		f.st.Begin(f.c.Now())
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
	first := meta.FirstComment{Conn: f.c, Text: f.opts.FirstComment, App: "the Instagram app",
		Send: func(ctx context.Context) error {
			_, err := f.api.addComment(ctx, f.st.Media, f.opts.FirstComment)
			return err
		},
		List: func(ctx context.Context, after string) (list []meta.Remark, next string, err error) {
			found, next, err := f.api.comments(ctx, f.st.Media, after)
			for _, r := range found {
				list = append(list, meta.Remark{Text: r.Text, At: r.Timestamp.Time, Own: f.isOwn(r)})
			}
			return list, next, err
		}}
	posted, err := first.Take(ctx, &f.st.CommentState, f.t.InDoubt)
	switch {
	case err != nil:
		return platforms.Step{}, err
	case posted:
		return f.end("first comment posted")
	}
	return f.after(stepCommenting, "the first comment did not arrive; sending it again")
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
