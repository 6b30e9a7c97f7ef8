package token_test

import (
	"net/netip"
	"testing"

	"github.com/tokenwright/tokenwright/internal/token"
)

// Whatever the list and the address: nobody is let in from an address that none of the prefixes holds bit by bit, IPv4
// inside IPv6 is the IPv4 address it is, zones change nothing, and an unknown address fits no list.
func FuzzAllowsAddress(f *testing.F) {
	for _, s := range [][2]string{
		{"203.0.113.0/24", "203.0.113.7"}, {"203.0.113.0/24", "203.0.114.0"}, {"203.0.113.0/24", "::ffff:203.0.113.7"}, {"2001:db8::/32", "2001:db8::1%eth0"},
		{"0.0.0.0/0", "::1"}, {"::/0", "203.0.113.7"}, {"::ffff:0:0/96", "203.0.113.7"}, {"203.0.113.7/32", ""}, {"::/0", "not an address"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, cidr, from string) {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return
		}
		addr, _ := netip.ParseAddr(from)
		tok := token.Token{CIDRs: []netip.Prefix{prefix}}
		if got, want := tok.AllowsAddress(addr), holds(prefix, addr); got != want {
			t.Fatalf("%s from %q: allowed %v, want %v", cidr, from, got, want)
		}
		if !(&token.Token{}).AllowsAddress(addr) {
			t.Fatalf("without a list %q is refused", from)
		}
	})
}

// holds compares bit by bit.
func holds(p netip.Prefix, a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	if !a.IsValid() || a.Is4() != p.Addr().Is4() {
		return false
	}
	x, y := p.Addr().AsSlice(), a.AsSlice()
	for bit := range p.Bits() {
		if mask := byte(0x80) >> (bit % 8); x[bit/8]&mask != y[bit/8]&mask {
			return false
		}
	}
	return true
}
