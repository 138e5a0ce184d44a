package youtube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

const (
	// grain is what all pieces but the last are a multiple of. https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol
	grain = 256 << 10
	// usualPiece is small enough to pass in the time of one call on a slow line.
	usualPiece = 8 << 20
	// atOnce and longEnough bound what one step sends, so that claims are renewed and workers can stop.
	atOnce     = 16
	longEnough = 40 * time.Second
	// maxRestarts bounds how often a video is sent anew whose upload YouTube has forgotten.
	maxRestarts = 3
	// endingWait is how long YouTube is left alone that has all of a file and does not say that it is a video.
	endingWait = 10 * time.Second
	// brokenWait is how long an upload that breaks off, and has come further all the same, is put down.
	brokenWait = 2 * time.Second
	// freshFault is how long a final fault ends the target. A retry by the user comes later, and starts over.
	freshFault = 2 * time.Minute
)

// session is an upload under way: an address that whoever has it can write to.
type session struct {
	client

	address platforms.Secret
}

// progress is what YouTube says of an upload.
type progress struct {
	stored int64  // bytes that it has
	id     string // of the video, once it is one
	gone   bool   // it does not know the upload, any more
}

// open tells YouTube of a video and gives the address that its file is sent to. An upload that nobody uses is seen by nobody.
func (a client) open(ctx context.Context, meta map[string]any, parts, slug string, notify bool, mime string, size int64) (platforms.Secret, error) {
	q := url.Values{"uploadType": {"resumable"}, "part": {parts}, "notifySubscribers": {strconv.FormatBool(notify)}}
	resp, err := a.do(ctx, rest.Request{Method: http.MethodPost, URL: upload + "videos", Query: q, JSON: meta,
		Header: http.Header{"X-Upload-Content-Length": {strconv.FormatInt(size, 10)}, "X-Upload-Content-Type": {mime}, "Slug": {slug}}}, nil)
	if err != nil {
		return platforms.Secret{}, err
	}
	address := resp.Header.Get("Location")
	if !googles(address) {
		return platforms.Secret{}, platforms.Errorf(platforms.Unavailable, "YouTube gave no address to send the file to")
	}
	return platforms.NewSecret(address), nil
}

// googles reports whether an address is one of Google's APIs: the token goes there too.
func googles(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && strings.HasSuffix(u.Hostname(), ".googleapis.com") && u.Port() == ""
}

// send sends a piece.
func (s session) send(ctx context.Context, p piece) (progress, error) {
	return s.put(ctx, rest.Request{Body: io.LimitReader(p.Body, p.N), Type: p.Type, Length: p.N, Write: true,
		Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", p.At, p.At+p.N-1, p.Size)}}}, p.Size)
}

// ask asks how far an upload is. One that has ended says again which video it is.
func (s session) ask(ctx context.Context, size int64) (progress, error) {
	return s.put(ctx, rest.Request{Body: http.NoBody, Type: "application/octet-stream", Header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", size)}}}, size)
}

func (s session) put(ctx context.Context, r rest.Request, size int64) (progress, error) {
	r.Method, r.URL = http.MethodPut, s.address.Reveal()
	resp, err := s.do(ctx, r, nil)
	switch {
	case resp.Status == http.StatusPermanentRedirect && platforms.AsError(err).Status == resp.Status: // 308, and read to its end
		return stored(resp.Header.Get("Range"), size)
	case err == nil:
		var v video
		if json.Unmarshal(resp.Body, &v) != nil || v.ID == "" {
			return progress{}, platforms.Errorf(platforms.Ambiguous, "YouTube's answer does not name the video")
		}
		return progress{stored: size, id: v.ID}, nil
	case resp.Status == http.StatusNotFound, resp.Status == http.StatusGone:
		return progress{gone: true}, nil
	}
	return progress{}, err
}

// stored reads how much YouTube has: "bytes=0-262143". No header says that it has nothing.
func stored(header string, size int64) (progress, error) {
	if header == "" {
		return progress{}, nil
	}
	last, err := strconv.ParseInt(strings.TrimPrefix(header, "bytes=0-"), 10, 64)
	if err != nil || last < 0 || last >= size {
		return progress{}, platforms.Errorf(platforms.Unavailable, "YouTube's answer does not say how much of the file it has")
	}
	return progress{stored: last + 1}, nil
}

// start tells YouTube of the video. It may be repeated.
func (f *flow) start(ctx context.Context) (platforms.Step, error) {
	src, err := f.media(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	src.Body.Close()
	now := f.c.Now()
	f.st = state{Size: src.Size, MIME: src.MIME, Began: now, Restarts: f.st.Restarts, Short: f.st.Short || isShort(f.video()), Privacy: f.opts.privacy()}
	f.st.Slug = fmt.Sprintf("posthorn-%s-%d", f.t.ID, f.st.Restarts)
	if at := f.opts.at(); at.After(now) { // one that has passed is now
		f.st.PublishAt = at
	}
	meta, parts := f.page()
	address, err := f.api.open(ctx, meta, parts, f.st.Slug, f.opts.NotifySubscribers == nil || *f.opts.NotifySubscribers, src.MIME, src.Size)
	if err != nil {
		return platforms.Step{}, err
	}
	f.st.Session = f.c.Sealer.Seal(address)
	return f.goOn(0, "the upload of %d bytes has begun", f.st.Size)
}

// page is what is said of the video.
func (f *flow) page() (meta map[string]any, parts string) {
	snippet := map[string]any{"title": titleOf(f.t.Content, f.opts), "description": f.t.Content.Text, "categoryId": f.opts.category()}
	if len(f.t.Content.Tags) > 0 {
		snippet["tags"] = f.t.Content.Tags
	}
	status := map[string]any{"privacyStatus": f.st.Privacy, "selfDeclaredMadeForKids": f.opts.MadeForKids, "containsSyntheticMedia": f.opts.ContainsSyntheticMedia}
	if !f.st.PublishAt.IsZero() {
		status["privacyStatus"], status["publishAt"] = private, f.st.PublishAt.Format(time.RFC3339)
	}
	return map[string]any{"snippet": snippet, "status": status}, "snippet,status"
}

// media opens the file.
func (f *flow) media(ctx context.Context) (*platforms.File, error) {
	return f.c.Media.Open(ctx, f.video(), videoLimits.Fit())
}

// session is the upload at hand; false where its address cannot be opened any more.
func (f *flow) session() (session, bool) {
	address, ok := f.c.Sealer.Open(f.st.Session)
	return session{f.api, address}, ok && googles(address.Reveal())
}

// goOn is the step that sends what is missing. The last piece has one of its own.
func (f *flow) goOn(wait time.Duration, note string, args ...any) (platforms.Step, error) {
	if f.st.Size-f.st.Sent > f.piece {
		return f.step(stepUploading, wait, note, args...)
	}
	f.st.Ending = true
	return f.step(stepFinishing, wait, note, args...)
}

// upload sends pieces, but never the last one. Whatever became of an earlier try, YouTube says from where to go on.
func (f *flow) upload(ctx context.Context) (platforms.Step, error) {
	s, ok := f.session()
	if !ok {
		return f.gone()
	}
	before := f.st.Sent
	p, err := s.ask(ctx, f.st.Size)
	if err != nil || p.gone || p.id != "" {
		return f.heard(p, err)
	}
	f.st.Sent = p.stored
	left := f.st.Size - f.st.Sent
	if left <= f.piece {
		return f.goOn(0, "")
	}
	src, err := f.rest(ctx)
	if src == nil {
		return f.changed(err)
	}
	defer src.Body.Close()
	begun := f.c.Now()
	for i := 0; i < atOnce && f.st.Size-f.st.Sent > f.piece && f.c.Now().Sub(begun) < longEnough; i++ {
		at := f.st.Sent
		p, err := s.send(ctx, piece{src.Body, at, f.piece, f.st.Size, f.st.MIME})
		if e := platforms.AsError(err); e != nil && (e.Kind == platforms.Unavailable || e.Kind == platforms.Ambiguous) && f.st.Sent > before { // a slow line gets there, too
			return f.goOn(brokenWait, "it broke off after %d of %d bytes", f.st.Sent, f.st.Size)
		}
		if err != nil || p.gone || p.id != "" {
			return f.heard(p, err)
		}
		f.st.Sent = p.stored
		if p.stored != at+f.piece { // it has kept less than it was sent
			break
		}
	}
	return f.goOn(0, "%d of %d bytes are sent", f.st.Sent, f.st.Size)
}

// finish sends the last piece, which makes the file a video, or finds out whether an earlier call did.
func (f *flow) finish(ctx context.Context) (platforms.Step, error) {
	s, ok := f.session()
	if !ok {
		return f.gone()
	}
	if f.t.InDoubt || f.st.Sent >= f.st.Size {
		p, err := s.ask(ctx, f.st.Size)
		if err != nil {
			return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
		}
		return f.heard(p, nil) // a step of its own clears the doubt
	}
	src, err := f.rest(ctx)
	if src == nil {
		return f.changed(err)
	}
	defer src.Body.Close()
	return f.heard(s.send(ctx, piece{src.Body, f.st.Sent, f.st.Size - f.st.Sent, f.st.Size, f.st.MIME}))
}

// rest opens the file at what YouTube does not have; nil where that cannot be, or the file has changed.
func (f *flow) rest(ctx context.Context) (*platforms.File, error) {
	src, err := f.media(ctx)
	if err != nil {
		return nil, err
	}
	if src.Size != f.st.Size {
		src.Body.Close()
		return nil, nil
	}
	if err := src.Skip(f.st.Sent); err != nil {
		src.Body.Close()
		return nil, err
	}
	return src, nil
}

// changed ends an upload whose file is another one now. What YouTube has of it never becomes a video.
func (f *flow) changed(err error) (platforms.Step, error) {
	if err == nil {
		err = &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleChanged, Field: "mediaItems[0].url",
			Message: "the file has another size than when its upload began", Remediation: "Retry the post once the file stays as it is."}
	}
	return platforms.Step{}, err
}

// heard goes on by what YouTube says of the upload.
func (f *flow) heard(p progress, err error) (platforms.Step, error) {
	switch {
	case err != nil:
		return platforms.Step{}, err
	case p.gone:
		return f.gone()
	case p.id != "":
		return f.uploaded(p.id)
	}
	f.st.Sent = p.stored
	if p.stored >= f.st.Size {
		return f.step(stepFinishing, endingWait, "YouTube has the whole file, and does not say yet that it is a video")
	}
	return f.goOn(0, "YouTube has %d of %d bytes", f.st.Sent, f.st.Size)
}

// gone deals with an upload that YouTube does not know any more. Only one whose last piece was never sent is surely no video.
func (f *flow) gone() (platforms.Step, error) {
	if f.st.Ending {
		return f.step(stepConfirming, 0, "YouTube does not know the upload any more; looking for the video")
	}
	return f.restart()
}

// restart sends the video anew.
func (f *flow) restart() (platforms.Step, error) {
	if f.st.Restarts < maxRestarts {
		f.st = state{Restarts: f.st.Restarts + 1, Short: f.st.Short}
		return f.step(stepStarting, 0, "the upload begins again")
	}
	return f.giveUp(&platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + ruleLost,
		Message: "YouTube forgot the upload again and again; the video is not there", Remediation: "Retry later."})
}

// giveUp ends a post of which there is no video that could show. A step of its own comes first, so that the target stands on safe ground; a retry sends the
// video anew.
func (f *flow) giveUp(why error) (platforms.Step, error) {
	now := f.c.Now()
	switch {
	case f.st.GaveUp.IsZero():
		f.st.GaveUp = now
		return f.step(f.t.State.Step, 0, "giving up")
	case now.After(f.st.GaveUp.Add(freshFault)):
		f.st = state{Short: f.st.Short}
		return f.step(stepStarting, 0, "trying again")
	}
	return platforms.Step{}, why
}
