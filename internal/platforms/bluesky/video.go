package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// videoService turns videos into what the app plays and stores them at the account's host.
// https://docs.bsky.app/docs/tutorials/video
const videoService = "https://video.bsky.app"

const (
	// videoGrace is how long the upload token lets the service store the blob; the protocol allows an hour.
	videoGrace = 30 * time.Minute
	// videoPatience ends the wait for a job that never ends.
	videoPatience = time.Hour
)

// video is a video in the service's hands; Blob is set once it is done.
type video struct {
	Job    string          `json:"job"`
	Since  time.Time       `json:"since"` // when the job was first seen
	Blob   json.RawMessage `json:"blob,omitempty"`
	Width  int             `json:"width,omitempty"`
	Height int             `json:"height,omitempty"`
}

// jobStatus is the service's word on a job.
type jobStatus struct {
	JobID       string          `json:"jobId"`
	State       string          `json:"state"`
	Progress    int             `json:"progress"`
	Blob        json.RawMessage `json:"blob"`
	Error       string          `json:"error"`
	FailureCode string          `json:"failureCode"`
	Message     string          `json:"message"`
}

// UnmarshalJSON takes the status as the schema has it, inside "jobStatus", and as the live service gives it, bare.
func (j *jobStatus) UnmarshalJSON(b []byte) error {
	type bare jobStatus
	var nested struct {
		JobStatus *bare `json:"jobStatus"`
	}
	if err := json.Unmarshal(b, &nested); err != nil {
		return err
	}
	if nested.JobStatus != nil {
		*j = jobStatus(*nested.JobStatus)
		return nil
	}
	return json.Unmarshal(b, (*bare)(j))
}

// uploadVideo hands the entry's video to the service. The same bytes give the same job, so it may be repeated.
func (p *plan) uploadVideo(ctx context.Context, c *platforms.Conn, e *entry) (platforms.Step, error) {
	if e.Video != nil { // the job is there already
		return p.step(stepProcess, "")
	}
	f, err := c.Media.Open(ctx, e.media[0], videoLimits.Fit())
	if err != nil {
		return platforms.Step{}, p.blame(err, e, 0)
	}
	defer f.Body.Close()
	token, err := xrpc{c, p.PDS}.getServiceAuth(ctx, serviceDID(p.PDS), c.Now().Add(videoGrace))
	if err != nil {
		return platforms.Step{}, err
	}
	guarded := *c // the service's token is kept out of errors as ours is
	guarded.Token.Access = token
	q := url.Values{"did": {c.Account.RemoteID}, "name": {e.Key + ".mp4"}}
	var job jobStatus
	resp, err := rest.Do(ctx, &guarded, rest.Request{Method: http.MethodPost, URL: videoService + "/xrpc/app.bsky.video.uploadVideo", Query: q, Bearer: token,
		Body: f.Body, Type: f.MIME, Length: f.Size}, &job, classifyVideo)
	if err != nil && !knownJob(resp, &job) {
		return platforms.Step{}, err
	}
	if job.JobID == "" && !isObject(job.Blob) {
		return platforms.Step{}, platforms.Errorf(platforms.Unavailable, "the video service's answer names no job")
	}
	e.Video = &video{Job: job.JobID, Since: c.Now(), Width: f.Width, Height: f.Height}
	return p.follow(c, e, job)
}

// knownJob reads the answer to bytes that the service has seen before: 409, with the earlier job.
func knownJob(resp rest.Response, job *jobStatus) bool {
	return resp.Status == http.StatusConflict && json.Unmarshal(resp.Body, job) == nil && (job.JobID != "" || isObject(job.Blob))
}

// classifyVideo reads a failed answer of the video service. It knows its own tokens only, so that no refusal speaks of our session.
func classifyVideo(r rest.Response) *platforms.Error {
	e := Classify(r)
	if e == nil {
		return nil
	}
	switch e.Kind {
	case platforms.TokenExpired:
		e.Kind = platforms.Unavailable // the next try brings a new one
	case platforms.Unauthorized:
		e.Kind, e.Category = platforms.Rejected, platforms.AccountIssue
		e.Remediation = "Confirm the account's e-mail address in the Bluesky app: videos need that."
	}
	return e
}

// serviceDID is the DID of a host as a service.
func serviceDID(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return "did:web:" + strings.ReplaceAll(host, ":", "%3A")
}

// process asks how the first unfinished video is getting on.
func (p *plan) process(ctx context.Context, c *platforms.Conn) (platforms.Step, error) {
	e := p.nextUpload()
	if e == nil || e.Video == nil {
		return p.step(p.afterUploads(), "")
	}
	var job jobStatus
	_, err := rest.Do(ctx, c, rest.Request{Method: http.MethodGet, URL: videoService + "/xrpc/app.bsky.video.getJobStatus", Query: url.Values{"jobId": {e.Video.Job}}}, &job, classifyVideo)
	if err != nil {
		return platforms.Step{}, err
	}
	return p.follow(c, e, job)
}

// follow acts on a job's status. A state that is not known means that the job is still at work.
func (p *plan) follow(c *platforms.Conn, e *entry, job jobStatus) (platforms.Step, error) {
	waited := c.Now().Sub(e.Video.Since)
	switch {
	case isObject(job.Blob):
		e.Video.Blob = job.Blob
		return p.step(p.afterUploads(), "the video is processed")
	case job.State == "JOB_STATE_FAILED":
		return p.failedJob(e, job)
	case waited > videoPatience:
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Rule: platformName + "." + ruleVideoSlow,
			Message: fmt.Sprintf("the video service did not finish within %s", videoPatience), Remediation: "Retry the post; if it takes as long again, convert the video anew."}
	}
	s, err := p.step(stepProcess, fmt.Sprintf("the video is being processed (%d %%)", min(100, max(0, job.Progress))))
	s.Wait = min(15*time.Second, max(2*time.Second, waited/5))
	return s, err
}

// failedJob tries again where the service, and not the video, was at fault.
func (p *plan) failedJob(e *entry, job jobStatus) (platforms.Step, error) {
	if (job.FailureCode == "pds_upload_failure" || job.FailureCode == "generic_failure") && p.Restarts < maxRestarts {
		p.Restarts++
		e.Video = nil
		s, err := p.step(stepUpload, "the video service failed, the video is uploaded again")
		s.Wait = 15 * time.Second
		return s, err
	}
	code := job.FailureCode
	if code == "" {
		code = cut(job.Error, 100)
	}
	message := "the video could not be processed"
	if job.Message != "" {
		message += ": " + cut(job.Message, maxMessage)
	}
	return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent, Rule: platformName + "." + ruleVideoFailed, Code: code, Message: message,
		Remediation: "Use an MP4 video of at most 3 minutes."}
}
