package bluesky

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// Names of errors that the adapter acts on.
const (
	codeInvalidSwap    = "InvalidSwap"
	codeRecordNotFound = "RecordNotFound"
	codeAuthFactor     = "AuthFactorTokenRequired"
)

const reconnect = "Connect the account again with an app password."

// meaning is what one of the platform's error names stands for.
type meaning struct {
	kind        platforms.Kind
	category    platforms.Category // empty: the kind's usual one
	remediation string
}

// meanings maps the names of XRPC errors. The names count and not the statuses: a token that has expired is a 400.
// https://docs.bsky.app/docs/api/com-atproto-repo-put-record and the schemas of the other calls
var meanings = map[string]meaning{
	"ExpiredToken": {kind: platforms.TokenExpired},

	"InvalidToken":           {platforms.Unauthorized, "", reconnect},
	"AuthMissing":            {platforms.Unauthorized, "", reconnect},
	"AuthenticationRequired": {platforms.Unauthorized, "", reconnect},
	"invalid_grant":          {platforms.Unauthorized, "", reconnect},
	"invalid_token":          {platforms.Unauthorized, "", reconnect},
	"ScopeMissingError":      {platforms.Unauthorized, "", "Connect the account again and grant the missing permission."},
	"AccountTakedown":        {platforms.Unauthorized, platforms.AccountIssue, "Bluesky has taken the account down: see its app, then connect again."},
	"AccountDeactivated":     {platforms.Unauthorized, platforms.AccountIssue, "Reactivate the account in the Bluesky app, then connect again."},

	codeAuthFactor:         {platforms.Rejected, platforms.AccountIssue, appPasswordAdvice},
	"AccountNotFound":      {platforms.Rejected, platforms.AccountIssue, ""},
	"RepoNotFound":         {platforms.Rejected, platforms.AccountIssue, ""},
	"HandleNotFound":       {platforms.Rejected, platforms.AccountIssue, ""},
	"RepoTakendown":        {platforms.Rejected, platforms.AccountIssue, ""},
	"RepoDeactivated":      {platforms.Rejected, platforms.AccountIssue, ""},
	"InvalidRequest":       {platforms.Rejected, platforms.UserContent, ""},
	"InvalidRecord":        {platforms.Rejected, platforms.UserContent, ""},
	"InvalidSize":          {platforms.Rejected, platforms.UserContent, "Use a smaller file."},
	"InvalidMimeType":      {platforms.Rejected, platforms.UserContent, "Use another file format."},
	"PayloadTooLargeError": {platforms.Rejected, platforms.UserContent, "Use a smaller file."},
	"PayloadTooLarge":      {platforms.Rejected, platforms.UserContent, "Use a smaller file."},
	codeRecordNotFound:     {kind: platforms.Rejected},
	codeInvalidSwap:        {kind: platforms.Duplicate},

	"RateLimitExceeded":   {kind: platforms.RateLimited},
	"BlobNotFound":        {kind: platforms.Unavailable}, // the adapter uploads it again
	"UpstreamFailure":     {kind: platforms.Unavailable},
	"UpstreamTimeout":     {kind: platforms.Unavailable},
	"InternalServerError": {kind: platforms.Unavailable},
	"NotEnoughResources":  {kind: platforms.Unavailable},
	"use_dpop_nonce":      {kind: platforms.Unavailable},
}

// maxMessage bounds what is shown of a host's own words.
const maxMessage = 500

// Classify reads a failed answer of an XRPC call. It returns nil for a body that is not the protocol's, such as a proxy's page.
func Classify(r rest.Response) *platforms.Error {
	var body struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal(r.Body, &body) != nil || body.Error == "" {
		return overLimit(r, nil)
	}
	m, known := meanings[body.Error]
	if !known {
		m.kind = kindOfStatus(r.Status)
	}
	e := &platforms.Error{Kind: m.kind, Code: cut(body.Error, 100), Message: cut(body.Message, maxMessage), Category: m.category, Remediation: m.remediation}
	if known {
		e.Rule = platformName + "." + ruleOf(body.Error)
	}
	switch {
	case body.Error == codeInvalidSwap:
		e.Message = "there is another record under the key of this post: it was changed at Bluesky, or written by something else"
	case e.Message == "":
		e.Message = "Bluesky answered " + e.Code
	}
	return overLimit(r, e)
}

// overLimit makes a 429 a RateLimited error, with the time that the answer names. The header holds seconds since 1970; where there is
// a Retry-After beside it, rest reads that.
func overLimit(r rest.Response, e *platforms.Error) *platforms.Error {
	if e == nil && r.Status == http.StatusTooManyRequests {
		e = &platforms.Error{Message: "Bluesky's rate limit is reached"}
	}
	if e == nil || (r.Status != http.StatusTooManyRequests && e.Kind != platforms.RateLimited) {
		return e
	}
	e.Kind = platforms.RateLimited
	if s, err := strconv.ParseInt(r.Header.Get("RateLimit-Reset"), 10, 64); err == nil && s > 0 && r.Header.Get("Retry-After") == "" {
		e.Reset = time.Unix(s, 0).UTC()
	}
	return e
}

// kindOfStatus judges an error whose name is not known.
func kindOfStatus(status int) platforms.Kind {
	switch {
	case status == http.StatusUnauthorized:
		return platforms.Unauthorized
	case status == http.StatusTooManyRequests:
		return platforms.RateLimited
	case status == http.StatusNotImplemented:
		return platforms.Rejected
	case status == http.StatusRequestTimeout, status >= 500:
		return platforms.Unavailable
	case status < 400:
		return platforms.Unknown
	}
	return platforms.Rejected
}

// cut shortens a foreign text to n bytes, at a whole character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
