package blueskyfake

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// The largest bodies that the servers read, in bytes.
const (
	jsonLimit      = 150 << 10 // most procedures
	writeLimit     = 1_000_000 // record writes
	blobUploadSize = 5 << 20   // the reference PDS's own default
	videoMaxSize   = 300_000_000
	drainLimit     = 16 << 20 // of a body that is refused unread: so much is taken in, so that the client gets to read the answer
)

// access is what a method asks of the Authorization header.
type access int

const (
	openToAll access = iota
	byAccessToken
	byRefreshToken
	byRefreshTokenEvenExpired
	byServiceToken
)

// method is one XRPC call, https://atproto.com/specs/xrpc.
type method struct {
	procedure bool // POST; else GET
	needs     access
	body      int64 // limit of the body; zero: none is expected
	raw       bool  // the body is a file rather than JSON
	run       func(f *Fake, c *call) (any, error)
}

// call is one request on its way through a method, which runs while the Fake is locked.
type call struct {
	query   url.Values
	header  http.Header
	address string // of the caller
	account *account
	token   claims
	input   map[string]any // the JSON body
	body    []byte         // the raw one
	budget  *budget        // what the answer's RateLimit headers report
	drop    bool           // do as asked, and hang up
}

func (f *Fake) serveXRPC(w http.ResponseWriter, r *http.Request, s service, nsid string) {
	if nsid == "_health" {
		reply(w, http.StatusOK, map[string]any{"version": "sandbox"})
		return
	}
	out, c, err := f.answer(r, s, nsid)
	if c != nil && c.drop {
		panic(http.ErrAbortHandler)
	}
	if c != nil && c.budget != nil {
		c.budget.header(w.Header(), f.now(), err)
	}
	if err != nil {
		_, _ = io.CopyN(io.Discard, r.Body, drainLimit)
		refuse(w, err)
		return
	}
	switch v := out.(type) {
	case nothing:
		w.WriteHeader(http.StatusOK)
	case file:
		v.write(w)
	default:
		reply(w, http.StatusOK, v)
	}
}

// answer takes a request through limits, faults, authentication and its body to the method. The body is read while unlocked.
func (f *Fake) answer(r *http.Request, s service, nsid string) (any, *call, error) {
	if !nsidForm.MatchString(nsid) {
		return nil, nil, invalid("invalid xrpc path")
	}
	m, ok := s.methods[nsid]
	if !ok {
		return nil, nil, &failure{Status: http.StatusNotImplemented, Name: "MethodNotImplemented", Message: "Method Not Implemented"}
	}
	if want := map[bool]string{true: http.MethodPost, false: http.MethodGet}[m.procedure]; r.Method != want {
		return nil, nil, invalid("Incorrect HTTP method (" + r.Method + ") expected " + want)
	}
	c := &call{query: r.URL.Query(), header: r.Header, address: r.RemoteAddr}
	if h, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.address = h
	}
	if err := f.admit(c, s, m, nsid); err != nil {
		return nil, c, err
	}
	if err := c.read(r, m); err != nil {
		return nil, c, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out, err := m.run(f, c)
	if f.dropNext[nsid] > 0 {
		f.dropNext[nsid]--
		c.drop = true
	}
	return out, c, err
}

// admit is what happens before a body is looked at.
func (f *Fake) admit(c *call, s service, m method, nsid string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.limited {
		if err := f.spend(c, &f.limits.address, c.address, 1); err != nil {
			return err
		}
	}
	if err := f.nextFault(nsid); err != nil {
		return err
	}
	return f.authenticate(c, m.needs)
}

// read takes in the body that a method expects.
func (c *call) read(r *http.Request, m method) error {
	if m.body == 0 {
		return nil
	}
	encoding := r.Header.Get("Content-Type")
	if encoding == "" {
		return invalid("Request encoding (Content-Type) required but not provided")
	}
	kind, _, err := mime.ParseMediaType(encoding)
	if err != nil || (!m.raw && kind != "application/json") {
		return invalid("Wrong request encoding (Content-Type): " + encoding)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, m.body))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return tooLarge(m.raw)
	case err != nil:
		return invalid("request aborted")
	case m.raw:
		c.body = body
		return nil
	}
	v, err := parseJSON(body)
	if err != nil {
		return err
	}
	c.input, _ = v.(map[string]any)
	if c.input == nil {
		return invalid("Expected object value type (got " + got(v) + ") at $")
	}
	return nil
}

// number is a whole number among the query's parameters, or what stands for it when it is absent.
func (c *call) number(name string, otherwise, least, most int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid("Error: " + name + " is not a whole number, too small or too big")
	}
	return n, nil
}
