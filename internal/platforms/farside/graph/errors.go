// Package graph is what the fakes of Meta's platforms share of the Graph API: parameters, fields, errors, and the media that Meta fetches.
package graph

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Failure is an error as Graph answers it. The values below are shared: vary one through its methods, which copy.
type Failure struct {
	Status    int // HTTP; 0: 400, as Graph answers most
	Kind      string
	Code, Sub int
	Message   string
	Title     string // error_user_title
	User      string // error_user_msg
	Transient bool
	Data      any  // error_data
	Drop      bool // say nothing at all and close the connection
}

// Failures that every platform has.
var (
	InvalidParam = &Failure{Code: 100, Message: "Invalid parameter"}
	Missing      = &Failure{Kind: "GraphMethodException", Code: 100, Sub: 33, Message: "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation"}
)

// Saying is the failure with another text for the user, and for a plain code another message.
func (e *Failure) Saying(text string) *Failure {
	c := *e
	if c.Sub == 0 {
		c.Message = "(#" + strconv.Itoa(c.Code) + ") " + text
	} else {
		c.User = text
	}
	return &c
}

// BadParam is an invalid parameter, with the reason.
func BadParam(text string) *Failure { return InvalidParam.Saying(text) }

// UnknownPath is Graph's word for a path without a version or a meaning.
func UnknownPath(path string) *Failure {
	return &Failure{Code: 2500, Message: "Unknown path components: " + Clip(path)}
}

// NoObject is Graph's word for an object that this token cannot see, or that does not do this.
func NoObject(method, id string) *Failure {
	c := *Missing
	c.Message = "Unsupported " + strings.ToLower(method) + " request. Object with ID '" + Clip(id) +
		"' does not exist, cannot be loaded due to missing permissions, or does not support this operation. " +
		"Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
	return &c
}

// Clip bounds what a message repeats of its request.
func Clip(s string) string {
	if len(s) > 100 {
		s = s[:100]
	}
	return strings.ToValidUTF8(s, "?")
}

// httpStatus is the status that the failure is answered with.
func (e *Failure) httpStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// body is the Graph envelope. is_transient belongs to publishing errors; others leave it out unless it is true.
func (e *Failure) body() any {
	kind := e.Kind
	if kind == "" {
		kind = "OAuthException"
	}
	var transient *bool
	if e.Transient || e.Sub >= 2207000 {
		transient = &e.Transient
	}
	type envelope struct {
		Message   string `json:"message"`
		Type      string `json:"type"`
		Code      int    `json:"code"`
		Subcode   int    `json:"error_subcode,omitempty"`
		Transient *bool  `json:"is_transient,omitempty"`
		Title     string `json:"error_user_title,omitempty"`
		User      string `json:"error_user_msg,omitempty"`
		Data      any    `json:"error_data,omitempty"`
		Trace     string `json:"fbtrace_id"`
	}
	return map[string]any{"error": envelope{e.Message, kind, e.Code, e.Sub, transient, e.Title, e.User, e.Data, Trace()}}
}

// Trace makes an fbtrace_id.
func Trace() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "A" + base64.RawURLEncoding.EncodeToString(b[:])
}

// Answer writes a value or a failure as JSON, or drops the connection if the failure says so.
func Answer(w http.ResponseWriter, value any, fail *Failure) {
	status := http.StatusOK
	if fail != nil {
		if fail.Drop {
			panic(http.ErrAbortHandler)
		}
		status, value = fail.httpStatus(), fail.body()
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "private, no-cache, no-store, must-revalidate")
	w.WriteHeader(status)
	WriteJSON(w, value)
}

// WriteJSON writes a value without the escapes that only pages need.
func WriteJSON(w http.ResponseWriter, value any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // the client may be gone
}

// Named finds, among those that a platform knows, the failure that a text asks for: "9004", "36003/2207009" or a subcode alone. What is not listed is answered
// with the numbers it asks for; what is no number, with an invalid parameter.
func Named(known []*Failure, code string) *Failure {
	first, second, _ := strings.Cut(code, "/")
	n, err := strconv.Atoi(first)
	if err != nil {
		return InvalidParam.Saying("The post was refused, as its text asks.")
	}
	sub, _ := strconv.Atoi(second)
	for _, k := range known {
		if (k.Code == n && (second == "" || k.Sub == sub)) || (second == "" && k.Sub == n) {
			return k
		}
	}
	return &Failure{Code: n, Sub: sub, Message: "(#" + first + ") The post was refused, as its text asks."}
}
