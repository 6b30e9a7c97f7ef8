package dynamodb

import (
	"errors"
	"fmt"
)

// The name spaces of error types as the service answers them; the SDK looks
// only at what follows the '#'.
const (
	modelNamespace    = "com.amazonaws.dynamodb.v20120810#"
	validateNamespace = "com.amazon.coral.validate#"
	serviceNamespace  = "com.amazon.coral.service#"
)

// apiError is an answer other than 200. The members after message are only
// set for the two errors that carry data.
type apiError struct {
	status  int
	kind    string
	message string
	item    item                 // ConditionalCheckFailedException with ALL_OLD
	reasons []cancellationReason // TransactionCanceledException
}

func (e *apiError) Error() string { return e.kind + ": " + e.message }

type cancellationReason struct {
	Code    string
	Message string `json:",omitempty"`
	Item    item   `json:",omitempty"`
}

func newError(namespace, name, message string) *apiError {
	return &apiError{status: 400, kind: namespace + name, message: message}
}

func invalid(format string, args ...any) *apiError {
	return newError(validateNamespace, "ValidationException", fmt.Sprintf(format, args...))
}

func invalidParameter(format string, args ...any) *apiError {
	return invalid("One or more parameter values were invalid: "+format, args...)
}

func errTableNotFound(name string) *apiError {
	return newError(modelNamespace, "ResourceNotFoundException", "Requested resource not found: Table: "+name+" not found")
}

func errConditionFailed(old item) *apiError {
	e := newError(modelNamespace, "ConditionalCheckFailedException", "The conditional request failed")
	e.item = old
	return e
}

func errSerialization(format string, args ...any) *apiError {
	return newError(serviceNamespace, "SerializationException", fmt.Sprintf(format, args...))
}

// asAPIError turns whatever an operation returned into an answer. What is not
// an apiError is our own fault (a broken file, a full disk) and answers 500.
func asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return &apiError{status: 500, kind: modelNamespace + "InternalServerError", message: err.Error()}
}

// body is the JSON of the error.
func (e *apiError) body() map[string]any {
	m := map[string]any{"__type": e.kind, "message": e.message}
	if e.item != nil {
		m["Item"] = e.item
	}
	if e.reasons != nil {
		m["Message"] = e.message // this one error spells it with a capital in the service's model
		m["CancellationReasons"] = e.reasons
	}
	return m
}
