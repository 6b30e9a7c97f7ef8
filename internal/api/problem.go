package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Errors of reading a request.
var (
	// ErrMediaType is returned for a body that is not declared as JSON.
	ErrMediaType = errors.New("unsupported media type")
	// ErrTooLarge is returned for a body over what the operation takes.
	ErrTooLarge = errors.New("body too large")
)

// problem is a problem document (RFC 9457). Error repeats the status text for clients that look no further.
type problem struct {
	Type      string                 `json:"type"`
	Title     string                 `json:"title"`
	Status    int                    `json:"status"`
	Detail    string                 `json:"detail"`
	Error     string                 `json:"error"`
	Code      string                 `json:"code"`
	RequestID string                 `json:"requestId"`
	Errors    []lifecycle.FieldError `json:"errors,omitempty"`
}

// statuses is the one table from errors to answers. An error under none of them is ours: 500, with a fixed text and a
// log line that has its cause.
var statuses = []struct {
	err    error
	status int
	code   string
	detail string
}{
	{lifecycle.ErrMalformed, http.StatusBadRequest, "malformed_request", "The request cannot be read."},
	{principal.ErrNone, http.StatusUnauthorized, "unauthorized", "The request did not pass the authorizer."},
	{lifecycle.ErrForbidden, http.StatusForbidden, "forbidden", "You may not do this."},
	{token.ErrNotFound, http.StatusNotFound, "not_found", "There is no such token."},
	{lifecycle.ErrConflict, http.StatusConflict, "conflict", "The token's state does not allow this."},
	{lifecycle.ErrPrecondition, http.StatusPreconditionFailed, "version_mismatch", "The token has changed since."},
	{user.ErrNotFound, http.StatusNotFound, "not_found", "There is no such user."},
	{job.ErrNotFound, http.StatusNotFound, "not_found", "There is no such job."},
	{route.ErrNotFound, http.StatusNotFound, "not_found", "The API has no rules."},
	{lifecycle.ErrVersionRequired, http.StatusPreconditionRequired, "if_match_required", "Say with If-Match which version this is meant for: the ETag of the answer you have seen."},
	{ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", "The body is too large."},
	{ErrMediaType, http.StatusUnsupportedMediaType, "unsupported_media_type", "Send the body as application/json."},
	{lifecycle.ErrInvalid, http.StatusUnprocessableEntity, "invalid_fields", "Some fields cannot be accepted."},
	{token.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "A service this depends on cannot be reached. Try again."},
}

const internalDetail = "Something went wrong on our side. The request id finds it in the log."

// problemOf maps an error to its answer.
func problemOf(err error, requestID string) problem {
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError, Code: "internal", Detail: internalDetail, RequestID: requestID}
	for _, row := range statuses {
		if errors.Is(err, row.err) {
			p.Status, p.Code, p.Detail = row.status, row.code, row.detail
			break
		}
	}
	var refusal *lifecycle.Refusal
	if errors.As(err, &refusal) {
		p.Code, p.Detail, p.Errors = refusal.Code, refusal.Detail, refusal.Fields
	}
	p.Title = http.StatusText(p.Status)
	p.Error = p.Title
	return p
}

// Explain tells an error as the table has it, and the headers that go with the status.
func Explain(err error) (status int, code, detail string, headers map[string]string) {
	p := problemOf(err, "")
	return p.Status, p.Code, p.Detail, p.headers(err)
}

// headers returns what a status asks for beside the document.
func (p problem) headers(err error) map[string]string {
	h := map[string]string{"Content-Type": "application/problem+json"}
	var refusal *lifecycle.Refusal
	switch {
	case p.Status == http.StatusUnauthorized:
		h["WWW-Authenticate"] = `Bearer realm="tokenwright"`
	case p.Code == "insufficient_scope" && errors.As(err, &refusal):
		h["WWW-Authenticate"] = insufficientScope(refusal.Scopes)
	case p.Status == http.StatusServiceUnavailable:
		h["Retry-After"] = "1"
	}
	return h
}

// insufficientScope is the challenge of RFC 6750, section 3.1.
func insufficientScope(missing scope.Set) string {
	return fmt.Sprintf(`Bearer realm="tokenwright", error="insufficient_scope", scope=%q`, missing)
}

func (p problem) response(err error) events.APIGatewayProxyResponse {
	body, _ := json.Marshal(p) // strings and numbers
	return events.APIGatewayProxyResponse{StatusCode: p.Status, Headers: p.headers(err), Body: string(body)}
}
