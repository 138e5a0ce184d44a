package outbound

import (
	"fmt"
	"net/netip"
)

// BlockedError says that an address was refused because it is not on the public internet. It names the host, never the path or query.
type BlockedError struct {
	Host string     // as it stood in the URL, without port
	Addr netip.Addr // what it resolved to
}

// Error names the host, and its address where that says more.
func (e *BlockedError) Error() string {
	if e.Host == e.Addr.String() {
		return fmt.Sprintf("%s is not a public address", e.Host)
	}
	return fmt.Sprintf("%s resolves to %s, which is not a public address", e.Host, e.Addr)
}

// notPublic lists what is not, or not safely, reachable over the public internet, from IANA's registries of special-purpose
// addresses: https://www.iana.org/assignments/iana-ipv4-special-registry and .../iana-ipv6-special-registry.
// The metadata services of the clouds lie in 169.254.0.0/16 and fc00::/7.
var notPublic = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays, deprecated
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // protocol assignments, Teredo among them
	"2001:db8::/32",   // documentation
	"3fff::/20",       // documentation
)

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Public reports whether an address belongs to the public internet. An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64)
// is judged by that one; of the rest of IPv6 only global unicast is public.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	switch b := a.As16(); {
	case !a.IsValid():
		return false
	case a.Is4():
	case sixToFour.Contains(a):
		return Public(netip.AddrFrom4([4]byte(b[2:6])))
	case nat64.Contains(a):
		return Public(netip.AddrFrom4([4]byte(b[12:16])))
	case !globalIPv6.Contains(a):
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
