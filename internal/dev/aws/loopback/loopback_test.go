package loopback_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/loopback"
)

func TestOnlyKnownHostsAreAnswered(t *testing.T) {
	reached := loopback.Only(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), "Host.docker.internal", "172.17.0.1")
	for name, want := range map[string]int{
		"127.0.0.1:3000": 204, "127.0.0.1": 204, "localhost:3000": 204, "LocalHost:80": 204, "[::1]:3000": 204, "[::1]": 204, "host.docker.internal:3000": 204, "172.17.0.1:4566": 204,
		"evil.example:3000": 421, "evil.example": 421, "": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:3000": 421, "127.0.0.1@evil.example": 421,
		"127.0.0.2:3000": 421, "0.0.0.0:3000": 421, "[::]:3000": 421, "10.0.0.1": 421, "localhost,evil.example": 421, "2130706433": 421, ":3000": 421,
	} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Host = name
		if reached.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q is answered %d, want %d", name, w.Code, want)
		}
		if want == 421 && !strings.Contains(w.Body.String(), "HOSTS=") {
			t.Errorf("%q is not told what to do: %s", name, w.Body)
		}
	}
}
