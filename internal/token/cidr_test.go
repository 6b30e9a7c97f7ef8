package token_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
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

func prefixes(t *testing.T, text string) []netip.Prefix {
	t.Helper()
	var out []netip.Prefix
	for _, s := range strings.Fields(text) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestAListIsWithinAnotherWhenNoAddressIsNew(t *testing.T) {
	for _, tt := range []struct {
		inner, outer string
		want         bool
	}{
		{"", "", true},
		{"203.0.113.7/32", "", true},
		{"", "203.0.113.0/24", false},
		{"203.0.113.0/24", "203.0.113.0/24", true},
		{"203.0.113.7/32 203.0.113.128/25", "203.0.113.0/24", true},
		{"203.0.112.0/23", "203.0.113.0/24", false},
		{"203.0.112.0/23", "203.0.113.0/24 203.0.112.0/24", true},
		{"10.0.0.0/8", "10.0.0.0/9 10.128.0.0/10 10.192.0.0/11 10.224.0.0/11", true},
		{"10.0.0.0/8", "10.0.0.0/9 10.128.0.0/10 10.192.0.0/11 10.224.0.0/12 10.240.0.0/13 10.1.0.0/16 10.2.0.0/16", false},
		{"203.0.113.7/32 198.51.100.7/32", "203.0.113.0/24", false},
		{"0.0.0.0/0", "::/0", false},
		{"::/0", "0.0.0.0/0", false},
		{"2001:db8::/31", "2001:db8::/32 2001:db9::/32", true},
		{"2001:db8::1/128", "2001:db8::2/127 2001:db8::/128", false},
		{"2001:db8::/127", "2001:db8::1/128 2001:db8::/128", true},
	} {
		if got := token.Within(prefixes(t, tt.inner), prefixes(t, tt.outer)); got != tt.want {
			t.Errorf("[%s] within [%s]: %v, want %v", tt.inner, tt.outer, got, tt.want)
		}
	}
}

func TestAListThatNamesTheWholeInternetIsSeen(t *testing.T) {
	quarters, missing := "0.0.0.0/2 64.0.0.0/2 128.0.0.0/2 192.0.0.0/2", ""
	for i := range 99 { // 2.0.0.0 to 199.255.255.255
		missing += fmt.Sprintf(" %d.0.0.0/7", 2*i+2)
	}
	for list, want := range map[string]bool{
		"": false, "203.0.113.0/24": false, "0.0.0.0/1": false, "128.0.0.0/1": false, "2001:db8::/32": false, "4000::/2": false, "fc00::/7": false,
		"0.0.0.0/0": true, "::/0": true, "2000::/3": true, "2001:db8::/32 0.0.0.0/0": true, "0.0.0.0/1 128.0.0.0/1": true, quarters: true,
		"0.0.0.0/2 64.0.0.0/2 192.0.0.0/2": false, "0.0.0.0/2 0.0.0.0/1 64.0.0.0/2 32.0.0.0/3": false,
		"0.0.0.0/1 128.0.0.0/2 192.0.0.0/3": true, // all but multicast
		"::/1 8000::/1":                     true, "2000::/4 3000::/4": true, "2000::/4": false, "::/3 4000::/2 8000::/1": false,
		"0.0.0.0/1 8000::/1": false, missing: false,
	} {
		if got := token.Everywhere(prefixes(t, list)); got != want {
			t.Errorf("[%s] is everywhere: %v, want %v", list, got, want)
		}
	}
}

// A use asks it of every list where settings want one.
func TestAskingWhetherAListIsEverywhereAllocatesNothing(t *testing.T) {
	list := prefixes(t, "203.0.113.0/24 0.0.0.0/1 128.0.0.0/2 2001:db8::/32")
	if n := testing.AllocsPerRun(100, func() { token.Everywhere(list) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// In a space of 64 addresses each of them can be asked.
func FuzzCovers(f *testing.F) {
	f.Add([]byte{1, 0, 1, 32, 0, 0})
	f.Add([]byte{6, 1, 5, 2, 4, 4, 3, 8, 2, 16, 1, 32, 0, 0, 6, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		small := func(bits, at byte) netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, at % 64}), 26+int(bits%7)).Masked()
		}
		if len(raw) < 2 {
			return
		}
		p, list := small(raw[0], raw[1]), []netip.Prefix(nil)
		for i := 2; i+1 < len(raw); i += 2 {
			list = append(list, small(raw[i], raw[i+1]))
		}
		want := true
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			want = want && slices.ContainsFunc(list, func(b netip.Prefix) bool { return b.Contains(a) })
		}
		if got := token.Covers(list, p); got != want {
			t.Fatalf("%v covers %s: %v, want %v", list, p, got, want)
		}
	})
}
