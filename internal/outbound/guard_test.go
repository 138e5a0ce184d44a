package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestGuardedRefusesPrivateAddresses(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := serve(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	client := NewGuarded(Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1"} {
		resp, err := client.Get("http://" + host + port + "/secret?token=x")
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s: was called", host)
			continue
		}
		var blocked *BlockedError
		if !errors.As(err, &blocked) {
			t.Errorf("%s: %v, want a BlockedError", host, err)
		} else if strings.Contains(blocked.Error(), "token") {
			t.Errorf("%s: the error names the query: %v", host, blocked)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls reached the server", n)
	}
}

func TestGuardedAllowPrivate(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	resp, err := NewGuarded(Options{AllowPrivate: true}).Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "hello" {
		t.Errorf("got %q", b)
	}
}

// A name is looked up anew for every connection, and what it leads to is judged every time: first it leads to an address that
// passes, then, as in a rebinding attack, to this machine.
func TestGuardedChecksEachConnection(t *testing.T) {
	t.Parallel()
	var lookups atomic.Int32
	resolver := fakeResolver(t, func() netip.Addr {
		if lookups.Add(1) == 1 {
			return netip.MustParseAddr("192.0.2.1") // refused as well, but by its own name
		}
		return netip.MustParseAddr("127.0.0.1")
	})
	client := NewGuarded(Options{Resolver: resolver})
	for _, want := range []string{"192.0.2.1", "127.0.0.1"} {
		_, err := client.Get("http://rebind.example./")
		var blocked *BlockedError
		if !errors.As(err, &blocked) {
			t.Fatalf("got %v, want a BlockedError", err)
		}
		if blocked.Host != "rebind.example." || blocked.Addr.String() != want {
			t.Errorf("got %+v, want %s", blocked, want)
		}
	}
}

func TestCheckJudgesTheResolvedAddress(t *testing.T) {
	t.Parallel()
	for resolved, ok := range map[string]bool{
		"93.184.216.34:443": true, "[2606:4700::1111]:443": true,
		"127.0.0.1:80": false, "[::1]:80": false, "[fe80::1%lo]:80": false, "[::ffff:10.0.0.1]:80": false, "nonsense": false,
	} {
		if err := check("good.example", resolved); (err == nil) != ok {
			t.Errorf("check(%s) = %v, want ok %v", resolved, err, ok)
		}
	}
}

// The first server stands for a public one: its address is let through by the check of the test alone, so that only the redirect's
// is judged.
func TestGuardedChecksRedirects(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	private := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	public := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	client := NewGuarded(Options{})
	g := guard{timeout: time.Second}
	client.Transport = webOnly{newTransport(func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == public.Listener.Addr().String() {
			return net.Dial(network, address)
		}
		return g.dial(ctx, network, address)
	})}
	get := func(to string) error {
		resp, err := client.Get(public.URL + "?to=" + url.QueryEscape(to))
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	var blocked *BlockedError
	if err := get(private.URL); !errors.As(err, &blocked) {
		t.Errorf("redirect to a private address: %v", err)
	}
	var scheme *SchemeError
	for _, to := range []string{"file:///etc/passwd", "gopher://x/", "ftp://example.com/x"} {
		if err := get(to); !errors.As(err, &scheme) {
			t.Errorf("redirect to %s: %v", to, err)
		}
	}
	if reached.Load() {
		t.Error("the private server was reached")
	}
}

func TestGuardedRedirectLimit(t *testing.T) {
	t.Parallel()
	client := NewGuarded(Options{AllowPrivate: true})
	for hops, ok := range map[string]bool{"5": true, "6": false} {
		var calls atomic.Int32
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if n := calls.Add(1); n <= int32(hops[0]-'0') {
				http.Redirect(w, r, "/", http.StatusFound)
			}
		})
		resp, err := client.Get(s.URL)
		if err == nil {
			resp.Body.Close()
		}
		if ok != (err == nil) || (err != nil && !errors.Is(err, ErrRedirects)) {
			t.Errorf("%s redirects: %v", hops, err)
		}
	}
}

func TestGuardedRefusesSchemes(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"file:///etc/passwd", "ftp://example.com/", "http:///path", "https:opaque"} {
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewGuarded(Options{}).Transport.RoundTrip(req)
		var scheme *SchemeError
		if !errors.As(err, &scheme) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestGuardedTimeouts(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	client := NewGuarded(Options{AllowPrivate: true, HeaderTimeout: 50 * time.Millisecond})
	_, err := client.Get(s.URL)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestGuardedIgnoresProxies(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "proxied") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	if p := guardedTransport(Options{}).Proxy; p != nil {
		t.Error("the guarded transport has a proxy")
	}
	if p := NewPlatforms(PlatformOptions{}).transport.Proxy; p != nil {
		t.Error("the transport of platforms has a proxy")
	}
}

// fakeResolver answers every question for an IPv4 address with next, and every other with nothing.
func fakeResolver(t *testing.T, next func() netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			pc.WriteTo(dnsAnswer(buf[:n], next), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func dnsAnswer(query []byte, next func() netip.Addr) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root, type, class
	out := append([]byte(nil), query[:end]...)
	binary.BigEndian.PutUint16(out[2:], 0x8180)
	binary.BigEndian.PutUint16(out[10:], 0) // no additional records
	if binary.BigEndian.Uint16(query[end-4:]) != 1 {
		return out
	}
	binary.BigEndian.PutUint16(out[6:], 1)
	out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	ip := next().As4()
	return append(out, ip[:]...)
}
