// Package tiktok publishes videos and photo posts to TikTok, and sends drafts to its creators' inboxes.
package tiktok

import (
	"context"
	"net/http"
	"strings"

	"posthorn/internal/platforms"
)

// platformName is the contract's.
const platformName = "tiktok"

// The steps of a target. What TikTok is told at the first shows nobody anything: a video appears once its last piece is there, and media that TikTok
// reads itself can only be read once the step that named it is stored (platforms.Gate).
const (
	stepUploading  = "uploading"  // send pieces of a video, all but the last
	stepCommitting = "committing" // send the last piece, with which TikTok begins to publish; visible
	stepProcessing = "processing" // until TikTok says what became of the post; visible, since it may be out before TikTok says so
	stepRefused    = "refused"    // TikTok did not publish it, and nothing of it shows
	stepResolving  = "resolving"  // until TikTok tells the post's address
	stepConfirming = "confirming" // TikTok does not say what became of the post: look for it; visible
)

// Platform is the adapter for TikTok.
type Platform struct{}

var (
	_ platforms.Platform  = Platform{}
	_ platforms.Validator = Platform{}
	_ platforms.Spender   = Platform{}
)

// Info describes TikTok.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "TikTok",
		Visible:  []string{stepCommitting, stepProcessing, stepConfirming},
		Uploads:  []string{stepUploading, stepCommitting},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsPost,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step: TikTok is asked what the creator may do and told of the post, a video is sent in pieces, and then TikTok is asked until
// it says what became of it.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	switch t.State.Step {
	case "":
		return f.start(ctx)
	case stepUploading:
		return f.upload(ctx)
	case stepCommitting:
		return f.commit(ctx)
	case stepProcessing:
		return f.process(ctx)
	case stepRefused:
		return platforms.Step{}, f.refusal()
	case stepResolving:
		return f.resolve(ctx)
	case stepConfirming:
		return f.confirm(ctx)
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", t.State.Step)
}

// Costs counts what TikTok counts. Whether a photo post is a draft stands in the body of its request, and so it counts as one that is published.
func (Platform) Costs(req *http.Request) map[string]int {
	_, path, _ := strings.Cut(strings.Trim(req.URL.Path, "/"), "/") // behind the version
	switch path {
	case pathVideo:
		return map[string]int{budgetBegun: 1, budgetVideos: 1}
	case pathPhotos:
		return map[string]int{budgetBegun: 1, budgetPhotos: 1}
	case pathDraft:
		return map[string]int{budgetBegun: 1}
	case pathStatus:
		return map[string]int{budgetLooks: 1}
	case pathCreator:
		return map[string]int{budgetCreator: 1}
	}
	return nil
}
