// Package rest makes the HTTP calls of all adapters and classifies what goes wrong on the way, so that an adapter only maps its
// platform's own codes.
package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"posthorn/internal/platforms"
)

const (
	// callTimeout bounds one exchange that carries no media.
	callTimeout = 30 * time.Second
	// uploadTimeout bounds one exchange with a body of its own.
	uploadTimeout = 100 * time.Second
	// maxAnswer bounds what is read of an answer; platforms' answers are a few KB.
	maxAnswer = 4 << 20
	// maxKept bounds what is kept of a failed answer's body.
	maxKept = 10 << 10
)

// Request is one call. At most one of Form, JSON and Body is set.
type Request struct {
	Method string
	URL    string // under the platform's real host
	Query  url.Values
	Header http.Header
	Bearer platforms.Secret // sent as Authorization: Bearer; zero: none
	Form   url.Values
	JSON   any
	Body   io.Reader // raw; Type and Length are then required
	Type   string    // of JSON: where the platform wants another one than the usual
	Length int64
	// Write says that the call changes something at the platform that a repeat could change twice: an answer that is lost or not
	// to be trusted makes it ambiguous. Without it such a call counts as one that did not happen.
	Write bool
	// Told says that the platform tells of failures with success as well: a 2xx answer goes to the classifier, too, whose nil then means that there
	// was none.
	Told bool
}

// Response is what came back, whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// A Classifier reads a platform's failed answer (any status outside 2xx, or any at all where Request.Told is set). It may return nil for
// what it does not know; rest then goes by the HTTP status. It sets Kind, Code, Message and what else it knows; rest adds the rest.
type Classifier func(Response) *platforms.Error

// Do makes the call and decodes a 2xx answer into out, unless out is nil. Its error is always a *platforms.Error.
func Do(ctx context.Context, c *platforms.Conn, r Request, out any, classify Classifier) (Response, error) {
	fail := failure{conn: c, req: r}
	timeout := callTimeout
	if r.Body != nil {
		timeout = uploadTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var sent atomic.Bool // the transport calls back from its own goroutine
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	req, err := build(httptrace.WithClientTrace(ctx, trace), r)
	if err != nil {
		return Response{}, fail.with(&platforms.Error{Kind: platforms.Rejected, Message: "the call could not be built", Err: err})
	}
	fail.endpoint = req.Method + " " + req.URL.Host + req.URL.EscapedPath()
	httpResp, err := c.HTTP.Do(req)
	if err != nil {
		return Response{}, fail.transport(err, sent.Load())
	}
	defer httpResp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(httpResp.Body, maxAnswer+1))
	resp := Response{Status: httpResp.StatusCode, Header: httpResp.Header, Body: body}
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	if err != nil {
		return resp, fail.transport(fmt.Errorf("reading the answer: %w", err), true)
	}
	if resp.Status < 200 || resp.Status > 299 {
		return resp, fail.answer(resp, classify)
	}
	if r.Told && classify(resp) != nil {
		return resp, fail.answer(resp, classify)
	}
	if out == nil {
		return resp, nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return resp, fail.garbled(resp, err)
	}
	return resp, nil
}

func build(ctx context.Context, r Request) (*http.Request, error) {
	var body io.Reader
	contentType := r.Type
	switch {
	case r.Form != nil:
		body, contentType = strings.NewReader(r.Form.Encode()), "application/x-www-form-urlencoded"
	case r.JSON != nil:
		b, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, err
		}
		body, contentType = bytes.NewReader(b), cmp.Or(r.Type, "application/json")
	case r.Body != nil:
		body = r.Body
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.ContentLength = r.Length
	}
	if r.Query != nil {
		req.URL.RawQuery = r.Query.Encode()
	}
	for k, v := range r.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json")
	if !r.Bearer.IsZero() {
		req.Header.Set("Authorization", "Bearer "+r.Bearer.Reveal())
	}
	return req, nil
}

// failure completes the errors of one call with what all of them share.
type failure struct {
	conn     *platforms.Conn
	req      Request
	endpoint string
}

// transport classifies a call without an answer. What never left the machine did not happen; neither did a lost read.
func (f failure) transport(err error, sent bool) error {
	var already *platforms.Error
	if errors.As(err, &already) { // the transport's own refusal, as for a spent budget
		return f.with(already)
	}
	var dropped *url.Error // names the URL, whose query may hold a token; the endpoint says enough
	if errors.As(err, &dropped) {
		err = dropped.Err
	}
	e := &platforms.Error{Kind: platforms.Unavailable, Message: "the platform could not be reached", Err: err}
	if sent && f.req.Write {
		e.Kind, e.Message = platforms.Ambiguous, "the platform's answer was lost"
	} else if sent {
		e.Message = "the platform's answer was lost"
	}
	return f.with(e)
}

// garbled classifies an answer that says success in a body that cannot be read.
func (f failure) garbled(resp Response, err error) error {
	e := &platforms.Error{Kind: platforms.Unavailable, Message: "the platform's answer could not be read", Err: err}
	if f.req.Write {
		e.Kind = platforms.Ambiguous
	}
	return f.with(f.filled(e, resp))
}

// answer classifies an answer that says failure.
func (f failure) answer(resp Response, classify Classifier) error {
	var e *platforms.Error
	if classify != nil {
		e = classify(resp)
	}
	if e == nil {
		e = byStatus(resp)
	}
	vague := e.Kind == platforms.Unavailable || e.Kind == platforms.Unknown
	if f.req.Write && vague && resp.Status >= 500 {
		e.Kind = platforms.Ambiguous // a gateway's 5xx says nothing of what happened behind it
	}
	if e.Reset.IsZero() {
		e.Reset = RetryAfter(resp.Header, f.conn.Now())
	}
	return f.with(f.filled(e, resp))
}

// byStatus is what an HTTP status says when the body says nothing that the adapter knows.
func byStatus(resp Response) *platforms.Error {
	e := &platforms.Error{Message: fmt.Sprintf("the platform answered %d %s", resp.Status, http.StatusText(resp.Status))}
	switch {
	case resp.Status == http.StatusTooManyRequests:
		e.Kind = platforms.RateLimited
	case resp.Status == http.StatusUnauthorized:
		e.Kind = platforms.Unauthorized
	case resp.Status == http.StatusRequestTimeout, resp.Status >= 500:
		e.Kind = platforms.Unavailable
	case resp.Status < 400:
		e.Kind = platforms.Unknown
	default:
		e.Kind = platforms.Rejected
	}
	return e
}

func (f failure) filled(e *platforms.Error, resp Response) *platforms.Error {
	e.Status = resp.Status
	e.Body = resp.Body
	if len(e.Body) > maxKept {
		e.Body = e.Body[:maxKept]
	}
	for _, h := range []string{"X-Fb-Trace-Id", "X-Request-Id", "X-Fb-Request-Id", "Atproto-Request-Id", "Cf-Ray"} {
		if v := resp.Header.Get(h); v != "" && e.RequestID == "" {
			e.RequestID = v
		}
	}
	return e
}

// with names the call and keeps every secret of the connection out of the error.
func (f failure) with(e *platforms.Error) error {
	if e.Endpoint == "" {
		e.Endpoint = string(f.conn.Redact([]byte(f.endpoint)))
	}
	e.Message = string(f.conn.Redact([]byte(e.Message)))
	e.Body = f.conn.Redact(e.Body)
	if e.Err != nil {
		if text := e.Err.Error(); string(f.conn.Redact([]byte(text))) != text {
			e.Err = errors.New(string(f.conn.Redact([]byte(text))))
		}
	}
	return e
}

// RetryAfter reads the header of that name, which holds seconds or a date; zero when it is missing or makes no sense.
func RetryAfter(h http.Header, now time.Time) time.Time {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return time.Time{}
	}
	if s, err := strconv.ParseInt(v, 10, 32); err == nil && s >= 0 {
		return now.Add(time.Duration(s) * time.Second)
	}
	if t, err := http.ParseTime(v); err == nil && t.After(now) {
		return t
	}
	return time.Time{}
}
