package local_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// asked returns the status of a request that names a host.
func asked(t *testing.T, address, path, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader("account=acc_demo&subject=ada&roles=admin"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// A web page that gives its own name the address 127.0.0.1 could sign in as anybody, read the table and the keyring.
func TestEveryListenerAnswersToItsOwnNamesAlone(t *testing.T) {
	o := options(t.TempDir())
	o.Hosts = []string{"tokens.test"}
	s := start(t, o)
	listeners := s.Listeners()
	if len(listeners) != 4 {
		t.Errorf("listeners %v", listeners)
	}
	_, listeners["Runtime API of a function"] = get(t, s.URL()+"/notes/runtime", signIn(t, s, "ada"))
	for name, address := range listeners {
		for _, path := range []string{"/", "/_local/sign-in", "/_local/oidc/.well-known/openid-configuration", "/2018-06-01/runtime/invocation/x/response"} {
			if status, body := asked(t, address, path, "evil.example"); status != http.StatusMisdirectedRequest || !strings.Contains(body, "HOSTS=") {
				t.Errorf("%s answers evil.example%s with %d %.100s", name, path, status, body)
			}
		}
		_, port, _ := strings.Cut(address, ":")
		for _, own := range []string{address, "localhost:" + port, "[::1]:" + port} {
			if status, body := asked(t, address, "/", own); status == http.StatusMisdirectedRequest {
				t.Errorf("%s does not answer to %s: %s", name, own, body)
			}
		}
	}
	if status, body := asked(t, listeners["API and identity provider"], "/_local/sign-in", "tokens.test:3000"); status != http.StatusOK {
		t.Errorf("a name that was set: %d %s", status, body)
	}
}
