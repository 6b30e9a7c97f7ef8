// Package authorizer is the Lambda authorizer of API Gateway and AppSync: it takes the credential out of an event, has
// it validated, and answers in the form the event's kind of API expects. It guarantees that a refusal is told from an
// outage (401 or 403, never for something that could not be reached), that the answer holds for every route of the API
// and stage unless the operator says that the gateway does not cache it, and that nothing of a credential is logged but its
// public id. What the rules of an API say of its routes is package route's; this says it in each gateway's words.
package authorizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// Validator decides on credentials; validate.Validator is the one there is.
type Validator interface {
	Validate(ctx context.Context, r validate.Request) (validate.Admission, error)
}

// Config is what New needs. Validator, HTTPResponse, Log and Count must be set.
type Config struct {
	Validator    Validator
	HTTPResponse ResponseKind
	Places       Places // zero = DefaultHeaders and nowhere else
	// ClientAddress says whose word counts for the caller's address; zero = Gateway.
	ClientAddress ClientAddress
	// AppSyncTTL is how long AppSync may reuse an answer, whatever the API's own setting; zero = not at all. A revoked
	// token works for as long.
	AppSyncTTL time.Duration
	// Budget bounds a decision; what is not known by then is an error. Zero = the deadline of the caller alone.
	Budget time.Duration
	Log    *slog.Logger
	// Count is told each outcome (allowed, unauthenticated, denied, error) and the reason.
	Count func(ctx context.Context, outcome, reason string)
}

// Authorizer answers authorizer events. It is safe for concurrent use.
type Authorizer struct{ Config }

// New returns an Authorizer.
func New(c Config) *Authorizer {
	c.Places = c.Places.complete()
	return &Authorizer{Config: c}
}

// Invoke makes the Authorizer a handler of bytes, which the runtime neither decodes nor encodes once more.
func (a *Authorizer) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	return a.Handle(ctx, event)
}

// Handle answers one event. An error other than "Unauthorized" becomes the gateway's authorizer failure (a 5xx): the
// store or the keyring could not be reached, or the function is attached where it cannot work.
func (a *Authorizer) Handle(ctx context.Context, event json.RawMessage) (answer json.RawMessage, err error) {
	start := time.Now()
	if a.Budget > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Budget)
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil { // the runtime would log it with what it was called on
			a.Log.ErrorContext(ctx, "panic", "stack", string(debug.Stack()))
			answer, err = nil, errors.New("internal error")
		}
	}()
	r, err := a.parse(event)
	if err != nil {
		a.note(ctx, r, start, principal.Principal{}, "error", "bad_event", err)
		return nil, err
	}
	admitted, err := a.validate(ctx, r)
	p := admitted.Principal
	if err == nil {
		if answer, err = a.admit(r, admitted); errors.Is(err, errTooLarge) {
			err = &validate.Denial{Reason: validate.PolicyTooLarge, Token: p.Token, Authentic: true}
		}
	}
	return a.conclude(ctx, r, start, p, answer, err)
}

func (a *Authorizer) validate(ctx context.Context, r request) (validate.Admission, error) {
	credential, err := r.credential()
	if err != nil {
		return validate.Admission{}, err
	}
	return a.Validator.Validate(ctx, validate.Request{Credential: credential, From: r.from, API: r.api})
}

// conclude turns what was decided into what the gateway understands. An answer beside a denial is what refuses.
func (a *Authorizer) conclude(ctx context.Context, r request, start time.Time, p principal.Principal, answer json.RawMessage, err error) (json.RawMessage, error) {
	var denial *validate.Denial
	switch {
	case err == nil:
		a.note(ctx, r, start, p, "allowed", "", nil)
		return answer, nil
	case !errors.As(err, &denial):
		a.note(ctx, r, start, p, "error", "unavailable", err)
		return nil, fmt.Errorf("cannot decide: %w", err)
	}
	p.Token = denial.Token
	if denial.Forbidden() {
		a.note(ctx, r, start, p, "denied", denial.Reason, err)
		if answer != nil {
			return answer, nil
		}
		return a.deny(r, denial)
	}
	a.note(ctx, r, start, p, "unauthenticated", denial.Reason, err)
	if !r.kind.has401() {
		return a.deny(r, denial)
	}
	return nil, errUnauthorized
}

// note logs and counts one decision.
func (a *Authorizer) note(ctx context.Context, r request, start time.Time, p principal.Principal, outcome string, reason validate.Reason, cause error) {
	level := slog.LevelInfo
	if outcome == "error" {
		level = slog.LevelError
	}
	attributes := []slog.Attr{
		slog.String("outcome", outcome), slog.String("reason", string(reason)), slog.String("event", string(r.kind)),
		slog.String("api", string(r.api)), slog.String("apiRequestId", r.requestID), slog.String("token", string(p.Token)), slog.String("account", string(p.Account)),
		slog.String("user", string(p.User)), slog.String("sourceIp", sourceIP(r.from)),
		slog.Float64("milliseconds", float64(time.Since(start).Microseconds())/1000),
	}
	if cause != nil {
		attributes = append(attributes, slog.String("cause", cause.Error()))
	}
	a.Log.LogAttrs(ctx, level, "validation", attributes...)
	a.Count(ctx, outcome, string(reason))
}

func sourceIP(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
