// Package twitter publishes posts, threads, polls and media to X.
package twitter

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
)

// platformName is the contract's.
const platformName = "twitter"

// The steps of a target. Uploaded media is seen by nobody and ends after a day.
const (
	stepUploading  = "uploading"  // send the next file, or a piece of it
	stepProcessing = "processing" // until X has processed a video
	stepWriting    = "writing"    // write the next post; visible
	stepConfirming = "confirming" // an earlier write has an unknown outcome: look, and only then write; visible
)

// Platform is the adapter for X.
type Platform struct{}

var (
	_ platforms.Platform    = Platform{}
	_ platforms.Validator   = Platform{}
	_ platforms.Deleter     = Platform{}
	_ platforms.Spender     = Platform{}
	_ platforms.UsageReader = Platform{}
)

// Info describes X.
func (Platform) Info() platforms.Info {
	return platforms.Info{
		Name:     platformName,
		Title:    "X",
		Visible:  []string{stepWriting, stepConfirming},
		Uploads:  []string{stepUploading},
		Rules:    rules,
		Budgets:  budgets,
		Options:  Options{},
		Docs:     docsPost,
		RuleDocs: ruleDocs,
	}
}

// Publish takes the next step: files are uploaded, waited for and described, and then the posts are written, each in a step of its own.
func (Platform) Publish(ctx context.Context, c *platforms.Conn, t platforms.Task) (platforms.Step, error) {
	f, err := begin(c, t)
	if err != nil {
		return platforms.Step{}, err
	}
	switch t.State.Step {
	case "":
		return f.next("")
	case stepUploading:
		return f.upload(ctx)
	case stepProcessing:
		return f.process(ctx)
	case stepWriting, stepConfirming:
		return f.write(ctx)
	}
	return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "this version does not know the step %q", t.State.Step)
}

// Delete removes a post with what hangs on it of its thread, the last first, so that the post itself is there until all is done.
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	return remove(ctx, client{c}, x)
}

// Costs counts the posts that are written.
func (Platform) Costs(req *http.Request) map[string]int {
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/2/tweets") {
		return map[string]int{budgetPosts: 1, budgetAppPosts: 1}
	}
	return nil
}

// Usage reads what is left of the app's posts of a day, which only answers to posts tell.
// https://docs.x.com/x-api/fundamentals/rate-limits
func (Platform) Usage(h http.Header) (platforms.Usage, bool) {
	limit, err := strconv.ParseFloat(h.Get("X-App-Limit-24hour-Limit"), 64)
	left, err2 := strconv.ParseFloat(h.Get("X-App-Limit-24hour-Remaining"), 64)
	if err != nil || err2 != nil || limit <= 0 || left < 0 || left > limit {
		return platforms.Usage{}, false
	}
	return platforms.Usage{Budget: budgetAppPosts, Percent: 100 * (limit - left) / limit}, true
}

// resetOf is when a spent bucket has room again: the latest of those whose remaining is 0. The headers hold seconds since 1970, and there are three
// buckets; X sends no Retry-After.
func resetOf(h http.Header, now time.Time) time.Time {
	var latest time.Time
	for _, bucket := range []string{"X-Rate-Limit-", "X-User-Limit-24hour-", "X-App-Limit-24hour-"} {
		s, err := strconv.ParseInt(h.Get(bucket+"Reset"), 10, 64)
		if err == nil && h.Get(bucket+"Remaining") == "0" && time.Unix(s, 0).After(latest) {
			latest = time.Unix(s, 0).UTC()
		}
	}
	if latest.Before(now) || latest.After(now.Add(maxReset)) {
		return now.Add(usualReset)
	}
	return latest
}

const (
	usualReset = 15 * time.Minute // the window of most limits
	maxReset   = 25 * time.Hour
)
