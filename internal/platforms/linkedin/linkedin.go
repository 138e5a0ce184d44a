// Package linkedin publishes posts, media, documents, polls and reshares to LinkedIn, for members and for their pages.
package linkedin

import (
	"context"
	"net/http"
	"strings"

	"posthorn/internal/platforms"
)

// platformName is the contract's.
const platformName = "linkedin"

// The steps of a target. An upload is seen by nobody until a post refers to it.
const (
	stepPreviewing        = "previewing"         // read the page of the first link
	stepUploading         = "uploading"          // send the next file, or pieces of it
	stepProcessing        = "processing"         // until LinkedIn has processed the files
	stepWriting           = "writing"            // write the post; visible
	stepConfirming        = "confirming"         // an earlier write has an unknown outcome: look, and only then write; visible
	stepRefused           = "refused"            // the account has the same post already
	stepCommenting        = "commenting"         // add the first comment; visible
	stepConfirmingComment = "confirming_comment" // the same as of the post; visible
)

// Platform is the adapter for LinkedIn.
type Platform struct{}

var (
	_ platforms.Platform  = Platform{}
	_ platforms.Validator = Platform{}
	_ platforms.Deleter   = Platform{}
	_ platforms.Editor    = Platform{}
	_ platforms.Spender   = Platform{}
)

// Info describes LinkedIn.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "LinkedIn",
		Visible:  []string{stepWriting, stepConfirming, stepCommenting, stepConfirmingComment},
		Uploads:  []string{stepUploading},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsPosts,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step: the link's page is read, files are uploaded and waited for, the post is written, and then its first comment.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	switch t.State.Step {
	case "":
		return f.next("")
	case stepPreviewing:
		return f.preview(ctx)
	case stepUploading:
		return f.upload(ctx)
	case stepProcessing:
		return f.process(ctx)
	case stepWriting, stepConfirming:
		return f.write(ctx)
	case stepRefused:
		return platforms.Step{}, f.refuse()
	case stepCommenting, stepConfirmingComment:
		return f.comment(ctx)
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", t.State.Step)
}

// Delete removes a post with its comments.
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	if postURN.FindString(x.Remote.ID) != x.Remote.ID || x.Remote.ID == "" {
		return platforms.Errorf(platforms.Rejected, "the stored ID of the post is none of LinkedIn's")
	}
	return client{c: c}.delete(ctx, x.Remote.ID)
}

// Edit sets a post's text, which may be repeated.
func (Platform) Edit(ctx context.Context, c *platforms.Conn, e platforms.Edit) (platforms.Remote, error) {
	if kindOf(e.Content) == kindPoll {
		return platforms.Remote{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleEditPoll, Field: "content",
			Message: "LinkedIn does not change the text of a poll", Remediation: "Remove the post and publish it anew."}
	}
	return e.Remote, client{c: c}.rewrite(ctx, e.Remote.ID, littleText(e.Text))
}

// Costs counts the posts that are written.
func (Platform) Costs(req *http.Request) map[string]int {
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/rest/posts") {
		return map[string]int{budgetPosts: 1, budgetAppPosts: 1}
	}
	return nil
}
