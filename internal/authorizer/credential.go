package authorizer

import (
	"strings"

	"github.com/tokenwright/tokenwright/internal/validate"
)

// maxCredential bounds what is looked at, in bytes. API Gateway's own limit for all headers is 10,240.
const maxCredential = 8192

// fromHeaders finds the one credential of a request: "Authorization: Bearer <token or JWT>", "Authorization: token
// <token>" or "X-API-Key: <token>", names and schemes in any case. A query string, a body or a cookie is no place for a
// credential and is not looked at. Two different credentials are refused (RFC 6750, section 2): nobody could say which
// of them the caller means to act as.
func fromHeaders(values func(name string) []string) (string, error) {
	var found string
	for _, v := range values("Authorization") {
		c, err := fromAuthorization(v)
		if err != nil {
			return "", err
		}
		if found != "" && c != found {
			return "", &validate.Denial{Reason: validate.Ambiguous}
		}
		found = c
	}
	for _, c := range values("X-API-Key") {
		if found != "" && c != found {
			return "", &validate.Denial{Reason: validate.Ambiguous}
		}
		found = c
	}
	return bounded(found)
}

// fromAuthorization reads the value of an Authorization header.
func fromAuthorization(value string) (string, error) {
	scheme, credential, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token") {
		return "", &validate.Denial{Reason: validate.Malformed}
	}
	return bounded(strings.TrimLeft(credential, " "))
}

func bounded(credential string) (string, error) {
	switch {
	case credential == "":
		return "", &validate.Denial{Reason: validate.Missing}
	case len(credential) > maxCredential:
		return "", &validate.Denial{Reason: validate.Malformed}
	}
	return credential, nil
}

// headers looks values up in any case. REST APIs pass on the client's spelling, HTTP APIs lower case.
type headers struct {
	single map[string]string
	multi  map[string][]string
}

func (h headers) values(name string) []string {
	var out []string
	for key, values := range h.multi {
		if strings.EqualFold(key, name) {
			out = append(out, values...)
		}
	}
	if out != nil {
		return out
	}
	for key, value := range h.single {
		if strings.EqualFold(key, name) {
			out = append(out, value)
		}
	}
	return out
}
