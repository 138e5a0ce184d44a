package fault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Action is what a rule does to the request it takes.
type Action string

// The actions.
const (
	Hold   Action = "hold"   // keep it until it is released or its client goes away
	Drop   Action = "drop"   // close the connection without an answer
	Status Action = "status" // answer with the rule's own status, headers and body
	Delay  Action = "delay"  // let it go on after a while
)

// Moment is when a rule acts.
type Moment string

// The moments.
const (
	Before Moment = "before" // the server has not seen the request, and with Drop and Status never will
	After  Moment = "after"  // the server has done its work; its answer is not yet sent
)

// Forever as Rule.Times lets a rule act until it is removed.
const Forever = -1

// maxDelay bounds how long a rule may delay a request.
const maxDelay = time.Hour

// Rule says which requests are met with which fault. The zero Host, Method and Path match everything.
type Rule struct {
	Host   string // without port, "*" stands for any run of characters, in any case
	Method string // in any case
	// Path is compared with the whole path, as sent and decoded; "*" stands for any run of characters, "/" included. A pattern
	// that holds a "?" is compared with path and query.
	Path  string
	Skip  int // so many matching requests pass first
	Times int // then so many are met with the fault; 0 means one, Forever until the rule is removed

	Action Action
	When   Moment // empty: Before

	Status int               // of the answer, for the action Status: 200 to 599
	Header map[string]string // of the answer
	Body   string            // of the answer
	Delay  time.Duration     // for the action Delay: up to an hour
}

// Validate reports everything that makes no sense in a rule, joined.
func (r Rule) Validate() error {
	var faults []error
	fail := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	switch r.Action {
	case Hold, Drop:
	case Status:
		if r.Status < 200 || r.Status > 599 {
			fail("status must be between 200 and 599, not %d", r.Status)
		}
	case Delay:
		if r.Delay <= 0 || r.Delay > maxDelay {
			fail("the delay must be above zero and at most %v", maxDelay)
		}
	case "":
		fail("action is missing: hold, drop, status or delay")
	default:
		fail("action %q is unknown: hold, drop, status or delay", r.Action)
	}
	if r.When != "" && r.When != Before && r.When != After {
		fail("when must be before or after, not %q", r.When)
	}
	if r.Skip < 0 {
		fail("skip must not be negative")
	}
	if r.Times < Forever {
		fail("times must not be negative")
	}
	for name, value := range r.Header {
		if !validHeader(name, value) {
			fail("header %q is not one that HTTP can carry", name)
		}
	}
	return errors.Join(faults...)
}

// validHeader keeps out what would make net/http write a broken answer.
func validHeader(name, value string) bool {
	if name == "" || strings.ContainsAny(value, "\r\n\x00") {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return false
		}
	}
	return http.CanonicalHeaderKey(name) != "Content-Length" && http.CanonicalHeaderKey(name) != "Transfer-Encoding"
}

// matches tells whether the rule is about this request.
func (r Rule) matches(req *http.Request) bool {
	if r.Method != "" && !strings.EqualFold(r.Method, req.Method) {
		return false
	}
	if r.Host != "" && !glob(strings.ToLower(r.Host), hostOf(req)) {
		return false
	}
	if r.Path == "" {
		return true
	}
	sent, decoded := req.URL.EscapedPath(), req.URL.Path
	if strings.Contains(r.Path, "?") {
		sent, decoded = sent+"?"+req.URL.RawQuery, decoded+"?"+req.URL.RawQuery
	}
	return glob(r.Path, sent) || glob(r.Path, decoded)
}

// hostOf is the host a request is for, in lower case and without port.
func hostOf(req *http.Request) string {
	host := req.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(host)
}

// glob tells whether pattern, in which "*" stands for any run of characters, is the whole of s. It takes the leftmost place for
// each piece, which is enough when "*" is the only wildcard, and so it never backtracks.
func glob(pattern, s string) bool {
	head, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, head)
	if !ok {
		return false
	}
	pieces := strings.Split(rest, "*")
	last := len(pieces) - 1
	for _, piece := range pieces[:last] {
		i := strings.Index(s, piece)
		if i < 0 {
			return false
		}
		s = s[i+len(piece):]
	}
	return strings.HasSuffix(s, pieces[last])
}
