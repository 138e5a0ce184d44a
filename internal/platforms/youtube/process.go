package youtube

import (
	"context"
	"time"

	"posthorn/internal/platforms"
)

const (
	firstPoll = 5 * time.Second
	// maxProcessing is how long YouTube may take to process a video.
	maxProcessing = 24 * time.Hour
	// unseen is how long YouTube may not know a video that was just uploaded, or that was just made public.
	unseen = 10 * time.Minute
	// maxLate is how late after its time a video may become public.
	maxLate = time.Hour
	// checkAfter is when a video that shows is looked at once more: some are rejected after they were processed.
	checkAfter = 10 * time.Minute
)

// poll is when YouTube is asked again: soon at first, and then less often. Each question costs a unit.
func (f *flow) poll() time.Duration {
	switch age := f.c.Now().Sub(f.st.Uploaded); {
	case age < 3*time.Minute:
		return 15 * time.Second
	case age < 20*time.Minute:
		return time.Minute
	default:
		return 5 * time.Minute
	}
}

// process asks how far YouTube is, and goes on when the video shows as it was asked to.
func (f *flow) process(ctx context.Context) (platforms.Step, error) {
	found, err := f.api.videos(ctx, "status,processingDetails", f.st.ID)
	if err != nil {
		return platforms.Step{}, unread(err)
	}
	now := f.c.Now()
	if len(found) == 0 {
		if now.Before(f.st.Uploaded.Add(unseen)) {
			return f.step(stepProcessing, f.poll(), "YouTube does not show the video yet")
		}
		return platforms.Step{}, f.unsure("YouTube does not show the video that was uploaded as " + f.st.ID)
	}
	v := found[0]
	if e := fateOf(v); e != nil {
		return f.giveUp(e)
	}
	if v.Status.Upload != "processed" && v.Processing.Status != "succeeded" {
		if now.Before(f.st.Uploaded.Add(maxProcessing)) {
			return f.step(stepProcessing, f.poll(), "YouTube is processing the video")
		}
		return platforms.Step{}, f.unsure("YouTube did not process the video within a day: " + f.st.ID)
	}
	f.st.Ready = true
	return f.show(v)
}

// unread is the error of a look at a video that is there: it says nothing of the video.
func unread(err error) error {
	e := *platforms.AsError(err)
	switch e.Kind {
	case platforms.RateLimited, platforms.NotReady, platforms.TokenExpired, platforms.Unauthorized:
	default:
		e.Kind = platforms.Ambiguous
	}
	return &e
}

// unsure is what is said when nothing more can be found out: a few more looks, and then the target ends as unconfirmed.
func (f *flow) unsure(message string) error {
	return &platforms.Error{Kind: platforms.Ambiguous, Category: platforms.PlatformError, Message: message, Reset: f.c.Now().Add(reviewWait),
		Remediation: "Look at the channel in YouTube Studio before publishing this again."}
}

// fateOf is why a video will not show; nil: it may.
func fateOf(v video) error {
	e := &platforms.Error{Kind: platforms.Rejected, Category: platforms.UserContent}
	switch s := v.Status; { // the processing of one that is rejected is terminated
	case s.Upload == "rejected" && s.Rejection == "duplicate":
		e.Kind, e.Code, e.Rule = platforms.Duplicate, s.Rejection, ruleDuplicate
		e.Message, e.Remediation = "YouTube rejected the video: the channel has it already", "Change the video if it is meant to appear again."
	case s.Upload == "rejected":
		r := rejections[s.Rejection]
		e.Category, e.Code, e.Rule, e.Remediation = r.category, s.Rejection, ruleRejected, "Look at the video in YouTube Studio, which says more."
		if e.Message = "YouTube rejected the video: " + r.message; r.message == "" {
			e.Category, e.Message = platforms.PlatformRejected, "YouTube rejected the video"
		}
	case s.Upload == "failed", v.Processing.Status == "failed", v.Processing.Status == "terminated":
		e.Code, e.Rule = s.Failure, ruleFailed
		if e.Code == "" {
			e.Code = v.Processing.Failure
		}
		e.Message, e.Remediation = "YouTube could not process the video: "+failures[e.Code], "Export the video as MP4 with H.264 and AAC, then retry."
		if failures[e.Code] == "" {
			e.Message = "YouTube could not process the video"
		}
	case s.Upload == "deleted":
		e.Code, e.Rule, e.Message, e.Remediation = s.Upload, ruleGone, "the video was deleted while YouTube processed it", "Retry the post to upload it again."
	default:
		return nil
	}
	e.Rule = platformName + "." + e.Rule
	return e
}

// failures are YouTube's reasons for not processing a video. https://developers.google.com/youtube/v3/docs/videos#status.failureReason
var failures = map[string]string{
	"codec": "it does not know how the video is coded", "conversion": "it could not convert the video", "emptyFile": "the file is empty", "invalidFile": "the file is not a video that it knows",
	"tooSmall": "the file is too small", "uploadAborted": "the upload was broken off", "uploadFailed": "the upload failed", "transcodeFailed": "it could not convert the video",
	"streamingFailed": "it could not make the video ready to be played", "other": "it gives no reason",
}

// rejections are its reasons for not showing one. https://developers.google.com/youtube/v3/docs/videos#status.rejectionReason
var rejections = map[string]struct {
	category platforms.Category
	message  string
}{
	"copyright": {platforms.UserContent, "somebody else has the copyright"}, "claim": {platforms.UserContent, "somebody else claims it"}, "trademark": {platforms.UserContent, "it infringes a trademark"},
	"inappropriate": {platforms.UserAbuse, "it is inappropriate"}, "termsOfUse": {platforms.UserAbuse, "it breaks the terms of use"}, "legal": {platforms.UserAbuse, "for legal reasons"},
	"length":                {platforms.AccountIssue, "it is too long for the channel, which may upload 15 minutes until its phone number is verified"},
	"uploaderAccountClosed": {platforms.AccountIssue, "the channel is closed"}, "uploaderAccountSuspended": {platforms.AccountIssue, "the channel is suspended"},
}

// visibilities are in the order of how many see a video.
var visibilities = map[string]int{private: 1, unlisted: 2, public: 3}

// show goes on with a video that is processed: at once if it shows as it should, or when its time has come.
func (f *flow) show(v video) (platforms.Step, error) {
	now, at := f.c.Now(), f.st.PublishAt
	switch is := visibilities[v.Status.Privacy]; {
	case is >= visibilities[f.st.Privacy]:
		f.st.Live = now
		return f.next("the video is there")
	case at.IsZero():
		return platforms.Step{}, f.locked(v)
	case v.Status.PublishAt == nil && now.Before(at):
		return platforms.Step{}, &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformRejected, Code: v.Status.Privacy, Rule: platformName + "." + ruleUnset,
			Message: "the video is uploaded as " + f.st.ID + ", and YouTube does not know any more that it was to become public at " + at.Format(time.RFC3339), Remediation: "Set the time in YouTube Studio, or make the video public there."}
	case now.After(at.Add(maxLate)):
		return platforms.Step{}, f.locked(v)
	}
	return f.next("YouTube makes the video public at " + at.Format(time.RFC3339))
}

func (f *flow) locked(v video) error {
	return &platforms.Error{Kind: platforms.Rejected, Category: platforms.PlatformRejected, Code: v.Status.Privacy, Rule: platformName + "." + ruleLocked,
		Message:     "the video is uploaded as " + f.st.ID + ", and YouTube keeps it " + v.Status.Privacy + ": it does so with all videos of apps that it has not audited",
		Remediation: "The operator of this server has to let YouTube audit the app. Delete the video in YouTube Studio, and publish it again after that."}
}

// untilShown is how long to wait for a video that is to become public at a time.
func (f *flow) untilShown() time.Duration {
	if wait := f.st.PublishAt.Sub(f.c.Now()); wait > 0 {
		return wait + firstPoll
	}
	return 15 * time.Second
}

// check looks once more at a video that shows. What YouTube says then is told, and the post stays a published one.
func (f *flow) check(ctx context.Context) (platforms.Step, error) {
	found, err := f.api.videos(ctx, "status,processingDetails", f.st.ID)
	if err != nil {
		return platforms.Step{}, err
	}
	f.st.Checked = true
	if len(found) > 0 {
		if e := fateOf(found[0]); e != nil {
			return platforms.Step{}, e
		}
	}
	return f.next("published")
}
