package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Endpoints are the operations of the management API.
type Endpoints struct {
	Manager *lifecycle.Manager
	Format  token.Format
	Now     func() time.Time
}

func (e *Endpoints) answer(status int, t *token.Token) Answer {
	return Answer{Status: status, Headers: map[string]string{"ETag": etag(t)}, Body: show(e.Format, t, e.Now()), Token: string(t.ID)}
}

// issued answers with the secret. It is the one place that reveals one.
func (e *Endpoints) issued(status int, i *lifecycle.Issued) Answer {
	a := e.answer(status, &i.Token)
	body := show(e.Format, &i.Token, e.Now())
	body.Token = i.Secret.Reveal()
	a.Body = body
	return a
}

// Create answers POST /v1/tokens.
func (e *Endpoints) Create(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	o, err := r.object(false)
	if err != nil {
		return Answer{}, err
	}
	in := lifecycle.Create{
		Name: plain[string](o, "name", "text").Value, Description: plain[string](o, "description", "text").Value,
		Scopes: take[[]scope.Pattern](o, "scopes", "a list of scopes, or null"), ExpiresAt: o.instant("expiresAt"), ExpiresIn: o.period("expiresIn"),
		NotBefore: o.instant("notBefore").Value, CIDRs: take[[]string](o, "allowedCidrBlocks", "a list of CIDR blocks"),
	}
	in.Kind = choice(o, "kind", "personal or service", token.ParseKind)
	in.Environment = choice(o, "environment", "live or test", token.ParseEnvironment)
	if in.IdempotencyKey, err = r.idempotencyKey(); err != nil {
		return Answer{}, err
	}
	if err := o.done(tokenFields...); err != nil {
		return Answer{}, err
	}
	issued, err := e.Manager.Create(ctx, r.Caller, in)
	if err != nil {
		return Answer{}, err
	}
	a := e.issued(http.StatusCreated, &issued)
	a.Headers["Location"] = r.called() + "/" + string(issued.Token.ID)
	return a, nil
}

// choice reads a member that is one of a few words; absent = the zero value.
func choice[T ~string](o *object, name, what string, parse func(string) (T, bool)) T {
	f := plain[string](o, name, what)
	if !f.Set || o.hasFault(name) {
		return ""
	}
	v, ok := parse(f.Value)
	if !ok {
		o.fault(name, "bad_value", "Want %s.", what)
	}
	return v
}

// idempotencyKey reads the header of draft-ietf-httpapi-idempotency-key-header: up to 255 visible ASCII characters.
func (r *Request) idempotencyKey() (string, error) {
	s, ok, err := r.once("Idempotency-Key")
	switch {
	case err != nil || !ok:
		return "", err
	case s == "":
		return "", malformed("Idempotency-Key", "empty", "The key is empty. Send one of your own for each request, such as a UUID, or leave the header out.")
	case len(s) > 255:
		return "", malformed("Idempotency-Key", "too_long", "At most 255 characters.")
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return "", malformed("Idempotency-Key", "bad_character", "Visible ASCII characters only, such as a UUID.")
		}
	}
	return s, nil
}

// Get answers GET /v1/tokens/{id}.
func (e *Endpoints) Get(ctx context.Context, r *Request) (Answer, error) {
	target, err := r.target()
	if err != nil {
		return Answer{}, err
	}
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	t, err := e.Manager.Get(ctx, r.Caller, target)
	if err != nil {
		return Answer{}, err
	}
	return e.answer(http.StatusOK, &t), nil
}

// changing reads what every change names: which token, and at which version.
func (r *Request) changing() (lifecycle.Target, int64, error) {
	target, err := r.target()
	if err != nil {
		return lifecycle.Target{}, 0, err
	}
	if _, err := r.query(); err != nil { // somebody may well hope for ?dryRun=true
		return lifecycle.Target{}, 0, err
	}
	version, err := r.ifMatch()
	return target, version, err
}

// Update answers PATCH /v1/tokens/{id}.
func (e *Endpoints) Update(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changing()
	if err != nil {
		return Answer{}, err
	}
	o, err := r.object(false)
	if err != nil {
		return Answer{}, err
	}
	in := lifecycle.Update{
		Name: plain[string](o, "name", "text"), Description: plain[string](o, "description", "text"),
		Active: plain[bool](o, "isActive", "true or false"), CIDRs: take[[]string](o, "allowedCidrBlocks", "a list of CIDR blocks"),
		Scopes: take[[]scope.Pattern](o, "scopes", "a list of scopes"), ExpiresAt: o.instant("expiresAt"),
	}
	if err := o.done(slices.Concat(tokenFields, []string{"expiresIn"})...); err != nil {
		return Answer{}, err
	}
	t, err := e.Manager.Update(ctx, r.Caller, target, version, in)
	if err != nil {
		return Answer{}, err
	}
	return e.answer(http.StatusOK, &t), nil
}

// Revoke answers DELETE /v1/tokens/{id}.
func (e *Endpoints) Revoke(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changing()
	if err != nil {
		return Answer{}, err
	}
	if err := e.Manager.Revoke(ctx, r.Caller, target, version); err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusNoContent, Token: string(target.ID)}, nil
}

// Transfer answers POST /v1/tokens/{id}/transfer.
func (e *Endpoints) Transfer(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changing()
	if err != nil {
		return Answer{}, err
	}
	o, err := r.object(false)
	if err != nil {
		return Answer{}, err
	}
	to := o.userID("userId")
	if err := o.done(); err != nil {
		return Answer{}, err
	}
	t, err := e.Manager.Transfer(ctx, r.Caller, target, version, to)
	if err != nil {
		return Answer{}, err
	}
	return e.answer(http.StatusOK, &t), nil
}

// Summarize answers GET /v1/tokens/summary.
func (e *Endpoints) Summarize(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	s, err := e.Manager.Summarize(ctx, r.Caller)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusOK, Body: showSummary(&s)}, nil
}

// RevokeIssuedBefore answers POST /v1/tokens/revoke-issued-before.
func (e *Endpoints) RevokeIssuedBefore(ctx context.Context, r *Request) (Answer, error) {
	if _, err := r.query(); err != nil {
		return Answer{}, err
	}
	o, err := r.object(false)
	if err != nil {
		return Answer{}, err
	}
	who, before, reason := plain[string](o, "userId", "a user id, or me"), o.instant("before"), o.reason()
	if !before.Set || before.Null {
		o.fault("before", "required", "Say before which instant the tokens were issued.")
	}
	var target *lifecycle.Person
	if who.Set {
		p, err := r.parsePerson(who.Value)
		if err != nil {
			o.fault("userId", "bad_id", "A user id is usr_ and 11 letters or digits, or me.")
		}
		target = &p
	}
	if err := o.done(); err != nil {
		return Answer{}, err
	}
	if err := e.Manager.RevokeIssuedBefore(ctx, r.Caller, target, before.Value, reason); err != nil {
		return Answer{}, err
	}
	return Answer{Status: http.StatusNoContent}, nil
}

// Rotate answers POST /v1/tokens/{id}/rotate.
func (e *Endpoints) Rotate(ctx context.Context, r *Request) (Answer, error) {
	target, version, err := r.changing()
	if err != nil {
		return Answer{}, err
	}
	o, err := r.object(true)
	if err != nil {
		return Answer{}, err
	}
	grace := o.period("gracePeriod")
	key, err := r.idempotencyKey()
	if err != nil {
		return Answer{}, err
	}
	if err := o.done(tokenFields...); err != nil {
		return Answer{}, err
	}
	issued, err := e.Manager.RotateOnce(ctx, r.Caller, target, version, grace, key)
	if err != nil {
		return Answer{}, err
	}
	return e.issued(http.StatusOK, &issued), nil
}
