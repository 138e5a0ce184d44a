// Package errs holds the errors of our own side: a closed list of codes that the domain returns and the edges render.
// What a platform said is a platforms.Error instead.
package errs

import (
	"errors"
	"fmt"
	"time"
)

// A Code says what kind of failure it was. Edges switch on it; nobody matches on text.
type Code string

// The codes.
const (
	Invalid      Code = "invalid"      // the request is wrong; nothing was changed
	NotFound     Code = "not_found"    // no such thing, or not visible to this caller
	Conflict     Code = "conflict"     // right in itself, but not in the present state
	Gone         Code = "gone"         // it was there, and is over: expired or used up
	Unauthorized Code = "unauthorized" // no credential, or not a valid one
	Forbidden    Code = "forbidden"    // a valid credential that may not do this
	Limited      Code = "limited"      // too much; RetryAfter says when to come back
	Unavailable  Code = "unavailable"  // our side cannot answer now, the database for instance
	Internal     Code = "internal"     // a fault of ours; its text is logged and never shown
)

// NoWire is for the few answers that the contract gives without a machine code.
const NoWire = "-"

// Error is a failure with a text fit to be shown to the caller.
type Error struct {
	Code       Code
	Wire       string         // the contract's machine code, "invalid_field_value"; empty takes the code's usual one, NoWire leaves it out
	Message    string         // one or more sentences for the caller: what is wrong and what to do
	Field      string         // the field at fault, as the caller wrote it: "platforms[0].accountId"
	Details    map[string]any // structured extras for the caller
	Rule       string         // the stable name of the rule that was broken, "post.repeated_target"; empty takes that of the code
	Remedy     string         // what to do about it, where that is not in the message; empty takes that of the rule
	RetryAfter time.Duration  // for Limited and Unavailable
	Err        error          // the cause, for the log alone
}

// Error is the text for logs: the message and the cause.
func (e *Error) Error() string {
	s := string(e.Code)
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

// New makes an error with a formatted message for the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Fieldf is an Invalid error that blames one field.
func Fieldf(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// CodeOf is the code of the first Error in err's chain; Internal when there is none, and empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// As is the first Error in err's chain; nil when there is none.
func As(err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	return e
}

// Wrap puts the name of a call before the error, for the log: defer errs.Wrap(&err, "posts.Create(%s)", owner).
// It keeps the code and text of what it wraps, and leaves nil alone.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}
