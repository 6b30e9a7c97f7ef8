// Package loopback keeps web pages away from the local stack. A page may give its own name the address 127.0.0.1 after it was
// loaded (DNS rebinding), and the browser then takes the stack for the page's own server. What such a call cannot forge is
// the Host that it names, so the stack answers to the names that it is served under and to no other.
package loopback

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// names are those of this machine for itself. Ports do not count: a tunnel may have another, and a page none of these
// names.
var names = []string{"127.0.0.1", "localhost", "::1"}

// Only lets requests through that name a host of the loopback interface or one of some more. Others are answered 421.
func Only(next http.Handler, more ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := nameOf(r.Host); slices.Contains(names, name) || slices.ContainsFunc(more, func(m string) bool { return strings.EqualFold(m, name) }) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		http.Error(w, fmt.Sprintf("This is a local stack, and it answers to %s alone, so that no web page can reach it under a name of its own. "+
			"Call it by one of them, or start it with HOSTS=<name> if it is to answer to another name as well.",
			strings.Join(append(slices.Clone(names), more...), ", ")), http.StatusMisdirectedRequest)
	})
}

// nameOf returns the name in a Host, in lower case and without port and brackets.
func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
}
