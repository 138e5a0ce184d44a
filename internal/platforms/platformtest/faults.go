package platformtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"

	"posthorn/internal/platforms/farside"
)

// fault is what happens to one request.
type fault string

const (
	refuse     fault = "refuse"      // never sent
	lose       fault = "lose"        // done, and the answer lost
	cut        fault = "cut"         // done, and the answer cut in its middle
	html       fault = "html"        // done, and answered with a page of a proxy
	status503  fault = "503"         // not done
	done503    fault = "503 done"    // done, and answered 503 all the same
	status500  fault = "500"         // not done
	limited    fault = "429"         // not done
	killBefore fault = "kill before" // the worker dies as it is about to send
	killAfter  fault = "kill after"  // the worker dies when it was done
	badToken   fault = "401"         // not done; may end the target
)

var (
	allFaults  = []fault{refuse, lose, cut, html, status503, done503, status500, limited, killBefore, killAfter, badToken}
	pairFaults = []fault{refuse, lose, status503, done503, killBefore, killAfter}
)

// passing reports whether a target must get over the fault.
func (f fault) passing() bool { return f != badToken }

func (f fault) kills() bool { return f == killBefore || f == killAfter }

// plan says which of a run's requests are disturbed.
type plan map[int]fault

// killed is what the transport panics with when the worker dies.
type killed struct{}

// transport hands requests to the fake without a network between them, and disturbs them by plan.
type transport struct {
	fake  farside.Server
	plan  plan
	heard func(req *http.Request, body []byte) // told of each request that reaches the fake

	mu       sync.Mutex
	requests int
	disturbs int
}

var errLost = errors.New("connection reset by peer")

// RoundTrip serves one request.
func (tr *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	tr.mu.Lock()
	f := tr.plan[tr.requests]
	tr.requests++
	if f != "" {
		tr.disturbs++
	}
	tr.mu.Unlock()
	switch f {
	case refuse:
		return nil, errors.New("connection refused")
	case killBefore:
		panic(killed{})
	case status503, status500, limited, badToken:
		tr.sent(req)
		code := map[fault]int{status503: 503, status500: 500, limited: 429, badToken: 401}[f]
		return answer(req, code, nil, "upstream says no"), nil
	}
	resp, err := tr.serve(req)
	if err != nil {
		return nil, err
	}
	switch f {
	case lose:
		return nil, errLost
	case killAfter:
		panic(killed{})
	case done503:
		return answer(req, 503, nil, "upstream timed out"), nil
	case html:
		return answer(req, 200, nil, "<html><body>Please wait</body></html>"), nil
	case cut:
		body, _ := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{}))
	}
	return resp, nil
}

// serve lets the fake answer. A fake that drops the connection gives an error, after the request was sent.
func (tr *transport) serve(req *http.Request) (resp *http.Response, err error) {
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	in := httptest.NewRequest(req.Method, req.URL.RequestURI(), bytes.NewReader(body))
	in.Host, in.URL.Host, in.URL.Scheme = req.URL.Host, req.URL.Host, req.URL.Scheme
	in.Header = req.Header.Clone()
	in.ContentLength = int64(len(body))
	tr.sent(req)
	tr.heard(req, body)
	defer func() {
		if r := recover(); r != nil {
			if r != http.ErrAbortHandler {
				panic(r)
			}
			resp, err = nil, errLost
		}
	}()
	rec := httptest.NewRecorder()
	tr.fake.ServeHTTP(rec, in)
	resp = rec.Result()
	resp.Request = req
	return resp, nil
}

// sent does what a real transport does once the header is written; rest goes by it.
func (tr *transport) sent(req *http.Request) {
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
}

func answer(req *http.Request, code int, h http.Header, body string) *http.Response {
	if h == nil {
		h = http.Header{"Content-Type": {"text/html"}}
	}
	return &http.Response{StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h,
		Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: req}
}

type failing struct{}

// Read breaks the connection.
func (failing) Read([]byte) (int, error) { return 0, errLost }

// always answers every request alike.
type always struct {
	status int
	body   []byte
}

// RoundTrip answers.
func (a always) RoundTrip(req *http.Request) (*http.Response, error) {
	return answer(req, a.status, http.Header{"Content-Type": {"application/json"}}, string(a.body)), nil
}
