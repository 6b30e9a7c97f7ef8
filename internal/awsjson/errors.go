package awsjson

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// Error is an answer by which a service refuses.
type Error struct {
	Status  int
	Code    string // such as ConditionalCheckFailedException; "" when the answer names none
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// Is says whether err is a service's refusal with this code.
func Is(err error, code string) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Code == code
}

// Transient says whether an error passes when the service is well again. Everything that is no refusal does: no
// connection, no answer in time, an answer cut short. Of the refusals it is those about load and the service's own
// failures; the others are our mistake, such as a missing permission.
func Transient(err error) bool {
	var refusal *Error
	if !errors.As(err, &refusal) {
		return true
	}
	switch refusal.Code {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException",
		"InternalServerError", "InternalServiceError", "ServiceUnavailable", "TransactionConflictException", "TransactionInProgressException",
		"LimitExceededException":
		return true
	}
	return refusal.Status >= http.StatusInternalServerError || refusal.Status == http.StatusTooManyRequests
}

// maxMessage bounds what an error quotes of an answer.
const maxMessage = 300

// errorOf reads a refusal: {"__type": "com.amazonaws.dynamodb.v20120810#ValidationException", "message": "…"}.
func errorOf(status int, kind, body string) *Error {
	e := &Error{Status: status}
	r := jsonread.New(body)
	if r.Next() == jsonread.Object {
		for name := range r.Members() {
			switch {
			case r.Next() != jsonread.String:
				r.Skip()
			case name == "__type" || name == "code":
				kind = r.String()
			case strings.EqualFold(name, "message"):
				e.Message = r.String()
			default:
				r.Skip()
			}
		}
	}
	if i := strings.LastIndexByte(kind, '#'); i >= 0 {
		kind = kind[i+1:]
	}
	e.Code, _, _ = strings.Cut(kind, ":")
	if len(e.Message) > maxMessage {
		e.Message = e.Message[:maxMessage]
	}
	return e
}
