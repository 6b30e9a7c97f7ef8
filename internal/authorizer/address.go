package authorizer

import (
	"net/netip"
	"strconv"
	"strings"
)

// ClientAddress says whose word counts for the caller's address, which tokens may be limited by. X-Forwarded-For never
// counts: its leftmost address is whatever the caller wrote there.
type ClientAddress string

// Whose word counts.
const (
	// Gateway takes the peer of the TCP connection to API Gateway. It is the zero value's meaning too.
	Gateway ClientAddress = "gateway"
	// CloudFront takes the header CloudFront-Viewer-Address, for APIs that are behind a distribution of one's own. It is
	// safe only where nobody reaches the API past the distribution, because anybody can send the header.
	CloudFront ClientAddress = "cloudfront"
)

// of returns the caller's address; the zero address when it is not known, which every address list refuses.
func (c ClientAddress) of(e *event) netip.Addr {
	if c == CloudFront {
		return viewerAddress(values(e.MultiHeaders, e.Headers, "CloudFront-Viewer-Address"))
	}
	if e.Context.HTTP.SourceIP != "" {
		return address(e.Context.HTTP.SourceIP)
	}
	return address(e.Context.Identity.SourceIP)
}

// viewerAddress reads CloudFront-Viewer-Address: an address, a colon and a port, and CloudFront puts no brackets around
// an IPv6 address. Anything else, and more than one, is unknown.
//
//	198.51.100.10:46532    2001:db8::1:46532    [2001:db8::1]:46532
func viewerAddress(values []string) netip.Addr {
	if len(values) != 1 {
		return netip.Addr{}
	}
	colon := strings.LastIndexByte(values[0], ':')
	if colon < 0 {
		return netip.Addr{}
	}
	if _, err := strconv.ParseUint(values[0][colon+1:], 10, 16); err != nil {
		return netip.Addr{}
	}
	host := values[0][:colon]
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if host, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}
		}
	}
	return address(host)
}

// address reads an address. What does not read as one is unknown.
func address(s string) netip.Addr {
	a, _ := netip.ParseAddr(s)
	return a.Unmap()
}
