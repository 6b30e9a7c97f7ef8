package authorizer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tokenwright/tokenwright/internal/principal/wire"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// maxCredential bounds what is looked at, in bytes. API Gateway's own limit for all headers is 10,240.
const maxCredential = 8192

// Places says where a request may carry its credential. Bodies and cookies are no such place, however it is set.
type Places struct {
	// Headers are looked at in every kind of event that has headers; nil means DefaultHeaders.
	Headers []Header
	// Subprotocol admits a browser's WebSocket, which can set no header: Sec-WebSocket-Protocol: tokenwright, <credential>.
	Subprotocol bool
	// QueryParameter names a parameter that may hold the credential; empty means none. Query strings stand in logs,
	// histories and Referer headers (RFC 6750, section 5.3).
	QueryParameter string
}

// Header is a header that may hold a credential.
type Header struct {
	Name string
	// Schemes may stand before the credential, in any case; none means that the value is the credential.
	Schemes []string
}

// DefaultHeaders are "Authorization: Bearer <token or JWT>", "Authorization: token <token>" and "X-API-Key: <token>".
const DefaultHeaders = "Authorization,X-API-Key"

var headerSyntax = regexp.MustCompile(`^([A-Za-z0-9-]+)(?:=([A-Za-z0-9-]+(?:\|[A-Za-z0-9-]+)*))?$`)

// notForCredentials are headers that others fill, or read in their own way.
var notForCredentials = []string{"cookie", "sec-websocket-protocol", "host", "x-forwarded-for", "cloudfront-viewer-address"}

// ParseHeaders reads a list such as "Authorization,X-API-Key" or "Authorization=Bearer,X-Token=Key|Token": names, each
// with the schemes that may stand before the credential. Authorization alone means Authorization=Bearer|token.
func ParseHeaders(s string) ([]Header, error) {
	var out []Header
	for item := range strings.SplitSeq(s, ",") {
		m := headerSyntax.FindStringSubmatch(strings.TrimSpace(item))
		if m == nil {
			return nil, fmt.Errorf("%q is not a header's name, or a name, = and schemes with | between them", item)
		}
		h := Header{Name: m[1]}
		switch {
		case m[2] != "":
			h.Schemes = strings.Split(m[2], "|")
		case strings.EqualFold(h.Name, "Authorization"):
			h.Schemes = []string{"Bearer", "token"}
		}
		if slices.Contains(notForCredentials, strings.ToLower(h.Name)) {
			return nil, fmt.Errorf("%s is no header for credentials", h.Name)
		}
		if slices.ContainsFunc(out, func(o Header) bool { return strings.EqualFold(o.Name, h.Name) }) {
			return nil, fmt.Errorf("%s is named twice", h.Name)
		}
		out = append(out, h)
	}
	return out, nil
}

// complete fills in what zero means.
func (p Places) complete() Places {
	if p.Headers == nil {
		p.Headers, _ = ParseHeaders(DefaultHeaders) // a constant that a test reads
	}
	return p
}

var (
	errMissing   = &validate.Denial{Reason: validate.Missing}
	errMalformed = &validate.Denial{Reason: validate.Malformed}
	errAmbiguous = &validate.Denial{Reason: validate.Ambiguous}
)

// find returns the one credential of a request. Two different ones are refused (RFC 6750, section 2): nobody could say
// which of them the caller means to act as.
func (p Places) find(e *event, k kind) (string, error) {
	all, err := p.all(e, k)
	switch {
	case err != nil:
		return "", err
	case len(all) == 0:
		return "", errMissing
	}
	for _, other := range all[1:] {
		if other != all[0] {
			return "", errAmbiguous
		}
	}
	return all[0], nil
}

// all returns what stands in any of the places.
func (p Places) all(e *event, k kind) (found []string, err error) {
	take := func(credential string, bad error) {
		found = append(found, credential)
		if err == nil {
			err = bad
		}
	}
	for _, h := range p.Headers {
		for value := range each(values(e.MultiHeaders, e.Headers, h.Name)) {
			take(h.credential(value))
		}
	}
	if p.Subprotocol && k == websocket {
		marked := false
		for value := range each(values(e.MultiHeaders, e.Headers, "Sec-WebSocket-Protocol")) {
			if marked {
				take(bounded(value))
			}
			marked = value == wire.Subprotocol
		}
		if marked { // and nothing after it
			take("", errMalformed)
		}
	}
	if p.QueryParameter != "" {
		for value := range each(parameters(e, p.QueryParameter)) {
			take(bounded(value))
		}
	}
	return found, err
}

// fromValue reads the one value of a TOKEN or an AppSync event, which come without the header's name: what stands there
// is what the API is set up to take it from. AppSync wants the credential bare, so both forms are read.
func (p Places) fromValue(value string) (string, error) {
	if value == "" {
		return "", errMissing
	}
	if !strings.Contains(value, " ") {
		return bounded(value)
	}
	for _, h := range p.Headers {
		if len(h.Schemes) == 0 {
			continue
		}
		if credential, err := h.credential(value); err == nil {
			return credential, nil
		}
	}
	return "", errMalformed
}

// credential reads the header's value.
func (h Header) credential(value string) (string, error) {
	if len(h.Schemes) == 0 {
		return bounded(value)
	}
	scheme, credential, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok || !slices.ContainsFunc(h.Schemes, func(s string) bool { return strings.EqualFold(s, scheme) }) {
		return "", errMalformed
	}
	return bounded(strings.TrimLeft(credential, " "))
}

func bounded(credential string) (string, error) {
	if credential == "" || len(credential) > maxCredential {
		return "", errMalformed
	}
	return credential, nil
}
