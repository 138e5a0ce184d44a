// Package youtube publishes videos to YouTube, with all that its page says of them.
package youtube

import (
	"context"

	"posthorn/internal/platforms"
)

// platformName is the contract's.
const platformName = "youtube"

// The steps of a target. A video that is not whole is seen by nobody.
const (
	stepStarting   = ""           // tell YouTube of the video, which gives an address to send it to
	stepUploading  = "uploading"  // send the file, all but its last piece
	stepFinishing  = "finishing"  // send the last piece, which makes it a video; visible
	stepConfirming = "confirming" // the address is gone: look for the video, and only then begin again; visible
	stepProcessing = "processing" // until YouTube has processed the video, and until the time that it is to be shown at
	stepThumbnail  = "thumbnail"  // set it, which may be repeated
	stepCaptions   = "captions"   // add the next track, which YouTube takes but once
	stepListing    = "listing"    // put it into the playlist; visible
	stepCommenting = "commenting" // write the first comment; visible
	stepChecking   = "checking"   // look once more whether YouTube has rejected the video after all
	stepReporting  = "reporting"  // end with what could not be done beside the video
)

// Platform is the adapter for YouTube.
type Platform struct {
	// Piece is the size of a piece of a file, a multiple of 256 KB; zero takes the usual one.
	Piece int64
}

var (
	_ platforms.Platform       = Platform{}
	_ platforms.Validator      = Platform{}
	_ platforms.Deleter        = Platform{}
	_ platforms.Editor         = Platform{}
	_ platforms.MetadataEditor = Platform{}
	_ platforms.Spender        = Platform{}
)

// Info describes YouTube.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "YouTube",
		Visible:  []string{stepFinishing, stepConfirming, stepProcessing, stepListing, stepCommenting},
		Uploads:  []string{stepUploading, stepFinishing},
		Underway: []string{stepProcessing, stepThumbnail, stepCaptions, stepListing},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsVideos,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step: the video is sent, found out about, waited for, and then what hangs on it is done.
func (p Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := p.begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	switch t.State.Step {
	case stepStarting:
		return f.start(ctx)
	case stepUploading:
		return f.upload(ctx)
	case stepFinishing:
		return f.finish(ctx)
	case stepConfirming:
		return f.confirm(ctx)
	case stepProcessing:
		return f.process(ctx)
	case stepThumbnail:
		return f.thumbnail(ctx)
	case stepCaptions:
		return f.caption(ctx)
	case stepListing:
		return f.list(ctx)
	case stepCommenting:
		return f.comment(ctx)
	case stepChecking:
		return f.check(ctx)
	case stepReporting:
		return f.report()
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", t.State.Step)
}
