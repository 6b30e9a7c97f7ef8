// Package guard is all that a function behind Tokenwright's authorizer needs: who called, whether they may, and the
// problem document for when they may not. It guarantees that the function behind it runs only for a caller that the
// authorizer recognised and that holds the scope; what the credential was, and whether it was good, was settled before.
//
// Copy it, or do the same in your language: API Gateway hands a function the authorizer's findings as the strings
// accountId, userId, tokenId, kind, environment, scopes and expiresAt under requestContext.authorizer.
package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

type (
	// Request is what API Gateway sends a function of a REST API.
	Request = events.APIGatewayProxyRequest
	// Response is what the function answers.
	Response = events.APIGatewayProxyResponse
	// Handler is a Lambda handler of a REST API.
	Handler = func(context.Context, Request) (Response, error)
)

// Caller is who the authorizer recognised.
type Caller struct {
	AccountID string `json:"accountId"`
	UserID    string `json:"userId"`
	// TokenID names the token, without being one; empty when a person called with a JWT.
	TokenID string `json:"tokenId"`
	// Kind is "personal", "service" or "person".
	Kind string `json:"kind"`
	// Environment is "live" or "test"; empty when a person called with a JWT.
	Environment string `json:"environment"`
	// Scopes is what the caller may do now, each one spelled out: no wildcards are left in it.
	Scopes []string `json:"scopes"`
}

// May says whether the caller holds the scope.
func (c Caller) May(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Require answers 403 to callers without the scope, and calls serve for the others. Every API decides by scope for
// itself: the authorizer knows the caller but not what your routes need.
func Require(scope string, serve func(context.Context, Request, Caller) (Response, error)) Handler {
	return func(ctx context.Context, request Request) (Response, error) {
		caller, ok := callerOf(request)
		if !ok {
			// A route that was deployed without the authorizer. Never served, and never quietly.
			slog.ErrorContext(ctx, "no caller in the authorizer's context", "route", request.Resource)
			return Refuse(request, http.StatusInternalServerError, "internal", "Something went wrong on our side. The request id finds it in the log."), nil
		}
		if !caller.May(scope) {
			refusal := Refuse(request, http.StatusForbidden, "insufficient_scope", fmt.Sprintf("This needs the scope %s.", scope))
			// RFC 6750, section 3.1. A REST API delivers it as x-amzn-remapped-www-authenticate.
			refusal.Headers["WWW-Authenticate"] = fmt.Sprintf(`Bearer error="insufficient_scope", scope="%s"`, scope)
			return refusal, nil
		}
		return serve(ctx, request, caller)
	}
}

// JSON answers with v.
func JSON(status int, v any) (Response, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Response{}, fmt.Errorf("encoding the answer: %w", err)
	}
	return Response{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store"},
		Body:       string(body),
	}, nil
}

// Refuse answers with a problem document (RFC 9457), shaped as Tokenwright's own are.
func Refuse(request Request, status int, code, detail string) Response {
	text := http.StatusText(status)
	body, _ := json.Marshal(map[string]any{ // strings and a number always encode
		"type": "about:blank", "title": text, "status": status, "detail": detail,
		"error": text, "code": code, "requestId": request.RequestContext.RequestID,
	})
	return Response{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"},
		Body:       string(body),
	}
}

func callerOf(request Request) (Caller, bool) {
	get := func(key string) string { s, _ := request.RequestContext.Authorizer[key].(string); return s }
	c := Caller{
		AccountID: get("accountId"), UserID: get("userId"), TokenID: get("tokenId"),
		Kind: get("kind"), Environment: get("environment"), Scopes: strings.Fields(get("scopes")),
	}
	return c, c.AccountID != "" && c.UserID != "" && c.Kind != ""
}
