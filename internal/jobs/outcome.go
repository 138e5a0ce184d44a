package jobs

import (
	"encoding/json"
	"time"

	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/posts"
	"posthorn/internal/verdict"
)

// endOf is the line in the customer's log for what became of a target. A step that merely led to the next one has none: the Writer takes
// no entry without an owner, and the exchanges of the step are in the log anyway.
func endOf(c posts.Claim, step platforms.Step, v verdict.Verdict, now time.Time) logs.Entry {
	e := logs.Entry{At: now, Status: logs.Success, Duration: now.Sub(c.Begun), About: logs.About{Type: logs.Publishing, OwnerID: c.OwnerID, RequestID: c.RequestID,
		Platform: c.Platform.Info().Name, AccountID: c.AccountID, PostID: c.PostID, TargetID: c.TargetID, Step: c.Task.State.Step}}
	switch {
	case v.Failed:
		e.Action, e.Status = logs.PostFailed, logs.Failed
	case v.Error != nil && v.Error.Kind != platforms.NotReady:
		e.Action, e.Status = logs.PostRetried, logs.Pending
		if v.Done { // a follow-up of a published post
			e.Action, e.Status = logs.PostFailed, logs.Failed
		}
	case step.Done != nil && c.Task.Published == nil:
		e.Action = logs.PostPublished
	default:
		return logs.Entry{}
	}
	meta := map[string]any{"step": c.Task.State.Step}
	if v.Error != nil {
		e.ErrorCode, e.ErrorMessage, e.Endpoint, e.StatusCode, e.ResponseBody = v.Error.Code, v.Error.Message, v.Error.Endpoint, v.Error.Status, logs.Redact(string(v.Error.Body))
		meta["kind"] = v.Error.Kind
		if !v.Done {
			meta["retryAt"] = v.Next.UTC()
		}
	}
	if v.Remote != nil {
		meta["platformPostId"], meta["platformPostUrl"] = v.Remote.ID, v.Remote.URL
	}
	e.Metadata, _ = json.Marshal(meta) // texts and times always encode
	return e
}
