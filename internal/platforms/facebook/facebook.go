// Package facebook publishes texts, links, photos, videos, reels, stories and carousels of links to Facebook Pages.
package facebook

import (
	"context"
	"net/http"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/meta"
)

// platformName is the contract's.
const platformName = "facebook"

// The steps of a target. What is uploaded or made unpublished is seen by nobody.
const (
	stepPhotos     = "uploading photos"  // send the next photo
	stepCreating   = "creating"          // make the post, unpublished
	stepStarting   = "starting"          // begin the upload of a video
	stepUploading  = "uploading"         // send the next piece of it, or the rest
	stepPublishing = "publishing"        // make it visible; visible
	stepConfirming = "confirming"        // an earlier story of a photo has an unknown outcome: look, and only then publish; visible
	stepWatching   = "watching"          // until Facebook has published the video, or has given up; visible
	stepReading    = "reading"           // read the permalink
	stepCover      = "setting the cover" // of a video
	stepCommenting = "commenting"        // the first comment; visible
	stepRefused    = "refused"           // nothing is visible, and nothing will be
)

// Platform is the adapter for Facebook Pages.
type Platform struct{}

var (
	_ platforms.Platform    = Platform{}
	_ platforms.Validator   = Platform{}
	_ platforms.Deleter     = Platform{}
	_ platforms.Editor      = Platform{}
	_ platforms.Spender     = Platform{}
	_ platforms.UsageReader = Platform{}
)

// Info describes Facebook Pages.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "Facebook",
		Visible:  []string{stepPublishing, stepConfirming, stepWatching, stepCommenting},
		Uploads:  []string{stepPhotos, stepStarting, stepUploading, stepCover},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsPosts,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step. A post of the feed is made unpublished and then switched on; a video is uploaded, and ended with the word that publishes it.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	step, err := f.take(ctx)
	return step, meta.Spoken(err, version(c.App))
}

func (f *flow) take(ctx context.Context) (platforms.Step, error) {
	switch f.t.State.Step {
	case "":
		return f.first()
	case stepPhotos:
		return f.uploadPhoto(ctx)
	case stepCreating:
		return f.create(ctx)
	case stepStarting:
		return f.start(ctx)
	case stepUploading:
		return f.upload(ctx)
	case stepPublishing, stepConfirming:
		return f.publish(ctx)
	case stepWatching:
		return f.watch(ctx)
	case stepReading:
		return f.read(ctx)
	case stepCover:
		return f.cover(ctx)
	case stepCommenting:
		return f.comment(ctx)
	case stepRefused:
		return f.refused()
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", f.t.State.Step)
}

// Costs counts the reels that are ended with the word that publishes them.
func (Platform) Costs(req *http.Request) map[string]int {
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/"+edgeReels) && req.URL.Query().Get("upload_phase") == "finish" {
		return map[string]int{budgetReels: 1}
	}
	return nil
}

// Usage reads Meta's usage headers.
func (Platform) Usage(h http.Header) (platforms.Usage, bool) { return meta.Usage(h, "pages") }
