package token

import (
	"net/netip"
	"slices"
)

// Covers says whether each address of p lies in one of the blocks, be it that several of them make it up together.
//
// It halves p until a half lies in one block or meets none. A half that is not halved again is a block of the list itself,
// so it looks at no more than twice as many halves as there are blocks, and at most 128 more before it finds the hole.
func Covers(blocks []netip.Prefix, p netip.Prefix) bool {
	inside := false
	for _, b := range blocks {
		if b.Overlaps(p) {
			if b.Bits() <= p.Bits() {
				return true
			}
			inside = true
		}
	}
	if !inside {
		return false
	}
	low, high := halves(p)
	return Covers(blocks, low) && Covers(blocks, high)
}

// halves splits a block of more than one address.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits() + 1
	at, mask := (bits-1)/8, byte(0x80)>>((bits-1)%8)
	upper := p.Addr()
	if upper.Is4() {
		a := upper.As4()
		a[at] |= mask
		upper = netip.AddrFrom4(a)
	} else {
		a := upper.As16()
		a[at] |= mask
		upper = netip.AddrFrom16(a)
	}
	return netip.PrefixFrom(p.Addr(), bits), netip.PrefixFrom(upper, bits)
}

// Within says whether a token with the list inner can be used from nowhere that one with the list outer cannot. An empty
// list is everywhere.
func Within(inner, outer []netip.Prefix) bool {
	if len(outer) == 0 {
		return true
	}
	return len(inner) > 0 && !slices.ContainsFunc(inner, func(p netip.Prefix) bool { return !Covers(outer, p) })
}

// Everywhere says whether a list names the whole internet of IPv4 or of IPv6, as one block or in pieces: a list that keeps
// nobody out. What counts are the addresses that hosts have, so leaving multicast out changes nothing.
func Everywhere(list []netip.Prefix) bool {
	v4 := func(first byte, bits int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{first}), bits)
	}
	v6 := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20}), 3) // 2000::/3, all that is given out
	return Covers(list, v4(0, 1)) && Covers(list, v4(128, 2)) && Covers(list, v4(192, 3)) || Covers(list, v6)
}
