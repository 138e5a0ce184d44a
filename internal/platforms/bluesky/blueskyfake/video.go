package blueskyfake

import (
	"net/http"
	"time"

	"posthorn/internal/platforms/farside"
)

// The daily allowance of videos, by Bluesky's announcements.
const (
	videosPerDay     = 25
	videoBytesPerDay = 10_000_000_000
	usualVideoTime   = 10 * time.Second
)

// The states of a job that the fake goes through, by the share of its time that has passed.
const (
	jobCreated   = "JOB_STATE_CREATED"
	jobEncoding  = "JOB_STATE_ENCODING"
	jobScanning  = "JOB_STATE_SCANNING"
	jobCompleted = "JOB_STATE_COMPLETED"
	jobFailed    = "JOB_STATE_FAILED"
)

// videoJob is the processing of one upload. Its state follows from the clock.
type videoJob struct {
	id      string
	account *account
	data    []byte
	size    int
	cid     string
	at      time.Time
	lasts   time.Duration
	failure string // the failureCode that it ends with
	blob    *blob  // once completed and looked at
}

func (j *videoJob) state(now time.Time) (state string, progress int) {
	passed := now.Sub(j.at)
	switch {
	case passed >= j.lasts && j.failure != "":
		return jobFailed, 0
	case passed >= j.lasts:
		return jobCompleted, 100
	case passed < j.lasts/10:
		return jobCreated, 0
	case passed < j.lasts*9/10:
		return jobEncoding, int(passed * 100 / j.lasts)
	default:
		return jobScanning, int(passed * 100 / j.lasts)
	}
}

// status is a job as the service shows it.
func (j *videoJob) status(now time.Time) map[string]any {
	state, progress := j.state(now)
	out := map[string]any{"jobId": j.id, "did": j.account.did, "state": state}
	switch state {
	case jobFailed:
		out["error"], out["failureCode"], out["message"] = "processing_failed", j.failure, "The video could not be processed"
	case jobCompleted:
		out["blob"], out["message"] = j.blob.ref(), "Video processed successfully"
	default:
		out["progress"] = progress
	}
	return out
}

// settleVideos puts finished videos among their accounts' files, where posts find them.
func (f *Fake) settleVideos() {
	for _, j := range f.jobs {
		if state, _ := j.state(f.now()); state == jobCompleted && j.blob == nil {
			j.blob = f.upload(j.account, j.data, "video/mp4")
			j.data = nil
		}
	}
}

// forService checks what a token for a service was made for.
func (c *call) forService(audience, lxm string) error {
	switch {
	case c.token.Aud != audience:
		return denied("BadJwtAudience", "jwt audience does not match service did")
	case c.token.Method != lxm:
		return denied("BadJwtLexiconMethod", "bad jwt lexicon method (\"lxm\"). must match: "+lxm)
	}
	return nil
}

// uploadedToday are an account's videos of the last day.
func (f *Fake) uploadedToday(a *account) (videos, size int) {
	for _, j := range f.jobs {
		if j.account == a && f.now().Sub(j.at) < 24*time.Hour {
			videos++
			size += j.size
		}
	}
	return videos, size
}

func getUploadLimits(f *Fake, c *call) (any, error) {
	if err := c.forService("did:web:"+videoHost, "app.bsky.video.getUploadLimits"); err != nil {
		return nil, err
	}
	videos, size := f.uploadedToday(c.account)
	out := map[string]any{"canUpload": videos < videosPerDay, "remainingDailyVideos": max(videosPerDay-videos, 0),
		"remainingDailyBytes": max(videoBytesPerDay-size, 0)}
	if videos >= videosPerDay {
		out["error"], out["message"] = "DailyLimitExceeded", "User has exceeded the daily upload limit"
	}
	return out, nil
}

// uploadVideo starts the processing of a video. The live service answers with the bare status, which the schema would have nested, and with
// 409 when it has these bytes already. A directive in the parameter name makes the job fail or slow: "[[sandbox:fail:encoding_failure]].mp4".
func uploadVideo(f *Fake, c *call) (any, error) {
	if err := c.forService("did:web:"+pdsHost, "com.atproto.repo.uploadBlob"); err != nil {
		return nil, err
	}
	if c.query.Get("did") != c.account.did {
		return nil, denied("BadJwtIssuer", "jwt issuer does not match the did parameter")
	}
	if c.header.Get("Content-Type") != "video/mp4" || len(c.body) == 0 {
		return nil, invalid("A video/mp4 body is required")
	}
	cid := cidOf(codecRaw, c.body)
	f.settleVideos()
	for _, j := range f.jobs {
		if j.account == c.account && j.cid == cid {
			if state, _ := j.state(f.now()); state != jobFailed {
				status := j.status(f.now())
				delete(status, "message")
				return nil, &failure{Status: http.StatusConflict, Name: "already_exists", Message: "Video already processed", Extra: status}
			}
		}
	}
	if videos, size := f.uploadedToday(c.account); videos >= videosPerDay || size+len(c.body) > videoBytesPerDay {
		return nil, named("DailyLimitExceeded", "User has exceeded the daily upload limit")
	}
	d := farside.ParseDirective(c.query.Get("name"))
	j := &videoJob{id: randomID(), account: c.account, data: c.body, size: len(c.body), cid: cid, at: f.now(), lasts: f.videoTime}
	if d.Slow > 0 {
		j.lasts = d.Slow
	}
	switch {
	case d.Fail && d.Code != "":
		j.failure = d.Code
	case d.Fail:
		j.failure = "generic_failure"
	case sniff(c.body) != "video/mp4":
		j.failure = "validation_failure"
	}
	if j.failure != "" {
		j.data = nil
	}
	f.jobs[j.id] = j
	return j.status(f.now()), nil
}

func getJobStatus(f *Fake, c *call) (any, error) {
	j := f.jobs[c.query.Get("jobId")]
	if j == nil {
		return nil, named("JobNotFound", "Job not found")
	}
	f.settleVideos()
	return map[string]any{"jobStatus": j.status(f.now())}, nil
}
