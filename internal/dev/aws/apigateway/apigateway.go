// Package apigateway answers requests the way API Gateway does for the APIs of
// a SAM template: REST APIs with payload 1.0, HTTP APIs with payload 2.0, both
// with Lambda authorizers.
//
// It guarantees the behaviour a caller or an authorizer can notice: which route
// wins, what a function gets to see, when an authorizer is asked and for how
// long its answer is kept, Deny before Allow, and the statuses, headers and
// bodies of refusals. Differences that remain:
//
//   - the API is served at the root, while the stage's name stands in the
//     events, and the Host header is what the client sent;
//   - throttling, usage plans, request validation, CORS, resource policies,
//     WAF, caching of answers and access logs do not exist;
//   - an unknown REST route is always MISSING_AUTHENTICATION_TOKEN, also when
//     the request carries an Authorization header that AWS would try to read
//     as a signature;
//   - HTTP API: every error of an authorizer's function is a 500. What AWS
//     makes of the error "Unauthorized" is not documented there.
package apigateway

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
)

// Limits of the service.
const (
	maxBody       = 10 * 1024 * 1024
	maxHeaders    = 10240 // request line and headers together
	maxMethodARN  = 1600
	maxAnswer     = 8 * 1024 // of an authorizer
	maxResource   = 512      // of one resource in an authorizer's policy
	authorizeTime = 29 * time.Second
	httpAuthTime  = 10 * time.Second
)

// Invoker runs a function by its ARN.
type Invoker interface {
	Invoke(ctx context.Context, function string, event []byte) (lambda.Result, error)
}

// Options of both kinds of API.
type Options struct {
	Invoker Invoker
	// Log receives a line for what a caller is not told, e.g. why an
	// authorizer's answer was refused; nil discards it.
	Log io.Writer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Region and AccountID stand in ARNs and events.
	Region, AccountID string
}

func (o *Options) complete() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
}

func (o *Options) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.Log, "api gateway | "+format+"\n", args...)
}

// arn names a route: arn:aws:execute-api:region:account:api/stage/METHOD/path.
func (o *Options) arn(api, stage, method, path string) string {
	return "arn:aws:execute-api:" + o.Region + ":" + o.AccountID + ":" + api + "/" + stage + "/" + method + path
}
