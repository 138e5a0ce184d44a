package linkedin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

const (
	// atOnce bounds the parts that one step sends, so that a worker that dies loses little. LinkedIn makes them of 4 MB.
	atOnce = 8
	// maxProcessing is how long a file is waited for.
	maxProcessing = 30 * time.Minute
	// maxRestarts bounds how often media is uploaded anew.
	maxRestarts = 3
	pollFirst   = 2 * time.Second
	pollMost    = 30 * time.Second
)

// The kinds of files, as paths name them.
const (
	filesImage    = "images"
	filesVideo    = "videos"
	filesDocument = "documents"
)

// The states of an upload, in order.
const (
	assetNone  = ""
	assetOpen  = "open" // a video: begun; Tags say how far
	assetSent  = "sent" // whole, and being processed
	assetReady = "ready"
)

// asset is an upload.
type asset struct {
	State  string    `json:"state,omitempty"`
	URN    string    `json:"urn,omitempty"`
	SentAt time.Time `json:"sentAt,omitzero"`
	Polls  int       `json:"polls,omitempty"`
	Parts  *parts    `json:"parts,omitempty"` // of a video, while it is open
}

// parts are where the pieces of a video go. Their addresses begin alike, and there may be more than a hundred.
type parts struct {
	Token  string   `json:"token,omitempty"`
	Prefix string   `json:"prefix"`
	To     []string `json:"to"`             // what follows the prefix
	Ends   []int64  `json:"ends"`           // the last byte of each
	Tags   []string `json:"tags,omitempty"` // of those that LinkedIn has
}

// partsOf takes down what LinkedIn says of the pieces, which must be the whole file in its order.
func partsOf(b begun, size int64) (*parts, error) {
	p := &parts{Token: b.Token}
	next := int64(0)
	for i, in := range b.Instructions {
		if in.First != next || in.Last < in.First {
			return nil, platforms.Errorf(platforms.Unavailable, "LinkedIn's instructions for the upload do not follow one another")
		}
		next = in.Last + 1
		p.To, p.Ends = append(p.To, in.URL), append(p.Ends, in.Last)
		if i == 0 {
			p.Prefix = in.URL
		}
		for !strings.HasPrefix(in.URL, p.Prefix) {
			p.Prefix = p.Prefix[:len(p.Prefix)-1]
		}
	}
	if next != size {
		return nil, platforms.Errorf(platforms.Unavailable, "LinkedIn's instructions for the upload are not for the whole file")
	}
	for i := range p.To {
		p.To[i] = p.To[i][len(p.Prefix):]
	}
	return p, nil
}

// begins is the first byte of a piece.
func (p *parts) begins(i int) int64 {
	if i == 0 {
		return 0
	}
	return p.Ends[i-1] + 1
}

func filesOf(m platforms.Media) string {
	switch m.Type {
	case platforms.Video:
		return filesVideo
	case platforms.Document:
		return filesDocument
	}
	return filesImage
}

// upload does the next thing for the first file that LinkedIn does not have.
func (f *flow) upload(ctx context.Context) (platforms.Step, error) {
	for i, m := range f.files() {
		a := &f.st.Assets[i]
		switch {
		case a.State != assetNone && a.State != assetOpen:
		case a.State == assetOpen && len(a.Parts.Tags) == len(a.Parts.To):
			return f.finalize(ctx, a)
		default:
			return f.transfer(ctx, a, m)
		}
	}
	return f.next("")
}

// transfer sends a picture or a document whole, and of a video the next pieces.
func (f *flow) transfer(ctx context.Context, a *asset, m platforms.Media) (platforms.Step, error) {
	kind, fit := filesOf(m), platforms.Fit{}
	switch kind {
	case filesImage:
		fit = imageLimits.Fit()
	case filesVideo:
		fit = videoLimits.Fit()
	}
	thumbnail := len(f.t.Content.Media) == 0
	src, err := f.c.Media.Open(ctx, m, fit)
	if err != nil {
		if thumbnail && platforms.AsError(err).Kind == platforms.Rejected {
			return f.noThumbnail()
		}
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	if thumbnail && !slices.Contains(imageLimits.Formats, src.MIME) {
		return f.noThumbnail()
	}
	if a.State == assetOpen {
		return f.pieces(ctx, a, src)
	}
	b, err := f.api.initialize(ctx, kind, f.author, src.Size)
	if err != nil {
		return platforms.Step{}, err
	}
	if kind == filesVideo {
		if a.Parts, err = partsOf(b, src.Size); err != nil {
			return platforms.Step{}, err
		}
		a.State, a.URN = assetOpen, b.Video
		return f.named(a, "the upload has begun")
	}
	if a.URN = b.Image; kind == filesDocument {
		a.URN = b.Document
	}
	if _, err := f.api.put(ctx, b.UploadURL, src.Body, src.Size, f.c.Token.Access); err != nil {
		return platforms.Step{}, err
	}
	a.State, a.SentAt = assetSent, f.c.Now()
	return f.named(a, "LinkedIn has the media")
}

// named goes on with an upload that LinkedIn has given a name.
func (f *flow) named(a *asset, note string) (platforms.Step, error) {
	if a.URN == "" {
		return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "LinkedIn's answer names no media")
	}
	return f.next(note)
}

// noThumbnail leaves the picture out of a card that cannot have it.
func (f *flow) noThumbnail() (platforms.Step, error) {
	f.st.Card.Image, f.st.Assets = "", nil
	return f.next("the linked page's picture cannot be used")
}

// pieces sends some of a video, from where the last step ended. They take no token.
func (f *flow) pieces(ctx context.Context, a *asset, src *platforms.File) (platforms.Step, error) {
	p := a.Parts
	if err := src.Skip(p.begins(len(p.Tags))); err != nil {
		return platforms.Step{}, err
	}
	for range min(atOnce, len(p.To)-len(p.Tags)) {
		i := len(p.Tags)
		size := p.Ends[i] + 1 - p.begins(i)
		tag, err := f.api.put(ctx, p.Prefix+p.To[i], io.LimitReader(src.Body, size), size, platforms.Secret{})
		if err != nil {
			return f.lost(err)
		}
		if tag == "" {
			return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "LinkedIn's answer has no ETag for a piece of the video")
		}
		p.Tags = append(p.Tags, tag)
	}
	return f.next(fmt.Sprintf("%d of %d pieces are sent", len(p.Tags), len(p.To)))
}

// finalize ends the upload of a video.
func (f *flow) finalize(ctx context.Context, a *asset) (platforms.Step, error) {
	if err := f.api.finalize(ctx, a.URN, a.Parts.Token, a.Parts.Tags); err != nil {
		return f.lost(err)
	}
	a.State, a.SentAt, a.Parts = assetSent, f.c.Now(), nil
	return f.next("LinkedIn has the video")
}

// lost begins uploads anew that LinkedIn does not know any more, and passes on every other error.
func (f *flow) lost(err error) (platforms.Step, error) {
	if e := platforms.AsError(err); (slices.Contains(gone, e.Code) || e.Code == codeNotFound) && f.st.Restarts < maxRestarts {
		return f.restart()
	}
	return platforms.Step{}, err
}

// restart uploads all media anew. Nothing of them is to be seen.
func (f *flow) restart() (platforms.Step, error) {
	f.st.Restarts++
	f.st.Assets = make([]asset, len(f.st.Assets))
	return f.next("LinkedIn does not know the uploaded media any more, which is uploaded again")
}

// process asks how far LinkedIn is with what it has. A login that may not ask waits for as long as that usually takes.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/vector-asset-api
func (f *flow) process(ctx context.Context) (platforms.Step, error) {
	for i, m := range f.files() {
		a := &f.st.Assets[i]
		if a.State != assetSent {
			continue
		}
		if f.st.Blind {
			if rest := a.SentAt.Add(grace(m)).Sub(f.c.Now()); rest > 0 {
				return f.step(stepProcessing, rest, "waiting for as long as LinkedIn usually takes to process the media, since this login may not ask")
			}
			a.State = assetReady
			continue
		}
		state, reason, err := f.api.status(ctx, filesOf(m), a.URN)
		switch {
		case denied(err):
			f.st.Blind = true
			return f.step(stepProcessing, 0, "this login may not ask how far LinkedIn is")
		case err != nil:
			return f.lost(err)
		case state == "AVAILABLE":
			a.State = assetReady
			continue
		case state == "PROCESSING_FAILED":
			return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Code: "MEDIA_ASSET_PROCESSING_FAILED", Rule: platformName + "." + ruleProcessing,
				Field: fmt.Sprintf("mediaItems[%d]", i), Message: strings.TrimSpace("LinkedIn could not process the media. " + platforms.Shorten(reason)), Remediation: adviceMedia}
		case f.late():
			return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + ruleProcessing, Field: fmt.Sprintf("mediaItems[%d]", i),
				Message: "LinkedIn did not process the media within half an hour", Remediation: adviceMedia}
		}
		a.Polls++
		return f.step(stepProcessing, min(pollFirst<<min(a.Polls, 8), pollMost), "LinkedIn is processing the media")
	}
	return f.next("the media is processed")
}

// late tells whether LinkedIn has had a file for longer than one is waited for.
func (f *flow) late() bool {
	return slices.ContainsFunc(f.st.Assets, func(a asset) bool { return f.c.Now().After(a.SentAt.Add(maxProcessing)) })
}

// grace is how long LinkedIn usually takes to process a file.
func grace(m platforms.Media) time.Duration {
	switch m.Type {
	case platforms.Video:
		return time.Minute + time.Duration(m.Size>>20)*time.Second
	case platforms.Document:
		return 30 * time.Second
	}
	return 10 * time.Second
}
