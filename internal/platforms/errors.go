package platforms

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failure means for the target. The list is closed; adapters map their platform's codes to it in errors.go.
type Kind string

// The kinds of failure. What each does to a target is decided in one table, package verdict.
const (
	Rejected     Kind = "rejected"      // no, and no again: the content or the account's state must change
	Duplicate    Kind = "duplicate"     // the platform has this already
	Unauthorized Kind = "unauthorized"  // the token is dead or lacks a scope: the user must reconnect
	TokenExpired Kind = "token_expired" // the access token is stale and a refresh may cure it
	RateLimited  Kind = "rate_limited"  // over a limit; Reset says when to come back
	NotReady     Kind = "not_ready"     // still busy with what we sent; Reset says when to ask again
	Unavailable  Kind = "unavailable"   // nothing happened: not sent, or a read failed
	Ambiguous    Kind = "ambiguous"     // sent, and no answer to trust
	Unknown      Kind = "unknown"       // not classified; treated as Ambiguous
)

// Category is the contract's errorCategory of a failed target.
type Category string

// The contract's categories.
const (
	AuthExpired       Category = "auth_expired"
	UserContent       Category = "user_content"
	UserAbuse         Category = "user_abuse"
	AccountIssue      Category = "account_issue"
	PlatformRejected  Category = "platform_rejected"
	PlatformError     Category = "platform_error"
	PlatformRateLimit Category = "platform_rate_limit"
	QuotaExhausted    Category = "quota_exhausted"
	SystemError       Category = "system_error"
	UnknownCategory   Category = "unknown"
)

// Error is a failure at a platform, or on the way to it. It holds no secret.
type Error struct {
	Kind        Kind
	Platform    string    // whose error it is; set where the error leaves the engine
	Code        string    // the platform's own code, verbatim: "36003/2207009"
	Message     string    // a text fit to be shown: what happened
	Remediation string    // what the user can do about it; empty takes the kind's usual advice
	Field       string    // the part of the post to blame: "media[2]"; empty when none is
	Category    Category  // empty takes the kind's usual one
	Rule        string    // stable name of a rule of ours or of the platform; empty when only the platform knows
	Reset       time.Time // when to come back; zero: as the back-off says
	Endpoint    string    // method, host and path of the call, without query
	Status      int       // HTTP status of the answer; zero when there was none
	Body        []byte    // the answer's body as it came, trimmed and redacted
	APIVersion  string    // of the platform's API that was spoken; empty where it has no versions
	RequestID   string    // the platform's own ID of the exchange, for its support
	Err         error     // the cause, for the log
}

// Error is the text for logs.
func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Endpoint != "" {
		s += " at " + e.Endpoint
	}
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		s += " [" + e.Code + "]"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// AsError is err as an *Error: itself if it is one, else an Unknown one around it. Nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Unknown, Message: "an unexpected failure", Err: err}
}

// Errorf makes an Error of a kind with a message fit to be shown.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}
