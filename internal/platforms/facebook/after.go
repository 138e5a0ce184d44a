package facebook

import (
	"cmp"
	"context"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// permalinkWaits are between the reads of a permalink, which may show a little after the post.
var permalinkWaits = []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second}

// read reads the permalink. It is worth a few tries, and nothing more depends on it: every post is found by its ID, too.
func (f *flow) read(ctx context.Context) (platforms.Step, error) {
	if f.st.URL != "" {
		return f.next()
	}
	link, err := f.permalink(ctx)
	if err != nil && (ctx.Err() != nil || endsOrWaits(err)) {
		return platforms.Step{}, err
	}
	if f.st.URL = absolute(link); f.st.URL == "" && f.st.Reads < len(permalinkWaits) {
		wait := permalinkWaits[f.st.Reads]
		f.st.Reads++
		return f.shown(stepReading, wait, "the permalink is not there yet")
	}
	return f.next()
}

func (f *flow) permalink(ctx context.Context) (string, error) {
	if f.kind != kindStory {
		p, err := f.api.post(ctx, f.st.Post)
		return p.Permalink, err
	}
	list, err := f.api.stories(ctx, f.st.FirstTry.Add(-meta.ClockSlack))
	for _, s := range list {
		if s.Post == f.st.Post {
			return s.URL, nil
		}
	}
	return "", err
}

// endsOrWaits reports whether an error is one that no other read would mend.
func endsOrWaits(err error) bool {
	switch platforms.AsError(err).Kind {
	case platforms.Unauthorized, platforms.TokenExpired, platforms.RateLimited:
		return true
	}
	return false
}

// next is what is to be done of a post that is there.
func (f *flow) next() (platforms.Step, error) {
	if f.t.State.Step != stepCover && f.coverOf() != "" && (f.kind == kindVideo || f.kind == kindReel) {
		return f.shown(stepCover, 0, "")
	}
	if f.opts.FirstComment != "" && f.kind != kindStory {
		f.st.Begin(f.c.Now())
		return f.shown(stepCommenting, 0, "posting the first comment")
	}
	return f.shown("", 0, "published")
}

func (f *flow) coverOf() string {
	if len(f.t.Content.Media) != 1 {
		return ""
	}
	return f.t.Content.Media[0].Thumbnail
}

// cover gives the video the picture that was chosen for it.
func (f *flow) cover(ctx context.Context) (platforms.Step, error) {
	src, err := f.c.Media.Open(ctx, platforms.Media{Type: platforms.Image, URL: f.coverOf()}, image.Fit())
	if err != nil {
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	if err := f.api.setCover(ctx, f.st.Video, src); err != nil {
		return platforms.Step{}, err
	}
	return f.next()
}

// comment posts the first comment, or finds out whether an earlier call did.
func (f *flow) comment(ctx context.Context) (platforms.Step, error) {
	first := meta.FirstComment{Conn: f.c, Text: f.opts.FirstComment, App: "Facebook",
		Send: func(ctx context.Context) error { return f.api.addComment(ctx, f.st.Post, f.opts.FirstComment) },
		List: func(ctx context.Context, after string) (list []meta.Remark, next string, err error) {
			found, next, err := f.api.comments(ctx, f.st.Post, after)
			for _, r := range found { // the writer is left out of people's comments, and never of the Page's own
				list = append(list, meta.Remark{Text: r.Message, At: r.At.Time, Own: cmp.Or(r.From.ID, f.c.Account.RemoteID) == f.c.Account.RemoteID})
			}
			return list, next, err
		}}
	posted, err := first.Take(ctx, &f.st.CommentState, f.t.InDoubt)
	switch {
	case err != nil:
		return platforms.Step{}, err
	case posted:
		return f.shown("", 0, "first comment posted")
	}
	return f.shown(stepCommenting, 0, "the first comment did not arrive; sending it again")
}
