package authctx

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// RequireREST makes a handler for a REST API, or an HTTP API with payload format 1.0, out of one that runs only for
// callers with the scope. The others get InsufficientScope; and a route that was deployed without the authorizer is not
// served to anybody, nor quietly refused: that is an error in the log and a 500.
func RequireREST(
	scope string, serve func(context.Context, events.APIGatewayProxyRequest, Principal) (events.APIGatewayProxyResponse, error),
) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return func(ctx context.Context, request events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		p, err := FromREST(request)
		if problem := judge(ctx, p, err, scope, request.RequestContext.RequestID); problem != nil {
			return problem.REST(), nil
		}
		return serve(ctx, request, p)
	}
}

// RequireHTTP is RequireREST for an HTTP API with payload format 2.0.
func RequireHTTP(
	scope string, serve func(context.Context, events.APIGatewayV2HTTPRequest, Principal) (events.APIGatewayV2HTTPResponse, error),
) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, request events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		p, err := FromHTTP(request)
		if problem := judge(ctx, p, err, scope, request.RequestContext.RequestID); problem != nil {
			return problem.HTTP(), nil
		}
		return serve(ctx, request, p)
	}
}

// judge returns nil for a caller with the scope.
func judge(ctx context.Context, p Principal, err error, scope, requestID string) *Problem {
	var problem Problem
	switch {
	case err != nil:
		slog.ErrorContext(ctx, "refused", "cause", err.Error(), "apiRequestId", requestID)
		problem = Internal(requestID)
	case !p.Has(scope):
		problem = InsufficientScope(requestID, scope)
	default:
		return nil
	}
	return &problem
}
