package facebook

import (
	"context"
	"net/url"

	"posthorn/internal/platforms"
)

// atOnce bounds the pieces that one step sends, so that a worker that dies loses little.
const atOnce = 8

// edge is where a video is sent in three phases; empty: in pieces.
func (f *flow) edge() string {
	switch f.kind {
	case kindReel:
		return edgeReels
	case kindStory:
		return edgeStories
	}
	return ""
}

// fit is the form of the video that is sent.
func (f *flow) fit() platforms.Fit {
	switch f.kind {
	case kindReel:
		return reelVideo.Fit()
	case kindStory:
		return storyVideo.Fit()
	}
	return feedVideo.Fit()
}

func (f *flow) open(ctx context.Context) (*platforms.File, error) {
	if len(f.t.Content.Media) != 1 || !f.isVideo() {
		return nil, changed()
	}
	return f.c.Media.Open(ctx, f.t.Content.Media[0], f.fit())
}

// start begins an upload. It may be repeated: a video that is not ended is never seen.
func (f *flow) start(ctx context.Context) (platforms.Step, error) {
	if edge := f.edge(); edge != "" {
		b, err := f.api.startWhole(ctx, edge)
		if err != nil {
			return platforms.Step{}, err
		}
		f.st.Video, f.st.Address, f.st.Offset, f.st.Polls = b.Video, b.URL, 0, 0
		return f.step(stepUploading, 0, "the upload of video %s has begun", b.Video)
	}
	src, err := f.open(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	s, err := f.api.startPieces(ctx, src.Size)
	if err != nil {
		return platforms.Step{}, err
	}
	f.st.Session, f.st.Video, f.st.Size, f.st.Polls = s.ID, s.Video, src.Size, 0
	f.st.Offset, f.st.End, _ = s.bounds()
	return f.step(stepUploading, 0, "the upload of video %s has begun", s.Video)
}

// upload sends the next pieces, or all that is missing, from where Facebook says that it goes on.
func (f *flow) upload(ctx context.Context) (platforms.Step, error) {
	if f.edge() != "" {
		return f.uploadRest(ctx)
	}
	if f.st.Offset >= f.st.End {
		return f.uploaded()
	}
	src, err := f.open(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	if src.Size != f.st.Size || f.st.End > src.Size {
		return platforms.Step{}, changed()
	}
	if err := src.Skip(f.st.Offset); err != nil {
		return platforms.Step{}, err
	}
	for range atOnce {
		at := f.st.Offset
		w, err := f.api.sendPiece(ctx, f.st.Session, at, src.Body, f.st.End-at)
		if err != nil {
			return f.elsewhere(err)
		}
		start, end, ok := w.bounds()
		if !ok {
			return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "Facebook's answer does not say where the upload goes on")
		}
		contiguous := start == f.st.End
		if f.st.Offset, f.st.End = start, end; start >= end || !contiguous {
			break
		}
	}
	return f.step(stepUploading, 0, "%d of %d bytes are sent", f.st.Offset, f.st.Size)
}

// elsewhere goes on where Facebook wants the upload to, or begins it anew where it does not know it any more.
func (f *flow) elsewhere(err error) (platforms.Step, error) {
	e := platforms.AsError(err)
	if start, end, ok := expected(e.Body); ok && (start != f.st.Offset || end != f.st.End) {
		f.st.Offset, f.st.End = start, end
		return f.step(stepUploading, 0, "Facebook has %d of %d bytes", start, f.st.Size)
	}
	if (e.Code == "6000" || e.Code == "6001" || e.Code == "100/33") && f.st.Restarts < maxRestarts {
		return f.restart("Facebook has lost the upload, which begins again")
	}
	return platforms.Step{}, err
}

func (f *flow) restart(note string) (platforms.Step, error) {
	f.st.Restarts++
	f.st.Session, f.st.Video, f.st.Address = "", "", ""
	return f.step(stepStarting, 0, "%s", note)
}

// uploadRest sends a video from where Facebook has it, in one request. When that breaks off Facebook keeps what came through.
func (f *flow) uploadRest(ctx context.Context) (platforms.Step, error) {
	v, err := f.api.video(ctx, f.st.Video)
	if err != nil {
		return platforms.Step{}, err
	}
	up := v.Status.Uploading
	switch {
	case up.done():
		return f.uploaded()
	case up.Status == "error" || isDead(v):
		if f.st.Restarts < maxRestarts {
			return f.restart("Facebook has lost the upload, which begins again")
		}
		return f.refuse(failed(v))
	case up.Bytes > f.st.Offset: // a step of its own, so that what breaks off and gets on is no failure
		f.st.Offset = up.Bytes
		return f.step(stepUploading, 0, "Facebook has %d bytes", up.Bytes)
	}
	src, err := f.open(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	if up.Bytes > src.Size {
		return platforms.Step{}, changed()
	}
	if err := src.Skip(up.Bytes); err != nil {
		return platforms.Step{}, err
	}
	if err := f.api.sendRest(ctx, f.st.Address, up.Bytes, src); err != nil {
		if e := platforms.AsError(err); (e.Code == "ProcessingFailedError" || e.Code == "100/33") && f.st.Restarts < maxRestarts {
			return f.restart("Facebook could not take in the video, which is uploaded again")
		}
		return platforms.Step{}, err
	}
	return f.uploaded()
}

// uploaded goes on once Facebook has all of a video.
func (f *flow) uploaded() (platforms.Step, error) {
	f.st.FirstTry = f.c.Now()
	return f.step(stepPublishing, 0, "the video is uploaded")
}

// finish publishes the video, which may be repeated with the same one. What an earlier call did is looked for before.
func (f *flow) finish(ctx context.Context) (platforms.Step, error) {
	if f.t.InDoubt {
		v, err := f.api.video(ctx, f.st.Video)
		if err != nil {
			return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
		}
		if !unfinished(v) {
			return f.progress(ctx, v)
		}
	}
	var out made
	var err error
	if edge := f.edge(); edge != "" {
		out, err = f.api.finish(ctx, edge+"?upload_phase=finish", f.finishForm())
	} else {
		err = f.api.finishPieces(ctx, f.finishForm())
	}
	if err != nil {
		return platforms.Step{}, platforms.Answered(err)
	}
	f.st.Post, f.st.Polls = out.Post, 0
	return f.step(stepWatching, watchWait(0), "Facebook is processing video %s", f.st.Video)
}

func (f *flow) finishForm() url.Values {
	form := url.Values{}
	text, title := f.t.Content.Text, f.opts.Title
	set := func(name, value string) {
		if value != "" {
			form.Set(name, value)
		}
	}
	switch f.kind {
	case kindStory:
		form.Set("video_id", f.st.Video)
	case kindReel:
		form.Set("video_id", f.st.Video)
		form.Set("video_state", "PUBLISHED")
		if f.set.Draft {
			form.Set("video_state", "DRAFT")
		}
		set("description", text)
		set("title", title)
	default:
		form.Set("upload_phase", "finish")
		form.Set("upload_session_id", f.st.Session)
		set("description", text)
		set("title", title)
		f.target(form)
		if f.set.Draft {
			form.Set("published", "false")
			form.Set("unpublished_content_type", "DRAFT")
		}
	}
	return form
}
