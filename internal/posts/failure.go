package posts

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/verdict"
)

// kinds is what each kind of failure is called in the contract, and what a user can usually do about it.
var kinds = map[platforms.Kind]struct {
	category platforms.Category
	advice   string
}{
	platforms.Rejected:     {platforms.PlatformRejected, "Change the post as the platform asks, then publish it again."},
	platforms.Duplicate:    {platforms.UserContent, "The platform has this post already; change the content if it is meant to appear again."},
	platforms.Unauthorized: {platforms.AuthExpired, "Connect the account again, then retry the post."},
	platforms.TokenExpired: {platforms.AuthExpired, "Nothing: a fresh token is fetched and the step is taken again."},
	platforms.RateLimited:  {platforms.PlatformRateLimit, "Nothing: it goes on by itself when the limit allows."},
	platforms.NotReady:     {platforms.PlatformError, "Nothing: the platform is still processing."},
	platforms.Unavailable:  {platforms.PlatformError, "Retry the post when the platform answers again."},
	platforms.Ambiguous:    {platforms.PlatformError, "Retry the post when the platform answers again."},
	platforms.Unknown:      {platforms.UnknownCategory, "Retry the post; if it fails again, report the answer shown here."},
}

// sources says who can mend a category of failure.
var sources = map[platforms.Category]string{
	platforms.AuthExpired: "user", platforms.UserContent: "user", platforms.UserAbuse: "user", platforms.AccountIssue: "user",
	platforms.PlatformRejected: "platform", platforms.PlatformError: "platform", platforms.PlatformRateLimit: "platform", platforms.QuotaExhausted: "platform",
	platforms.SystemError: "system", platforms.UnknownCategory: "system",
}

// failureOf renders what a step's error means for the target.
func failureOf(info platforms.Info, v verdict.Verdict, now time.Time) *Failure {
	e := v.Error
	if e == nil {
		return nil
	}
	known, title := kinds[e.Kind], info.Title
	f := &Failure{Kind: e.Kind, Category: e.Category, Message: e.Message, Remediation: e.Remediation, WillRetry: !v.Done, Rule: e.Rule, Code: e.Code,
		Field: e.Field, Endpoint: e.Endpoint, HTTPStatus: e.Status, Body: string(e.Body), APIVersion: e.APIVersion, RequestID: e.RequestID, At: now}
	if f.Category == "" {
		f.Category = known.category
	}
	f.Source = sources[f.Category]
	if f.Message == "" {
		f.Message = title + " refused the post"
	}
	if f.Remediation == "" {
		f.Remediation = known.advice
	}
	if f.WillRetry {
		f.RetryAt = &v.Next
	}
	switch {
	case v.Reconnect && f.WillRetry:
		f.Remediation = "Connect the account again. The post is held and goes out as soon as that is done; it fails if it is not done by " + v.Next.UTC().Format(time.RFC3339) + "."
	case v.Unconfirmed() && e.Rule == info.Name+"."+platforms.Unconfirmed: // the adapter knows that a retry would look in vain, and says what helps
		f.Message = fmt.Sprintf("It is not confirmed whether %s published the post. %s", title, f.Message)
	case v.Unconfirmed():
		f.Rule = info.Name + "." + platforms.Unconfirmed
		f.Message = fmt.Sprintf("It is not confirmed whether %s published the post. The last word was: %s", title, f.Message)
		f.Remediation = "Look at the account on " + title + " first. If the post is not there, retry it: the retry looks again before it publishes."
	case v.Done && !v.Failed:
		f.Message = "The post is published, but what should follow could not be done: " + f.Message
	}
	return f
}

// storedFailure is a failure as it is stored; nil of none.
func storedFailure(f *Failure) []byte {
	if f == nil {
		return nil
	}
	storable := *f
	storable.Message, storable.Body, storable.Code, storable.Endpoint = clean(f.Message), clean(f.Body), clean(f.Code), clean(f.Endpoint)
	b, err := json.Marshal(storable)
	if err != nil { // it is made of texts and times
		panic("posts: a failure does not encode: " + err.Error())
	}
	return b
}

// internalFailure is a failure of ours that is not the platform's: the text is for the log, not for the caller.
func internalFailure(err error) *platforms.Error {
	return &platforms.Error{Kind: platforms.Unavailable, Category: platforms.SystemError, Rule: "server.internal", Message: "an internal error, which the server's log describes", Err: err}
}

// asPlatformError keeps what a platform said and hides what is ours.
func asPlatformError(err error) *platforms.Error {
	var e *platforms.Error
	if errors.As(err, &e) {
		return e
	}
	return internalFailure(err)
}
