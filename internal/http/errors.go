package http

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// kinds is the one table from our codes to the contract's status, type and usual machine code.
var kinds = map[errs.Code]struct {
	status            int
	typ, wire, phrase string
}{
	errs.Invalid:      {http.StatusBadRequest, "invalid_request_error", "invalid_field_value", "The request is not valid"},
	errs.NotFound:     {http.StatusNotFound, "not_found", "not_found", "Not found"},
	errs.Conflict:     {http.StatusConflict, "invalid_request_error", "conflict", "Not possible in the present state"},
	errs.Gone:         {http.StatusGone, "invalid_request_error", "gone", "It is over"},
	errs.Unauthorized: {http.StatusUnauthorized, "authentication_error", "unauthorized", "Invalid API key"},
	errs.Forbidden:    {http.StatusForbidden, "permission_error", "insufficient_permissions", "Not allowed"},
	errs.Limited:      {http.StatusTooManyRequests, "rate_limit_error", "rate_limited", "Too many requests"},
	errs.Unavailable:  {http.StatusServiceUnavailable, "api_error", "unavailable", "The server cannot answer right now; try again"},
	errs.Internal:     {http.StatusInternalServerError, "api_error", "internal_error", "Internal server error"},
}

// retryAfter is what a caller is told who should try again, in seconds, where the error does not say.
const retryAfter = 5

// A statusError has a status that the table does not know, because it is HTTP's own affair.
type statusError struct {
	status int
	err    *errs.Error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

func statusf(status int, wire, format string, args ...any) error {
	err := errs.New(errs.Invalid, format, args...)
	err.Wire = wire
	return &statusError{status: status, err: err}
}

// fail renders an error. What is not one of ours is internal: it is logged and not shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	noteOf(r).err = err
	e := s.ours(err)
	status := kinds[e.Code].status
	if special := (*statusError)(nil); errors.As(err, &special) {
		status = special.status
	}
	switch {
	case e.RetryAfter > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	case e.Code == errs.Unavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	s.write(w, r, status, errorBody(e))
}

// ours is err as one of our errors. An internal one keeps nothing that may be shown.
func (s *Server) ours(err error) *errs.Error {
	var e *errs.Error
	switch {
	case errors.As(err, &e) && kinds[e.Code].status != 0 && e.Code != errs.Internal:
		return e
	case s.cfg.IsUnavailable(err):
		return &errs.Error{Code: errs.Unavailable}
	default:
		return &errs.Error{Code: errs.Internal}
	}
}

func errorBody(e *errs.Error) wire.Error {
	kind := kinds[e.Code]
	body := wire.Error{Error: e.Message, Code: kind.wire, Type: kind.typ, Param: e.Field, Details: e.Details}
	if body.Error == "" {
		body.Error = kind.phrase
	}
	switch e.Wire {
	case "":
	case errs.NoWire:
		body.Code = ""
	default:
		body.Code = e.Wire
	}
	if e.Code == errs.Invalid && e.Field != "" && e.Details["fields"] == nil {
		body.Details = map[string]any{"fields": map[string][]string{e.Field: {body.Error}}}
		for name, value := range e.Details {
			body.Details[name] = value
		}
	}
	if e.Code == errs.Conflict { // clients look for these in both places
		body.AccountID, _ = e.Details["accountId"].(string)
		body.Platform, _ = e.Details["platform"].(string)
		body.ExistingPostID, _ = e.Details["existingPostId"].(string)
	}
	body.RequiredGroup, _ = e.Details["required_group"].(string)
	return body
}
