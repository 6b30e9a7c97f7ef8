// Package api is the management API's HTTP side: what a request must look like, what an answer looks like, and which
// error gets which status. It guarantees bounded input, refusal of everything unknown by name, and problem documents
// that never carry internal text. The rules themselves are the lifecycle package's.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Endpoint is one operation.
type Endpoint func(ctx context.Context, r *Request) (Answer, error)

// Answer is what an endpoint has to say.
type Answer struct {
	Status  int
	Headers map[string]string
	Body    any // nil = none
	// Token is the public id the call was about, for the log.
	Token string
}

// Request is one call, its caller known.
type Request struct {
	Caller lifecycle.Caller
	event  *events.APIGatewayProxyRequest
}

// Lambda is a handler for the Lambda runtime, API Gateway REST API proxy events (payload 1.0) in and out.
type Lambda func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// Handler makes an endpoint a Lambda handler. Every answer is a response, refusals and our own faults as well: an error
// from a handler would tell Lambda of a fault, and the caller of none. One line is logged per call.
func Handler(operation string, log *slog.Logger, endpoint Endpoint) Lambda {
	return HandlerWith(refuse, operation, log, endpoint)
}

// Refuse makes an answer of an error, and a machine code for the log.
type Refuse func(err error, requestID string) (events.APIGatewayProxyResponse, string)

// HandlerWith is Handler for an API that tells errors in a form of its own.
func HandlerWith(refuse Refuse, operation string, log *slog.Logger, endpoint Endpoint) Lambda {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		start := time.Now()
		r := &Request{event: &event}
		answer, err := call(ctx, endpoint, r)
		response, code, err := render(refuse, answer, err, event.RequestContext.RequestID)
		attributes := []slog.Attr{
			slog.String("operation", operation), slog.Int("status", response.StatusCode), slog.String("code", code),
			slog.String("apiRequestId", event.RequestContext.RequestID), slog.String("account", string(r.Caller.Account)),
			slog.String("user", string(r.Caller.User)), slog.String("callerToken", string(r.Caller.Token)),
			slog.String("token", answer.Token), slog.Float64("milliseconds", float64(time.Since(start).Microseconds())/1000),
		}
		level := slog.LevelInfo
		if response.StatusCode >= http.StatusInternalServerError {
			level = slog.LevelError
			attributes = append(attributes, slog.String("cause", err.Error()))
		}
		log.LogAttrs(ctx, level, "request", attributes...)
		return response, nil
	}
}

// call runs the endpoint for whoever the authorizer named. A panic is a bug: it is answered like one, with its stack in
// the log, and the next request meets a function that still runs.
func call(ctx context.Context, endpoint Endpoint, r *Request) (answer Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	who, err := principal.FromContext(r.event.RequestContext.Authorizer)
	if err != nil {
		return Answer{}, err
	}
	identity := r.event.RequestContext.Identity
	r.Caller = lifecycle.Caller{Principal: who, Origin: audit.Origin{
		IP: identity.SourceIP, UserAgent: cut(token.Conceal(identity.UserAgent), 256), RequestID: r.event.RequestContext.RequestID,
	}}
	return endpoint(ctx, r)
}

// render makes the response and its code; the error is the one that was answered, if any.
func render(refuse Refuse, answer Answer, err error, requestID string) (events.APIGatewayProxyResponse, string, error) {
	var response events.APIGatewayProxyResponse
	code := "ok"
	if err == nil {
		response, err = answer.response()
	}
	if err != nil {
		response, code = refuse(err, requestID)
	}
	// Answers are about credentials, and two of them hold one.
	response.Headers["Cache-Control"] = "no-store"
	return response, code, err
}

func refuse(err error, requestID string) (events.APIGatewayProxyResponse, string) {
	p := problemOf(err, requestID)
	return p.response(err), p.Code
}

func (a Answer) response() (events.APIGatewayProxyResponse, error) {
	response := events.APIGatewayProxyResponse{StatusCode: a.Status, Headers: map[string]string{}}
	for name, value := range a.Headers {
		response.Headers[name] = value
	}
	if a.Body == nil {
		return response, nil
	}
	var body strings.Builder
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(a.Body); err != nil {
		return response, fmt.Errorf("encoding the answer: %w", err)
	}
	if response.Headers["Content-Type"] == "" {
		response.Headers["Content-Type"] = "application/json"
	}
	response.Body = strings.TrimSuffix(body.String(), "\n")
	return response, nil
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
