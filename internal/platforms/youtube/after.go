package youtube

import (
	"context"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

const (
	// settleTime is how long what was written may take to be listed.
	settleTime = time.Minute
	// maxWrites bounds the writes of one thing whose answers were all lost.
	maxWrites = 5
)

// next goes on to what is to be done next beside the video. What belongs to a video that is to become public later is done before that.
func (f *flow) next(note string) (platforms.Step, error) {
	live := !f.st.Live.IsZero()
	switch {
	case !f.st.Ready:
		return f.step(stepProcessing, f.poll(), "%s", note)
	case !f.st.Thumbnail && len(f.t.Content.Media) > 0 && f.video().Thumbnail != "":
		return f.step(stepThumbnail, 0, "%s", note)
	case f.st.Tracks < len(f.opts.Captions):
		return f.step(stepCaptions, 0, "%s", note)
	case !f.st.Listed && f.opts.PlaylistID != "":
		return f.step(stepListing, 0, "%s", note)
	case !live:
		return f.step(stepProcessing, f.untilShown(), "%s", note)
	case !f.st.Commented && f.opts.FirstComment != "":
		return f.step(stepCommenting, 0, "%s", note)
	case !f.st.Checked:
		return f.step(stepChecking, max(0, f.st.Live.Add(checkAfter).Sub(f.c.Now())), "%s", note)
	case len(f.st.Faults) > 0:
		return f.step(stepReporting, 0, "%s", note)
	}
	return f.step("", 0, "%s", note)
}

// report ends a post of which something is missing.
func (f *flow) report() (platforms.Step, error) {
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformRejected, Rule: platformName + "." + ruleExtras,
		Message: "the video is there, but " + strings.Join(f.st.Faults, "; "), Remediation: "Add what is missing in YouTube Studio."}
}

// missed notes what could not be done beside the video, and goes on. An error that another try may mend is passed on.
func (f *flow) missed(what string, err error) (platforms.Step, error) {
	e := platforms.AsError(err)
	lacks := e.Kind == platforms.Unauthorized && e.Rule == ruleOf(codeScope) // the rest of the connection is fine
	if e.Kind != platforms.Rejected && e.Kind != platforms.Duplicate && !lacks {
		return platforms.Step{}, err
	}
	f.st.Faults = append(f.st.Faults, what+": "+strings.TrimSuffix(e.Message, "."))
	return f.next(what)
}

// soon makes a refusal one to come back for while YouTube may not know of the video everywhere.
func (f *flow) soon(err error, since time.Time, codes ...string) error {
	if err == nil {
		return nil
	}
	e := *platforms.AsError(err)
	if now := f.c.Now(); slices.Contains(codes, e.Code) && now.Before(since.Add(unseen)) {
		e.Kind, e.Reset = platforms.NotReady, now.Add(15*time.Second)
	}
	return &e
}

// permitted is an error where the login surely lacks what all but uploading takes.
func permitted(c *platforms.Conn) error {
	if s := c.Token.Scopes; s != nil && !slices.Contains(s, scopeManage) && !slices.Contains(s, scopeAll) {
		return &platforms.Error{Kind: platforms.Rejected, Category: platforms.AccountIssue, Code: codeScope, Rule: ruleOf(codeScope),
			Message: "the permission to manage the channel was not granted", Remediation: adviseReconnect}
	}
	return nil
}

// thumbnail sets the video's thumbnail, which may be repeated.
func (f *flow) thumbnail(ctx context.Context) (platforms.Step, error) {
	f.st.Thumbnail = true
	if err := setThumbnail(ctx, f.api, f.st.ID, f.video().Thumbnail); err != nil {
		return f.missed("the thumbnail is not set", f.soon(err, f.st.Uploaded, codeNoVideo))
	}
	return f.next("the thumbnail is set")
}

func setThumbnail(ctx context.Context, a client, videoID, address string) error {
	src, err := a.c.Media.Open(ctx, platforms.Media{Type: platforms.Image, URL: address}, thumbnailLimits.Fit())
	if err != nil {
		return err
	}
	defer src.Body.Close()
	return a.setThumbnail(ctx, videoID, src)
}

// caption adds the next track. Nobody else adds any to a video that is so young, so that one which is there is the one that was sent.
func (f *flow) caption(ctx context.Context) (platforms.Step, error) {
	i := f.st.Tracks
	if i >= len(f.opts.Captions) {
		return f.next("")
	}
	track := f.opts.Captions[i]
	f.st.Tracks++
	err := permitted(f.c)
	if err == nil {
		err = f.api.addCaptions(ctx, f.st.ID, track)
	}
	if e := platforms.AsError(err); e != nil && e.Code != codeCaption {
		return f.missed("the captions in "+track.Language+" are not added", f.soon(e, f.st.Uploaded, codeNoVideo))
	}
	return f.next("captions in " + track.Language + " are added")
}

// list puts the video into the playlist, or finds out whether an earlier call did.
func (f *flow) list(ctx context.Context) (platforms.Step, error) {
	done, again, err := f.once(ctx, stepListing, func() (bool, error) {
		found, _, err := f.api.entries(ctx, f.opts.PlaylistID, f.st.ID, "")
		return len(found) > 0, err
	}, func() error {
		if err := permitted(f.c); err != nil {
			return err
		}
		return f.soon(f.api.enlist(ctx, f.opts.PlaylistID, f.st.ID), f.st.Uploaded, codeNoVideo)
	})
	if again != nil {
		return *again, nil
	}
	if err == nil && !done {
		err = platforms.Errorf(platforms.Rejected, "YouTube failed at every try")
	}
	f.st.Listed, f.st.Look, f.st.Writes = true, false, 0
	if err != nil {
		return f.missed("it is not in the playlist", err)
	}
	return f.next("the video is in the playlist")
}

// comment writes the first comment, or finds out whether an earlier call did.
func (f *flow) comment(ctx context.Context) (platforms.Step, error) {
	done, again, err := f.once(ctx, stepCommenting, func() (bool, error) { return f.commented(ctx) }, func() error {
		if err := permitted(f.c); err != nil {
			return err
		}
		return f.soon(f.api.write(ctx, f.st.ID, f.opts.FirstComment), f.st.Live, codeNoVideo, codeNoComments, codeForbidden)
	})
	if again != nil {
		return *again, nil
	}
	if err == nil && !done {
		err = platforms.Errorf(platforms.Rejected, "YouTube failed at every try")
	}
	f.st.Commented, f.st.Look, f.st.Writes = true, false, 0
	if err != nil {
		return f.missed("the first comment is not there", err)
	}
	return f.next("the first comment is there")
}

// once does what must not be done twice. A write whose answer was lost is looked for, twice with a while between, before it is repeated; the first of the
// two looks is a step of its own, which clears the doubt. done is false where too many answers were lost.
func (f *flow) once(ctx context.Context, step string, look func() (bool, error), act func() error) (done bool, again *platforms.Step, err error) {
	if err := ctx.Err(); err != nil {
		return false, nil, &platforms.Error{Kind: platforms.Unavailable, Message: "cancelled", Err: err}
	}
	if f.t.InDoubt || f.st.Look {
		there, err := look()
		switch {
		case err != nil:
			return false, nil, platforms.Doubtful(err, f.t.InDoubt && platforms.AsError(err).Kind != platforms.Rejected)
		case there:
			return true, nil, nil
		case f.t.InDoubt:
			f.st.Look = true
			f.st.Writes++
			s, err := f.step(step, settleTime, "it is not there; looking once more before it is written again")
			return false, &s, err
		case f.st.Writes >= maxWrites:
			return false, nil, nil
		}
	}
	if err := act(); err != nil {
		return false, nil, platforms.Answered(err)
	}
	return true, nil, nil
}

// commented reports whether the first comment is there, or waits for the channel's own eye.
func (f *flow) commented(ctx context.Context) (bool, error) {
	since := f.st.Live.Add(-clockSlack)
	for _, moderation := range []string{"published", "heldForReview"} {
		list, err := f.api.comments(ctx, f.st.ID, moderation)
		if err != nil {
			return false, err
		}
		for _, c := range list {
			if s := c.Snippet.Top.Snippet; s.Author.Value == f.c.Account.RemoteID && folded(s.Text) == folded(f.opts.FirstComment) && !s.PublishedAt.Before(since) {
				return true, nil
			}
		}
	}
	return false, nil
}
