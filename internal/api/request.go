package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// maxBody bounds a request body, in bytes, and maxDocument one that may hold an OpenAPI document.
const (
	maxBody     = 64 << 10
	maxDocument = 1 << 20
)

func malformed(field, code, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	return &lifecycle.Refusal{
		Root: lifecycle.ErrMalformed, Code: "malformed_request", Detail: detail,
		Fields: []lifecycle.FieldError{{Field: field, Code: code, Detail: detail}},
	}
}

// header returns a header by its name in any case; REST APIs pass on what the client wrote.
func (r *Request) header(name string) string {
	for key, value := range r.event.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// once returns a header that changes what a call does, and whether it stands there. An empty one is not as good as none:
// whoever sent it meant a condition, and a variable of theirs was empty. Of two no one knows which was meant.
func (r *Request) once(name string) (value string, ok bool, err error) {
	var found []string
	for key, values := range r.event.MultiValueHeaders {
		if strings.EqualFold(key, name) {
			found = append(found, values...)
		}
	}
	if len(found) == 0 {
		for key, value := range r.event.Headers {
			if strings.EqualFold(key, name) {
				found = append(found, value)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", false, nil
	case 1:
		return strings.TrimSpace(found[0]), true, nil
	}
	return "", true, malformed(name, "repeated", "The header stands there %d times.", len(found))
}

// called is the path as the client wrote it, for addresses in answers: with the stage on API Gateway's own domain, with the
// base path on a domain of the deployment's own. A slash at the end means nothing to API Gateway, and is left out.
func (r *Request) called() string { return strings.TrimRight(r.event.RequestContext.Path, "/") }

// target reads the path's id, or "self".
func (r *Request) target() (lifecycle.Target, error) {
	s := r.event.PathParameters["id"]
	if s == "self" {
		return lifecycle.Target{Self: true}, nil
	}
	id, err := token.ParseID(s)
	if err != nil {
		return lifecycle.Target{}, malformed("id", "bad_id", "A token id is tok_ and 22 letters or digits, or self.")
	}
	return lifecycle.Target{ID: id}, nil
}

// person reads the path's user id, or "me".
func (r *Request) person() (lifecycle.Person, error) {
	p, err := r.parsePerson(r.event.PathParameters["id"])
	if err != nil {
		return p, malformed("id", "bad_id", "A user id is usr_ and 11 letters or digits, or me.")
	}
	return p, nil
}

func (r *Request) parsePerson(s string) (lifecycle.Person, error) {
	if s == "me" {
		return lifecycle.Person{Me: true}, nil
	}
	id, err := user.ParseID(s)
	return lifecycle.Person{ID: id}, err
}

// ifMatch reads the version that a change is meant for; 0 = any. Weak tags never match (RFC 9110, 13.1.1), and no other
// tag is ever given out than "<version>". A list of tags, which the RFC knows, is refused: a caller has seen one version.
func (r *Request) ifMatch() (int64, error) {
	s, ok, err := r.once("If-Match")
	if err != nil || !ok || s == "*" {
		return 0, err
	}
	inner := strings.TrimPrefix(s, "W/")
	if len(inner) < 2 || inner[0] != '"' || inner[len(inner)-1] != '"' || strings.Contains(inner[1:len(inner)-1], `"`) {
		return 0, malformed("If-Match", "bad_etag", `If-Match takes the ETag of an earlier answer, such as "3", or *.`)
	}
	version, err := strconv.ParseInt(inner[1:len(inner)-1], 10, 64)
	if err != nil || version <= 0 || inner != s {
		return -1, nil // no version there ever was
	}
	return version, nil
}

// query returns the query parameters after refusing unknown and repeated ones by name.
func (r *Request) query(known ...string) (map[string]string, error) {
	takes := "no query parameters"
	if len(known) > 0 {
		takes = strings.Join(known, ", ")
	}
	for name := range r.event.QueryStringParameters {
		if !slices.Contains(known, name) {
			return nil, malformed(cut(name, lifecycle.MaxEcho), "unknown_parameter", "This call takes %s.", takes)
		}
	}
	for name, values := range r.event.MultiValueQueryStringParameters {
		if len(values) > 1 {
			return nil, malformed(name, "repeated", "The parameter stands there %d times.", len(values))
		}
	}
	return r.event.QueryStringParameters, nil
}

// Event returns the call as API Gateway passes it on.
func (r *Request) Event() *events.APIGatewayProxyRequest { return r.event }

// Header returns a header by its name in any case.
func (r *Request) Header(name string) string { return r.header(name) }

// Once is Header for one that changes what a call does: whether it stands there, and an error when it does more than once.
func (r *Request) Once(name string) (string, bool, error) { return r.once(name) }

// Members reads the body, declared as one of some media types, as the members of a JSON object, each at most once.
func (r *Request) Members(media ...string) (map[string]json.RawMessage, error) {
	body, err := r.body(media...)
	if err != nil {
		return nil, err
	}
	return Members(body)
}

// Members reads a JSON object, in which each member stands at most once.
func Members(text []byte) (map[string]json.RawMessage, error) {
	o, err := decodeObject(text)
	if err != nil {
		return nil, err
	}
	return o.members, nil
}

// body returns the request body, declared as one of some media types, decoded and within bounds; nil when there is none.
func (r *Request) body(takes ...string) ([]byte, error) { return r.bodyUpTo(maxBody, takes...) }

func (r *Request) bodyUpTo(most int, takes ...string) ([]byte, error) {
	tooLarge := &lifecycle.Refusal{Root: ErrTooLarge, Code: "too_large", Detail: fmt.Sprintf("The body is over %d KiB.", most>>10)}
	body := []byte(r.event.Body)
	if r.event.IsBase64Encoded {
		if base64.StdEncoding.DecodedLen(len(body)) > most+2 {
			return nil, tooLarge
		}
		decoded, err := base64.StdEncoding.DecodeString(r.event.Body)
		if err != nil {
			return nil, malformed("body", "not_json", "The body cannot be decoded.")
		}
		body = decoded
	}
	if len(body) > most {
		return nil, tooLarge
	}
	if len(body) == 0 {
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.header("Content-Type"))
	if err != nil || !slices.Contains(takes, media) {
		return nil, ErrMediaType
	}
	return body, nil
}

// object reads the body as a JSON object. Without a body it is the empty object if optional, else a refusal.
func (r *Request) object(optional bool) (*object, error) { return r.objectUpTo(maxBody, optional) }

func (r *Request) objectUpTo(most int, optional bool) (*object, error) {
	body, err := r.bodyUpTo(most, "application/json", "application/merge-patch+json")
	if err != nil {
		return nil, err
	}
	if body == nil && optional {
		body = []byte("{}")
	}
	return decodeObject(body)
}
