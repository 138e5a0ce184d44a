// Package wiretest holds a server's answers to openapi.yaml in tests.
package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"posthorn"
)

// document is openapi.yaml, read once.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
	return openapi3.NewLoader().LoadFromData(posthorn.OpenAPI)
})

// undescribed are where there is something for people and not for programs: media and pages. openapi.yaml does not tell of them.
var undescribed = regexp.MustCompile(`^/(media/|invite/|device(/|$)|docs(/|$))`)

// Wrap passes requests on to h and fails the test for every answer that does not fit openapi.yaml, and for every rule that an answer names
// without linking to a page that h has. Media and pages pass as they are.
func Wrap(t testing.TB, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if undescribed.MatchString(r.URL.Path) {
			h.ServeHTTP(w, r)
			return
		}
		asked := r.Clone(r.Context()) // h may change what it is given
		kept := &recorder{ResponseWriter: w}
		h.ServeHTTP(kept, r)
		if err := Fits(asked, kept.status, w.Header(), kept.body.Bytes()); err != nil {
			t.Errorf("%s %s answered %d, which does not fit openapi.yaml: %v", r.Method, asked.URL, kept.status, err)
		}
		if asked.URL.Path == "/openapi.json" {
			return // its examples are of other servers
		}
		if err := linked(h, kept.body.Bytes()); err != nil {
			t.Errorf("%s %s answered %d: %v", r.Method, asked.URL, kept.status, err)
		}
	})
}

// Fits holds one answer to its operation in openapi.yaml. Where there is no such operation, it must be the contract's error with 404, 405
// or 401; and every 4xx is the contract's error, with the rule that was broken, what to do and where that is described.
func Fits(r *http.Request, status int, header http.Header, body []byte) error {
	if header.Get("X-Request-Id") == "" {
		return fmt.Errorf("it has no X-Request-Id")
	}
	if status >= 400 && status < 500 && r.Method != http.MethodHead {
		var e struct{ Error, Type, Rule, Remediation, DocURL string }
		if err := json.Unmarshal(body, &e); err != nil || e.Error == "" || e.Type == "" {
			return fmt.Errorf("it is not the contract's error: %s", body)
		}
		if e.Rule == "" || e.Remediation == "" || e.DocURL == "" {
			return fmt.Errorf("it lacks rule, remediation or docUrl: %s", body)
		}
	}
	doc, err := document()
	if err != nil {
		return err
	}
	route := find(doc, r)
	if route == nil {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed && status != http.StatusUnauthorized { // who may ask is looked at first
			return fmt.Errorf("openapi.yaml has no such operation")
		}
		return nil
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 status, Header: header, Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(r.Context(), input)
}

// find is the operation of a request; nil when there is none.
func find(doc *openapi3.T, r *http.Request) *routers.Route {
	path := r.URL.EscapedPath()
	if route := findAt(doc, r, path); route != nil {
		return route
	}
	return findAt(doc, r, strings.TrimPrefix(path, "/api"))
}

func findAt(doc *openapi3.T, r *http.Request, escaped string) *routers.Route {
	asked := strings.Split(escaped, "/")
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, path := range doc.Paths.InMatchingOrder() { // /v1/posts/logs before /v1/posts/{postId}
		item := doc.Paths.Value(path)
		op := item.GetOperation(method)
		if op != nil && matches(strings.Split(path, "/"), asked) {
			return &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
		}
	}
	return nil
}

func matches(pattern, asked []string) bool {
	if len(pattern) != len(asked) {
		return false
	}
	for i, p := range pattern {
		if p != asked[i] && (!strings.HasPrefix(p, "{") || asked[i] == "") {
			return false
		}
	}
	return true
}

// A recorder keeps what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
