// Package outbound holds the HTTP transports through which everything leaves the machine: a guarded one for addresses that users
// control, and one for platforms that knows the gateway.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 20 * time.Second // from the end of the request to the first byte of the answer's header
	idleTimeout   = 90 * time.Second
	keepAlive     = 30 * time.Second
	maxRedirects  = 5
	maxHeader     = 256 << 10
)

// ErrRedirects ends a chain of more than five redirects.
var ErrRedirects = errors.New("more than 5 redirects")

// SchemeError says that a URL, or one it redirects to, is not one that may be called.
type SchemeError struct{ Scheme string }

// Error names the scheme.
func (e *SchemeError) Error() string {
	if e.Scheme == "" {
		return "the address names no host that could be called over HTTP"
	}
	return fmt.Sprintf("addresses of scheme %q are not called", e.Scheme)
}

// Options configure a guarded client. The zero value is right for production.
type Options struct {
	AllowPrivate bool // lifts the check of addresses, for development and tests

	DialTimeout, TLSTimeout, HeaderTimeout time.Duration // zero: 10 s, 10 s, 20 s

	// Resolver replaces the system's. Its answers are checked like any other.
	Resolver *net.Resolver
}

// NewGuarded gives a client for addresses that users control: media, pages, webhook endpoints. It reaches public addresses only
// (Public), which is checked on the address being connected to, so that neither a redirect nor a name that resolves differently
// the second time gets round it. It follows at most five redirects, calls only http and https, and keeps no cookies.
//
// It takes no proxy from the environment: through a proxy the check would see the proxy's address and nothing else.
// A refused address gives a *BlockedError, a refused scheme a *SchemeError, a long chain ErrRedirects, each inside the
// *url.Error of http.Client. Time limits on whole exchanges are the caller's, by context.
func NewGuarded(o Options) *http.Client {
	return &http.Client{
		Transport: webOnly{guardedTransport(o)},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return ErrRedirects
			}
			return nil
		},
	}
}

func guardedTransport(o Options) *http.Transport {
	t := newTransport(guard{allowPrivate: o.AllowPrivate, timeout: or(o.DialTimeout, dialTimeout), resolver: o.Resolver}.dial)
	t.TLSHandshakeTimeout = or(o.TLSTimeout, tlsTimeout)
	t.ResponseHeaderTimeout = or(o.HeaderTimeout, headerTimeout)
	return t
}

func newTransport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    tlsTimeout,
		MaxIdleConns:           512,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
		// A connection whose far side has vanished is found by a ping instead of by a lost call.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 10 * time.Second},
	}
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// guard dials, and looks at each address in the moment of connecting to it.
type guard struct {
	allowPrivate bool
	timeout      time.Duration
	resolver     *net.Resolver
}

func (g guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: g.timeout, KeepAlive: keepAlive, Resolver: g.resolver}
	if !g.allowPrivate {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error { return check(host, resolved) }
	}
	return d.DialContext(ctx, network, address)
}

// check refuses a connection that is about to be made for host to the resolved address, IP and port.
func check(host, resolved string) error {
	ap, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return fmt.Errorf("checking the address of %s: %w", host, err)
	}
	if !Public(ap.Addr()) {
		return &BlockedError{Host: host, Addr: ap.Addr().Unmap().WithZone("")}
	}
	return nil
}

// webOnly refuses what is not plain http or https with a host. As part of the transport it meets every redirect too.
type webOnly struct{ next http.RoundTripper }

func (t webOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkScheme(req.URL, true); err != nil {
		closeBody(req)
		return nil, err
	}
	return t.next.RoundTrip(req)
}

func checkScheme(u *url.URL, plain bool) error {
	switch {
	case u.Hostname() == "" || u.Opaque != "":
		return &SchemeError{}
	case u.Scheme == "https", u.Scheme == "http" && plain:
		return nil
	}
	return &SchemeError{Scheme: u.Scheme}
}

// closeBody is what a RoundTripper owes also when it sends nothing.
func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}
