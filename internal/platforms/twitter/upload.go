package twitter

import (
	"context"
	"fmt"
	"time"

	"posthorn/internal/platforms"
)

const (
	// segment is the size of a piece: X documents up to 5 MB, and at most 1000 of them.
	segment = 4 << 20
	// atOnce bounds the pieces that one step sends, so that a worker that dies loses little.
	atOnce = 8
	// maxProcessing is how long a video is waited for.
	maxProcessing = 30 * time.Minute
	// maxRestarts bounds how often media is uploaded anew.
	maxRestarts = 3
	// margin is how long before its end an upload counts as gone.
	margin = 10 * time.Minute
	// usualLife is how long an upload lives where X does not tell.
	usualLife = 24 * time.Hour
)

// The states of a file, in order. "" is one of which nothing is done.
const (
	fileOpen = "open" // begun; Segments say how far
	fileSent = "sent" // whole, and being processed
	fileSet  = "set"  // ready, to be described
	fileDone = "done"
)

// file is an upload.
type file struct {
	State    string    `json:"state,omitempty"`
	ID       string    `json:"id,omitempty"`
	Key      string    `json:"key,omitempty"`
	Segments int       `json:"segments,omitempty"` // that X has
	Total    int       `json:"total,omitempty"`    // that there are
	SentAt   time.Time `json:"sentAt,omitzero"`
	After    int       `json:"after,omitempty"` // seconds until X wants to be asked about it
	Ends     time.Time `json:"ends,omitzero"`
}

func (m file) wait() time.Duration { return time.Duration(min(max(m.After, 1), 300)) * time.Second }

// take notes what X says of an upload.
func (f *flow) take(m *file, u uploaded) error {
	if u.ID != "" {
		m.ID = u.ID
	}
	if u.Key != "" {
		m.Key = u.Key
	}
	if m.ID == "" {
		return platforms.Errorf(platforms.Unavailable, "X's answer names no media")
	}
	life := usualLife
	if u.Expires > 0 {
		life = time.Duration(min(u.Expires, 7*24*3600)) * time.Second
	}
	m.Ends = f.c.Now().Add(life)
	return nil
}

// stale finds an upload of the part at hand that is about to end; -1: none is.
func (f *flow) stale() (part, item int) {
	i := f.at()
	for k, m := range f.st.Parts[i].Media {
		if !m.Ends.IsZero() && m.Ends.Before(f.c.Now().Add(margin)) {
			return i, k
		}
	}
	return -1, -1
}

// upload does the next thing for the first file that is not done.
func (f *flow) upload(ctx context.Context) (platforms.Step, error) {
	for i := range f.st.Parts {
		for k := range f.st.Parts[i].Media {
			m := &f.st.Parts[i].Media[k]
			if f.st.Parts[i].ID != "" || m.State == fileDone || m.State == fileSent {
				continue
			}
			if m.State == fileSet {
				return f.describe(ctx, m, f.parts[i].Media[k])
			}
			return f.transfer(ctx, m, f.parts[i].Media[k])
		}
	}
	return f.next("")
}

// transfer sends an image whole, and the next pieces of anything else.
func (f *flow) transfer(ctx context.Context, m *file, medium platforms.Media) (platforms.Step, error) {
	if m.State == fileOpen && m.Segments >= m.Total {
		return f.finalize(ctx, m)
	}
	fit, category := imageLimits.Fit(), ""
	switch medium.Type {
	case platforms.Video:
		fit, category = videoLimits.Fit(), "tweet_video"
		if f.opts.LongVideo {
			category = "amplify_video"
		}
	case platforms.GIF:
		fit, category = gifLimits.Fit(), "tweet_gif"
	}
	src, err := f.c.Media.Open(ctx, medium, fit)
	if err != nil {
		return platforms.Step{}, err
	}
	defer src.Body.Close()
	if category == "" {
		u, err := f.api.uploadImage(ctx, src)
		if err == nil {
			err = f.take(m, u)
		}
		if err != nil {
			return platforms.Step{}, err
		}
		return f.whole(m, u)
	}
	if m.State == "" {
		u, err := f.api.initialize(ctx, src.MIME, category, src.Size)
		if err == nil {
			err = f.take(m, u)
		}
		if err != nil {
			return platforms.Step{}, err
		}
		m.State, m.Total = fileOpen, int((src.Size+segment-1)/segment)
		return f.next("the upload has begun")
	}
	return f.pieces(ctx, m, src)
}

// pieces sends some of a file, from where the last step ended.
func (f *flow) pieces(ctx context.Context, m *file, src *platforms.File) (platforms.Step, error) {
	if err := src.Skip(min(int64(m.Segments)*segment, src.Size)); err != nil {
		return platforms.Step{}, err
	}
	for range min(atOnce, m.Total-m.Segments) {
		size := min(segment, src.Size-int64(m.Segments)*segment)
		if err := f.api.appendSegment(ctx, m.ID, m.Segments, src.Body, size); err != nil {
			return f.lost(m, err)
		}
		m.Segments++
	}
	return f.next(fmt.Sprintf("%d of %d pieces are sent", m.Segments, m.Total))
}

// finalize ends an upload. It is a step of its own, since after it no piece is taken.
func (f *flow) finalize(ctx context.Context, m *file) (platforms.Step, error) {
	u, err := f.api.finalize(ctx, m.ID)
	if err == nil {
		err = f.take(m, u)
	}
	if err != nil {
		return f.lost(m, err)
	}
	return f.whole(m, u)
}

// lost begins an upload anew that X does not know any more, and passes on every other error.
func (f *flow) lost(m *file, err error) (platforms.Step, error) {
	if e := platforms.AsError(err); e.Code != codeNotFound || f.st.Restarts >= maxRestarts {
		return platforms.Step{}, err
	}
	f.st.Restarts++
	*m = file{}
	return f.next("X does not know the upload any more, which begins again")
}

// whole goes on once X has all of a file.
func (f *flow) whole(m *file, u uploaded) (platforms.Step, error) {
	m.State, m.SentAt = fileSet, f.c.Now()
	if u.Processing != nil && u.Processing.State != "succeeded" {
		m.State, m.After = fileSent, u.Processing.After
	}
	return f.next("X has the media")
}

// process asks how far X is with the first file that it has.
func (f *flow) process(ctx context.Context) (platforms.Step, error) {
	for i := range f.st.Parts {
		for k := range f.st.Parts[i].Media {
			m := &f.st.Parts[i].Media[k]
			if m.State != fileSent {
				continue
			}
			u, err := f.api.status(ctx, m.ID)
			if err != nil {
				return f.lost(m, err)
			}
			return f.progress(m, u)
		}
	}
	return f.next("")
}

func (f *flow) progress(m *file, u uploaded) (platforms.Step, error) {
	switch {
	case u.Processing == nil || u.Processing.State == "succeeded":
		m.State = fileSet
		return f.next("the media is processed")
	case u.Processing.State == "failed":
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Code: u.Processing.Error.Name, Rule: platformName + "." + ruleProcessing,
			Message: "X could not process the media: " + platforms.Shorten(u.Processing.Error.Message), Remediation: "Convert the video to MP4 with H.264 and AAC, then retry."}
	case f.c.Now().After(m.SentAt.Add(maxProcessing)):
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformError, Rule: platformName + "." + ruleProcessing,
			Message: "X did not process the media within half an hour", Remediation: "Convert the video to MP4 with H.264 and AAC, then retry."}
	}
	m.After = u.Processing.After
	return f.next("X is processing the media")
}

// describe says what there is to say of a file.
func (f *flow) describe(ctx context.Context, m *file, medium platforms.Media) (platforms.Step, error) {
	said := map[string]any{}
	if medium.AltText != "" && medium.Type != platforms.Video {
		said["alt_text"] = map[string]string{"text": medium.AltText}
	}
	if s := f.opts.SensitiveMedia; s != nil {
		said["sensitive_media_warning"] = map[string]bool{"adult_content": s.AdultContent, "graphic_violence": s.GraphicViolence, "other": s.Other}
	}
	if g := f.opts.GeoRestriction; g != nil {
		said["geo_restrictions"] = map[string]any{"whitelisted_country_codes": g.Countries}
	}
	m.State = fileDone
	if len(said) == 0 {
		return f.next("")
	}
	if err := f.api.describe(ctx, m.ID, said); err != nil {
		return platforms.Step{}, err
	}
	return f.next("the media is described")
}
