package apigateway

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// call is one request on its way through an API.
type call struct {
	request    *http.Request
	id         string
	extendedID string
	received   time.Time
	path       string // as the client wrote it
	headers    map[string][]string
	query      url.Values
	body       []byte
	sourceIP   string
	route      template.Route
	parameters map[string]string
	// authorizer is what the authorizer passed on: its context, and principalId.
	authorizer map[string]any
}

func newCall(r *http.Request, now time.Time) *call {
	c := &call{
		request: r, id: newRequestID(), extendedID: base64.URLEncoding.EncodeToString([]byte(rand.Text()[:11])),
		received: now, path: escapedPath(r), query: r.URL.Query(), sourceIP: peer(r),
	}
	c.headers = c.collectHeaders()
	return c
}

// collectHeaders are the client's headers and those API Gateway adds.
func (c *call) collectHeaders() map[string][]string {
	out := map[string][]string{"Host": {c.request.Host}}
	names := spellings(c.request)
	for name, values := range c.request.Header {
		switch name {
		case "Content-Length", "Connection":
			continue
		case "Authorization", "User-Agent": // always in this spelling
		default:
			if spelled, ok := names[name]; ok {
				name = spelled
			}
		}
		out[name] = values
	}
	forwarded := append(c.request.Header.Values("X-Forwarded-For"), c.sourceIP)
	_, port, _ := net.SplitHostPort(c.request.Host)
	out["X-Forwarded-For"] = []string{strings.Join(forwarded, ", ")}
	out["X-Forwarded-Port"] = []string{port}
	out["X-Forwarded-Proto"] = []string{"http"}
	out["X-Amzn-Trace-Id"] = []string{"Root=1-" + fmt.Sprintf("%08x", c.received.Unix()) + "-" + strings.ReplaceAll(c.id, "-", "")[:24]}
	return out
}

// header returns the first value of a header, in whatever case it is asked for.
func (c *call) header(name string) string {
	for have, values := range c.headers {
		if strings.EqualFold(have, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// headerSize counts the request line and the headers as they were sent.
func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(" HTTP/1.1\r\n ") + len("Host: ") + len(r.Host) + len("\r\n")
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return size
}

// readBody says false when the body is over the limit.
func (c *call) readBody() (ok bool, err error) {
	if c.request.ContentLength > maxBody {
		return false, nil
	}
	c.body, err = io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	return len(c.body) <= maxBody, err
}

// encodedBody returns the body for an event; binary bodies as base64.
func (c *call) encodedBody(binary bool) (body string, isBase64 bool) {
	if binary || !utf8.Valid(c.body) {
		return base64.StdEncoding.EncodeToString(c.body), true
	}
	return string(c.body), false
}

// peer is the other end of the connection; an IPv4 address in its own form.
func peer(r *http.Request) string {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "127.0.0.1"
	}
	return address.Addr().Unmap().String()
}

func newRequestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// last keeps the last value of each name, as single-value maps in events do.
func last(values map[string][]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 0 {
			out[name] = list[len(list)-1]
		}
	}
	return out
}

// nilIfEmpty makes an empty map null in JSON, as API Gateway writes it.
func nilIfEmpty[M ~map[K]V, K comparable, V any](m M) M {
	if len(m) == 0 {
		return nil
	}
	return m
}
