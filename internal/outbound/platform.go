package outbound

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Rewrite gives the address under the gateway of a platform's real address: https://HOST/PATH?QUERY becomes
// GATEWAY/HOST/PATH?QUERY. The path keeps its exact encoding, an empty one becomes "/", and HOST keeps its port. Credentials in
// either address are dropped. Without a gateway, and for an address that is under the gateway already, it is real itself.
func Rewrite(gateway, real *url.URL) *url.URL {
	if gateway == nil || under(gateway, real) {
		return real
	}
	path := real.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	out := &url.URL{Scheme: gateway.Scheme, Host: gateway.Host, ForceQuery: real.ForceQuery, RawQuery: real.RawQuery,
		Fragment: real.Fragment, RawFragment: real.RawFragment}
	// RawPath counts only where it is an encoding of Path; it always is, both being made from the same text.
	out.RawPath = strings.TrimRight(gateway.EscapedPath(), "/") + "/" + real.Host + path
	out.Path = strings.TrimRight(gateway.Path, "/") + "/" + real.Host + "/" + strings.TrimPrefix(real.Path, "/")
	return out
}

// under reports whether an address lies under the gateway: a far side may hand out the address of its own next page that way.
func under(gateway, u *url.URL) bool {
	return u.Scheme == gateway.Scheme && strings.EqualFold(u.Host, gateway.Host) &&
		strings.HasPrefix(u.EscapedPath(), strings.TrimRight(gateway.EscapedPath(), "/")+"/")
}

// PlatformOptions configure the way to the platforms.
type PlatformOptions struct {
	// Gateway takes every call instead of the real host; its address is the operator's and not checked. Nil: the real hosts.
	Gateway *url.URL
	// AllowPrivate lets a platform's own host (a Bluesky PDS, a Mastodon server) be on a private address and speak plain http.
	AllowPrivate bool
	// Now measures how long calls take; it may be nil where no client has Hooks.After or Hooks.Done.
	Now func() time.Time
}

// Hooks watch the calls of one client. Each may be nil, and all see the platform's real address. They are called from the
// goroutine that makes the call.
type Hooks struct {
	// Before is called right before each call is sent. Its error ends the call unsent, and errors.As finds it in what the client
	// returns.
	Before func(*http.Request) error
	// After is called when the header of the answer is there, or when there will be none; then resp is nil. It must not touch
	// resp.Body. It is not called for a call that Before ended.
	After func(req *http.Request, resp *http.Response, err error, took time.Duration)
	// Done is called once for each call that was sent, when its answer has been read to the end or given up, or when there is none.
	// It comes from the goroutine that reads the answer.
	Done func(Exchange)
}

// Platforms is the way to all platforms: one pool of connections, from which each account gets its own light client.
// Without a gateway it reaches public addresses only, since some platforms' hosts are named by users.
type Platforms struct {
	gateway   *url.URL
	plain     bool // http allowed
	transport *http.Transport
	now       func() time.Time
}

// NewPlatforms opens no connection yet. Like NewGuarded it takes no proxy from the environment: the gateway is the one place where
// calls to platforms can be led elsewhere.
func NewPlatforms(o PlatformOptions) *Platforms {
	p := &Platforms{gateway: o.Gateway, plain: o.AllowPrivate || o.Gateway != nil, now: o.Now}
	if o.Gateway != nil {
		p.transport = newTransport((&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext)
	} else {
		// How long a platform may think is the call's own limit, which differs for uploads: no header timeout here.
		p.transport = newTransport(guard{allowPrivate: o.AllowPrivate, timeout: dialTimeout}.dial)
	}
	return p
}

// Client gives a client over the shared connections. It follows no redirect: to a platform's API one is an answer like any other.
func (p *Platforms) Client(h Hooks) *http.Client {
	return &http.Client{
		Transport:     &platformTransport{platforms: p, hooks: h},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CloseIdle closes the connections that no call is using.
func (p *Platforms) CloseIdle() { p.transport.CloseIdleConnections() }

type platformTransport struct {
	platforms *Platforms
	hooks     Hooks
}

func (t *platformTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkScheme(req.URL, t.platforms.plain); err != nil {
		closeBody(req)
		return nil, err
	}
	if t.hooks.Before != nil {
		if err := t.hooks.Before(req); err != nil {
			closeBody(req)
			return nil, err
		}
	}
	if t.hooks.After == nil && t.hooks.Done == nil {
		return t.send(req)
	}
	start := t.platforms.now()
	resp, err := t.send(req)
	took := t.platforms.now().Sub(start)
	if t.hooks.After != nil {
		t.hooks.After(req, resp, err, took)
	}
	if t.hooks.Done != nil {
		watched(Exchange{Request: req, Response: resp, Err: err, Took: took}, t.hooks.Done)
	}
	return resp, err
}

func (t *platformTransport) send(req *http.Request) (*http.Response, error) {
	gateway := t.platforms.gateway
	if gateway == nil {
		return t.platforms.transport.RoundTrip(req)
	}
	out := req.Clone(req.Context())
	out.URL = Rewrite(gateway, req.URL)
	out.Host = out.URL.Host
	resp, err := t.platforms.transport.RoundTrip(out)
	if resp != nil {
		resp.Request = req // so that a relative Location resolves against the real address
	}
	return resp, err
}
