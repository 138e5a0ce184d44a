package http

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"posthorn/internal/http/wire"
	"posthorn/internal/platforms"
)

// The contract's words for a failure at a platform.
const (
	typePlatform = "platform_error"
	codePlatform = "platform_api_error"
)

// A platformKind is how a failure at a platform is told to a caller who waits for the platform.
type platformKind struct {
	status    int
	typ, wire string
}

// platformKinds is the one table for that.
var platformKinds = map[platforms.Kind]platformKind{
	platforms.Rejected:     {http.StatusInternalServerError, typePlatform, codePlatform},
	platforms.Duplicate:    {http.StatusInternalServerError, typePlatform, codePlatform},
	platforms.Unauthorized: {http.StatusForbidden, typePlatform, "TOKEN_EXPIRED"},
	platforms.TokenExpired: {http.StatusForbidden, typePlatform, "TOKEN_EXPIRED"},
	platforms.RateLimited:  {http.StatusTooManyRequests, "rate_limit_error", "rate_limited"},
	platforms.NotReady:     {http.StatusServiceUnavailable, typePlatform, codePlatform},
	platforms.Unavailable:  {http.StatusBadGateway, typePlatform, codePlatform},
	platforms.Ambiguous:    {http.StatusBadGateway, typePlatform, codePlatform},
	platforms.Unknown:      {http.StatusInternalServerError, typePlatform, codePlatform},
}

// kindOfPlatformError is the row for an error, with what the table cannot say.
func kindOfPlatformError(e *platforms.Error) platformKind {
	row, ok := platformKinds[e.Kind]
	switch {
	case !ok:
		row = platformKinds[platforms.Unknown]
	case e.Rule == "account.disconnected":
		row.wire = "ACCOUNT_DISCONNECTED"
	case e.Kind == platforms.Rejected && e.Status == 0 && e.Field != "": // the adapter's own rule: the platform was not asked
		row = platformKind{http.StatusBadRequest, "invalid_request_error", codeInvalid}
	}
	return row
}

// failAtPlatform renders what a platform said, or what kept us from asking it. Such an error holds no secret.
func (s *Server) failAtPlatform(w http.ResponseWriter, r *http.Request, e *platforms.Error) {
	row := kindOfPlatformError(e)
	body := wire.Error{Error: e.Message, Code: row.wire, Type: row.typ, Param: e.Field}
	s.quote(&body, e.Platform, e)
	if body.Error == "" {
		body.Error = "The platform refused the request"
	}
	if e.Platform != "" {
		body.Error = s.titleOf(e.Platform) + ": " + body.Error
	}
	details := map[string]any{}
	for name, value := range map[string]string{"platformCode": e.Code, "endpoint": e.Endpoint, "platformRequestId": e.RequestID} {
		if value != "" {
			details[name] = value
		}
	}
	if e.Status != 0 {
		details["httpStatus"] = e.Status
	}
	if !e.Reset.IsZero() {
		details["resetAt"] = wire.At(&e.Reset)
	}
	if row.status == http.StatusBadRequest {
		details["fields"] = map[string][]string{e.Field: {body.Error}}
	}
	if len(details) > 0 {
		body.Details = details
	}
	if row.status == http.StatusTooManyRequests || row.status == http.StatusServiceUnavailable {
		wait := retryAfter * time.Second
		if until := e.Reset.Sub(s.cfg.Now()); until > 0 {
			wait = until
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	noteOf(r).told = body
	s.write(w, r, row.status, body)
}
