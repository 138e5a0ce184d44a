package media

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxURL = 8 << 10
	// agent names us to the servers that files are read from; some refuse callers without a name.
	agent = "Posthorn/1.0 (social publishing; media fetcher)"
)

// parseURL checks an address before anything is sent there.
func parseURL(address string) (*url.URL, *Fault) {
	bad := func(message string) (*url.URL, *Fault) {
		return nil, &Fault{Rule: RuleBadURL, Message: message, Remediation: "Give a complete address that begins with https:// or http://."}
	}
	if len(address) > maxURL {
		return bad(fmt.Sprintf("the address is longer than %d bytes", maxURL))
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return bad("the address cannot be read") // the parser's own text would repeat the address
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("the address does not begin with https:// or http://")
	case u.Hostname() == "":
		return bad("the address names no host")
	}
	return u, nil
}

// answer is an open file, or the part of it that was asked for.
type answer struct {
	body io.ReadCloser
	host string
	size int64  // of the whole file; -1 when the server does not say
	name string // of the bytes: equal names are equal bytes; empty where nothing names them
	resp *http.Response
	// again opens another part of the file; nil where the server gives no parts.
	again func(ctx context.Context, at, n int64) (*answer, error)
}

// fault says what went wrong while reading the body.
func (a *answer) fault(err error) *Fault { return transportFault(a.host, err) }

// logins are words of the addresses that services send those to who are not known to them.
var logins = regexp.MustCompile(`(?i)(^|[^a-z])(log[-_]?in|sign[-_]?in|sso|oauth2?|saml|servicelogin)([^a-z]|$)`)

// asksWho reports whether the way to the file ended at a login.
func (a *answer) asksWho() bool {
	if a.resp == nil || a.resp.Request == nil {
		return false
	}
	u := a.resp.Request.URL
	return logins.MatchString(u.Path) || strings.HasPrefix(u.Hostname(), "accounts.") || strings.HasPrefix(u.Hostname(), "login.")
}

// get asks for a file, or with n > 0 for n of its bytes from a place on; a server may still begin at its start and send more. The caller
// closes the body. Its error is a *Fault.
func get(ctx context.Context, client *http.Client, address string, at, n int64) (*answer, error) {
	u, fault := parseURL(address)
	if fault != nil {
		return nil, fault
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &Fault{Rule: RuleBadURL, Message: "the address cannot be called", Remediation: adviseLink}
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Encoding", "identity") // the length told is then that of the file
	if n > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+n-1))
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, transportFault(u.Hostname(), withoutURL(err))
	}
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && n > 0 && at == 0 { // an empty file, or a server that knows no ranges
		resp.Body.Close()
		return get(ctx, client, address, 0, 0)
	}
	a := &answer{body: resp.Body, host: u.Hostname(), size: resp.ContentLength, resp: resp}
	if f := statusFault(a.host, resp.StatusCode); f != nil {
		resp.Body.Close()
		return nil, f
	}
	if resp.StatusCode == http.StatusPartialContent {
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != at {
			resp.Body.Close()
			return nil, &Fault{Rule: RuleUnreachable, Message: a.host + " answered with a part of the file that was not asked for", Remediation: adviseLink}
		}
		a.size = total
		a.again = func(ctx context.Context, at, n int64) (*answer, error) { return get(ctx, client, address, at, n) }
	} else if at > 0 {
		resp.Body.Close()
		return nil, &Fault{Rule: RuleUnreachable, Message: a.host + " gives the whole file where a part was asked for", Remediation: adviseLink, Err: errNoRanges}
	}
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) && len(tag) > 2 && len(tag) < 200 && a.size >= 0 { // a weak one names no bytes
		a.name = fmt.Sprintf("etag:%x:%s:%d", sha256.Sum256([]byte(address)), tag, a.size)
	}
	return a, nil
}

// withoutURL drops the address that http.Client puts in front of its errors: its query may hold a signature.
func withoutURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

// contentRange reads "bytes 0-99/1234"; total is -1 where the header has a star.
func contentRange(h string) (start, total int64, ok bool) {
	span, all, found := strings.Cut(strings.TrimPrefix(h, "bytes "), "/")
	first, _, found2 := strings.Cut(span, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	if !found || !found2 || err != nil {
		return 0, 0, false
	}
	if all == "*" {
		return start, -1, true
	}
	total, err = strconv.ParseInt(all, 10, 64)
	return start, total, err == nil && total >= 0
}
