package outbound

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8":                  true,
		"172.15.255.255":           true,
		"172.32.0.1":               true,
		"100.128.0.1":              true,
		"2606:4700::1111":          true,
		"2a00:1450:4001:80b::200e": true,
		"::ffff:8.8.8.8":           true,
		"64:ff9b::808:808":         true, // 8.8.8.8
		"2002:808:808::1":          true, // 8.8.8.8
		"0.0.0.0":                  false,
		"0.1.2.3":                  false,
		"10.0.0.1":                 false,
		"100.64.0.1":               false,
		"100.100.100.200":          false,
		"127.0.0.1":                false,
		"127.255.255.254":          false,
		"169.254.169.254":          false,
		"172.16.0.1":               false,
		"172.31.255.255":           false,
		"192.0.0.170":              false,
		"192.168.1.1":              false,
		"198.18.0.1":               false,
		"203.0.113.7":              false,
		"224.0.0.1":                false,
		"239.255.255.250":          false,
		"240.0.0.1":                false,
		"255.255.255.255":          false,
		"::":                       false,
		"::1":                      false,
		"::7f00:1":                 false, // IPv4-compatible
		"::ffff:127.0.0.1":         false,
		"::ffff:169.254.169.254":   false,
		"::ffff:0:127.0.0.1":       false, // IPv4-translated
		"64:ff9b::7f00:1":          false,
		"64:ff9b::a9fe:a9fe":       false,
		"64:ff9b:1::8.8.8.8":       false,
		"100::1":                   false,
		"2001::1":                  false, // Teredo
		"2001:db8::1":              false,
		"2002:7f00:1::1":           false,
		"2002:c0a8:101::1":         false,
		"3fff::1":                  false,
		"5f00::1":                  false,
		"fc00::1":                  false,
		"fd00:ec2::254":            false,
		"fe80::1":                  false,
		"fe80::1%eth0":             false,
		"fec0::1":                  false,
		"ff02::1":                  false,
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("Public(%s) = %v, want %v", address, got, want)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("the zero address counts as public")
	}
}

func TestBlockedErrorText(t *testing.T) {
	t.Parallel()
	lo := netip.MustParseAddr("127.0.0.1")
	for want, err := range map[string]*BlockedError{
		"127.0.0.1 is not a public address":                              {Host: "127.0.0.1", Addr: lo},
		"a.example resolves to 127.0.0.1, which is not a public address": {Host: "a.example", Addr: lo},
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}
