// Package authctx tells a function behind Tokenwright's authorizer who called it and what the caller may do. It reads
// the event of a REST, HTTP, WebSocket or AppSync API; it guarantees that a Principal it returns was made by the
// authorizer, and leaves to the function which scope a route needs.
//
// That the event came from the gateway is Lambda's business: let the function's resource policy admit nobody else, which
// is what SAM does by itself.
package authctx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/principal/wire"
)

// ErrNone is returned for an event without a principal: the route was deployed without the authorizer.
var ErrNone = errors.New("the event names no principal: is the authorizer attached to this route?")

// Kind says by what kind of credential the caller was recognised.
type Kind string

// The kinds of callers.
const (
	Person   Kind = wire.Person   // signed in with an OIDC JWT
	Personal Kind = wire.Personal // a personal token, which acts as its owner
	Service  Kind = wire.Service  // a service token, which acts as its own user
)

// Principal is who the authorizer recognised.
type Principal struct {
	// TokenID names the token without being one; "" for a Person.
	TokenID   string
	AccountID string
	UserID    string
	Kind      Kind
	// Environment is "live" or "test"; "" for a Person.
	Environment string
	// Scopes is what the caller may do, each one spelled out: no wildcard is left in it.
	Scopes []string
	// ExpiresAt is when the credential ends; the zero time when it does not.
	ExpiresAt time.Time
}

// Has says whether the caller holds the scope.
func (p Principal) Has(scope string) bool { return slices.Contains(p.Scopes, scope) }

// Expired says whether the credential had ended at t. A request was checked when it came in; ask this for what lasts
// longer than one, such as a WebSocket.
func (p Principal) Expired(t time.Time) bool { return !p.ExpiresAt.IsZero() && !t.Before(p.ExpiresAt) }

// FromREST returns who called through a REST API, or through an HTTP API with payload format 1.0.
func FromREST(request events.APIGatewayProxyRequest) (Principal, error) {
	return FromContext(request.RequestContext.Authorizer)
}

// FromHTTP returns who called through an HTTP API with payload format 2.0.
func FromHTTP(request events.APIGatewayV2HTTPRequest) (Principal, error) {
	if request.RequestContext.Authorizer == nil {
		return Principal{}, ErrNone
	}
	return FromContext(request.RequestContext.Authorizer.Lambda)
}

// FromWebSocket returns who opened the WebSocket that an event of any of its routes belongs to. The authorizer was asked
// when it was opened, and is not asked again.
func FromWebSocket(request events.APIGatewayWebsocketProxyRequest) (Principal, error) {
	context, _ := request.RequestContext.Authorizer.(map[string]any)
	return FromContext(context)
}

// AppSyncIdentity is the member "identity" of what AppSync sends a Lambda resolver; aws-lambda-go has no type for it.
type AppSyncIdentity struct {
	ResolverContext map[string]any `json:"resolverContext"`
}

// FromAppSync returns who called through an AppSync API.
func FromAppSync(identity AppSyncIdentity) (Principal, error) {
	return FromContext(identity.ResolverContext)
}

// FromContext reads the authorizer's context as it is; the other functions know where in an event it stands.
func FromContext(context map[string]any) (Principal, error) {
	get := func(key string) string { s, _ := context[key].(string); return s }
	p := Principal{
		TokenID: get(wire.Token), AccountID: get(wire.Account), UserID: get(wire.User), Kind: Kind(get(wire.Kind)),
		Environment: get(wire.Environment), Scopes: strings.Fields(get(wire.Scopes)),
	}
	token := p.Kind == Personal || p.Kind == Service
	if p.AccountID == "" || p.UserID == "" || (token && p.TokenID == "") || (!token && p.Kind != Person) {
		return Principal{}, ErrNone
	}
	if expires := get(wire.Expires); expires != "" {
		var err error
		if p.ExpiresAt, err = time.Parse(wire.TimeLayout, expires); err != nil {
			return Principal{}, fmt.Errorf("%w (%w)", ErrNone, err)
		}
	}
	return p, nil
}

// Subprotocol is what a function of the route $connect must answer as Sec-WebSocket-Protocol when the client offered
// it, or a browser closes the WebSocket again. The credential that stood beside it is never answered.
const Subprotocol = wire.Subprotocol
