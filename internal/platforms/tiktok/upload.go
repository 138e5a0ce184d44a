package tiktok

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// The sizes of pieces. TikTok takes 5 to 64 MB, a last one of up to 128 MB, and a smaller video whole; what remains is part of the last.
// https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
const (
	pieceSize = 10 << 20
	// atOnce bounds the pieces that one step sends, so that a worker that dies loses little.
	atOnce = 3
	// margin is how long after its end an upload may still take a piece, by our clock.
	margin = 5 * time.Minute
)

// piece is a part of a video.
type piece struct{ from, size, total int64 }

func (p piece) header() string {
	return fmt.Sprintf("bytes %d-%d/%d", p.from, p.from+p.size-1, p.total)
}

// at is the n-th piece of the video.
func (s state) at(n int) piece {
	p := piece{from: int64(n) * s.Piece, size: s.Piece, total: s.Size}
	if n == s.Pieces-1 {
		p.size = s.Size - p.from
	}
	return p
}

// startSending tells TikTok of a video that is sent in pieces.
func (f *flow) startSending(ctx context.Context, may creator) (platforms.Step, error) {
	src, err := f.open(ctx)
	if err != nil {
		return platforms.Step{}, err
	}
	src.Body.Close() // only its size is wanted yet
	f.st.Size, f.st.Piece = src.Size, min(src.Size, pieceSize)
	if f.st.Size < 1 {
		return platforms.Step{}, platforms.Errorf(platforms.Rejected, "the video is empty")
	}
	f.st.Pieces = int(f.st.Size / f.st.Piece)
	b, err := f.tellOfVideo(ctx, may, source{Source: bySending, Size: f.st.Size, Piece: f.st.Piece, Pieces: f.st.Pieces})
	if err == nil {
		err = f.name(b)
	}
	if err != nil {
		return platforms.Step{}, err
	}
	f.st.Upload = f.c.Sealer.Seal(platforms.NewSecret(b.Upload))
	return f.next(0, "the upload has begun: "+b.ID)
}

// next goes on to the pieces that TikTok does not have.
func (f *flow) next(wait time.Duration, note string) (platforms.Step, error) {
	if f.st.Sent < f.st.Pieces-1 {
		return f.step(stepUploading, wait, "%s", note)
	}
	return f.step(stepCommitting, wait, "%s", note)
}

func (f *flow) open(ctx context.Context) (*platforms.File, error) {
	return f.c.Media.Open(ctx, f.t.Content.Media[0], videoLimits.Fit())
}

// opened gives the video from the first piece that TikTok does not have. It gives nil when the video has another size by now.
func (f *flow) opened(ctx context.Context) (*platforms.File, error) {
	src, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	if src.Size != f.st.Size {
		src.Body.Close()
		return nil, nil
	}
	if err := src.Skip(int64(f.st.Sent) * f.st.Piece); err != nil {
		src.Body.Close()
		return nil, err
	}
	return src, nil
}

const (
	changedVideo = "the video is another one than before"
	lostAddress  = "the address to send the video to cannot be read any more"
)

// address is where the pieces go; false where it cannot be opened any more.
func (f *flow) address() (platforms.Secret, bool) { return f.c.Sealer.Open(f.st.Upload) }

// upload sends some pieces, but never the last.
func (f *flow) upload(ctx context.Context) (platforms.Step, error) {
	src, err := f.opened(ctx)
	if err != nil {
		return f.failed(err)
	}
	if src == nil {
		return f.begunInVain(changedVideo)
	}
	defer src.Body.Close()
	to, ok := f.address()
	if !ok {
		return f.begunInVain(lostAddress)
	}
	for range min(atOnce, f.st.Pieces-1-f.st.Sent) {
		resp, err := f.api.send(ctx, to, f.st.at(f.st.Sent), src.Body, src.MIME, false)
		switch {
		case resp.Status == http.StatusRequestedRangeNotSatisfiable:
			return f.catchUp(resp)
		case resp.Status == http.StatusForbidden, resp.Status == http.StatusNotFound:
			return f.begunInVain(platforms.AsError(err).Message)
		case err != nil:
			return f.failed(err)
		case resp.Status != http.StatusPartialContent && resp.Status != http.StatusCreated:
			return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "TikTok does not say whether it has the piece (HTTP %d)", resp.Status)
		}
		f.st.Sent++
	}
	return f.next(0, fmt.Sprintf("%d of %d pieces are sent", f.st.Sent, f.st.Pieces))
}

// begunInVain begins anew where the upload cannot be gone on with. Where the last piece may have arrived, that has to wait until no upload can take it
// any more.
func (f *flow) begunInVain(why string) (platforms.Step, error) {
	switch {
	case !f.st.Risked:
		return f.restart(0, why)
	case f.ended(): // what it came to is for TikTok to say
		return f.wait(stepProcessing, why+"; asking what became of the upload")
	}
	return f.step(stepUploading, f.st.Began.Add(uploadLife+margin+time.Second).Sub(f.c.Now()), "%s; waiting until the upload has ended", why)
}

// ended reports whether TikTok takes no piece of the upload any more.
func (f *flow) ended() bool { return f.c.Now().After(f.st.Began.Add(uploadLife + margin)) }

const endedEarly = "the upload ended before TikTok had the video"

var progress = regexp.MustCompile(`^bytes 0-([0-9]{1,15})/[0-9]+$`)

// catchUp goes on from the piece that TikTok wants. The header names the last byte that it has, or their number.
func (f *flow) catchUp(resp rest.Response) (platforms.Step, error) {
	m := progress.FindStringSubmatch(resp.Header.Get("Content-Range"))
	if m == nil {
		f.st.Sent = 0
		return f.next(firstLook, "TikTok wants another piece, and does not say which")
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // the pattern fits
	f.st.Sent = min(int((n+1)/f.st.Piece), f.st.Pieces-1)
	return f.next(firstLook, fmt.Sprintf("TikTok has %d of %d pieces", f.st.Sent, f.st.Pieces))
}

// commit sends the last piece, or finds out whether an earlier call did. The piece may come twice: it belongs to the same post.
func (f *flow) commit(ctx context.Context) (platforms.Step, error) {
	if f.t.InDoubt {
		return f.learn(ctx)
	}
	src, err := f.opened(ctx)
	if err != nil {
		return f.failed(err)
	}
	if src == nil {
		return f.begunInVain(changedVideo)
	}
	defer src.Body.Close()
	to, ok := f.address()
	if !ok {
		return f.begunInVain(lostAddress)
	}
	resp, err := f.api.send(ctx, to, f.st.at(f.st.Pieces-1), src.Body, src.MIME, true)
	switch {
	case resp.Status == http.StatusForbidden, resp.Status == http.StatusNotFound:
		return f.learn(ctx)
	case resp.Status == http.StatusRequestedRangeNotSatisfiable: // it has less than we thought, or all of it
		return f.learn(ctx)
	case err != nil:
		return f.failed(platforms.Answered(err))
	case resp.Status == http.StatusPartialContent:
		return f.catchUp(resp)
	case resp.Status != http.StatusCreated:
		return platforms.Step{}, platforms.Errorf(platforms.Ambiguous, "TikTok does not say whether it has the video (HTTP %d)", resp.Status)
	}
	f.st.Risked = false
	return f.wait(stepProcessing, "TikTok has the video")
}

// failed is an error that ends the target, unless the last piece may have arrived: that has to be found out first.
func (f *flow) failed(err error) (platforms.Step, error) {
	if e := platforms.AsError(err); e.Kind == platforms.Rejected && f.st.Risked {
		return f.begunInVain(e.Message)
	}
	return platforms.Step{}, err
}

// learn asks TikTok how much it has of a video whose last piece may be there.
func (f *flow) learn(ctx context.Context) (platforms.Step, error) {
	f.st.Risked = true
	s, err := f.api.status(ctx, f.st.PublishID)
	if unknown(err) {
		return f.missing()
	}
	if err != nil {
		return platforms.Step{}, platforms.Doubtful(err, f.t.InDoubt)
	}
	if s.Status != statusUploading || s.Uploaded >= f.st.Size {
		f.st.Risked = false
		return f.wait(stepProcessing, "TikTok has the video")
	}
	f.st.Sent = min(int(s.Uploaded/f.st.Piece), f.st.Pieces-1)
	if f.ended() {
		return f.restart(0, endedEarly)
	}
	return f.next(firstLook, fmt.Sprintf("TikTok has %d of %d bytes", s.Uploaded, f.st.Size))
}
