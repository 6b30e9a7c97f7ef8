package apigateway

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// REST APIs hand header names to functions as the client spelled them, which
// net/http does not keep. So the connection remembers the first bytes of each
// request, and the names are read from them.

// maxRemembered bounds them; headers over 10 KB are refused anyway.
const maxRemembered = 16 * 1024

type spellingKey struct{}

// NewServer makes a server that keeps the spelling of header names. Headers may
// reach 1 MiB before net/http refuses them by itself, so that the API can say
// in its own words that they are too long.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		MaxHeaderBytes:    2 << 20,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, spellingKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if remembering, ok := c.(*connection); ok && state == http.StateIdle {
				remembering.forget()
			}
		},
	}
}

// Listen wraps a listener for NewServer.
func Listen(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{Conn: c}, nil
}

type connection struct {
	net.Conn
	mu   sync.Mutex
	head []byte
}

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := maxRemembered - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	return n, err
}

// forget makes room for the next request. Its first byte may have been read
// already; only the request line misses it, and that is not looked at.
func (c *connection) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = c.head[:0]
}

// spellings maps canonical header names to the client's; empty when the
// request did not come over a listener of this package.
func spellings(r *http.Request) map[string]string {
	out := map[string]string{}
	c, ok := r.Context().Value(spellingKey{}).(*connection)
	if !ok {
		return out
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, line := range bytes.Split(c.head, []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if i > 0 && len(line) == 0 {
			break
		}
		if name, _, found := bytes.Cut(line, []byte(":")); found && i > 0 {
			out[http.CanonicalHeaderKey(string(name))] = string(name)
		}
	}
	return out
}
