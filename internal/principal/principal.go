// Package principal says who a request acts as, and carries that from the authorizer to the functions behind it: as
// the flat string map that API Gateway calls the authorizer's context. The map holds names and permissions, never a
// secret, and nothing that belongs to one request alone, because a gateway may cache it.
package principal

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/principal/wire"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// ErrNone is returned for a context that names no principal: the request did not come through the authorizer.
var ErrNone = errors.New("no principal in the authorizer's context")

// Kind says by what kind of credential the principal was recognised.
type Kind string

// The kinds of principals.
const (
	Person   Kind = wire.Person   // signed in with an OIDC JWT
	Personal Kind = wire.Personal // a personal token, acting as its owner
	Service  Kind = wire.Service  // a service token, acting as its token user
)

// Profile says what the table knew of a signed-in person when the request was authorized.
type Profile string

// The states of a person's profile.
const (
	ProfileCurrent Profile = "current" // stored, with the roles that count
	ProfileStale   Profile = "stale"   // stored with roles that were said earlier
	ProfileMissing Profile = "missing" // first seen now
)

// Principal is who a request acts as, after authentication. It was live when it was made; Scopes is what it may do.
type Principal struct {
	Kind        Kind
	Account     user.AccountID
	User        user.ID
	Token       token.ID          // "" for a person
	Environment token.Environment // "" for a person
	Scopes      scope.Set         // effective: already cut by what the owner may do
	ExpiresAt   time.Time         // of the credential; zero = never

	// Of a signed-in person alone.
	Subject       string
	Roles         []string  // that count now
	RolesStatedAt time.Time // when they were said; zero = nobody ever said anything
	Profile       Profile
}

// IsToken says whether the principal presented an API token.
func (p Principal) IsToken() bool { return p.Kind != Person }

// TimeLayout writes instants as every answer of Tokenwright does.
const TimeLayout = wire.TimeLayout

// Context returns the principal as strings: REST APIs deliver every context value as a string, whatever was sent.
func (p Principal) Context() map[string]string {
	c := map[string]string{
		wire.Token: string(p.Token), wire.Account: string(p.Account), wire.User: string(p.User), wire.Kind: string(p.Kind),
		wire.Environment: string(p.Environment), wire.Scopes: p.Scopes.String(), wire.Expires: instant(p.ExpiresAt),
	}
	if p.Kind == Person {
		c[wire.Subject], c[wire.Roles], c[wire.Profile] = p.Subject, strings.Join(p.Roles, ","), string(p.Profile)
		c[wire.RolesStatedAt] = instant(p.RolesStatedAt)
	}
	return c
}

// instant writes a time; "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(TimeLayout)
}

// FromContext reads what Context wrote. It trusts the map, which API Gateway alone can have filled: the functions'
// resource policies let nobody else invoke them. A map that cannot be Context's is ErrNone.
func FromContext(context map[string]any) (Principal, error) {
	get := func(key string) string { s, _ := context[key].(string); return s }
	p := Principal{
		Kind: Kind(get(wire.Kind)), Account: user.AccountID(get(wire.Account)), Token: token.ID(get(wire.Token)),
		Environment: token.Environment(get(wire.Environment)), Scopes: scope.ParseSet(get(wire.Scopes)),
		Subject: get(wire.Subject), Profile: Profile(get(wire.Profile)),
	}
	if roles := get(wire.Roles); roles != "" {
		p.Roles = strings.Split(roles, ",")
	}
	var err error
	if p.User, err = user.ParseID(get(wire.User)); err != nil || p.Account == "" {
		return Principal{}, ErrNone
	}
	switch p.Kind {
	case Personal, Service:
		_, err = token.ParseID(get(wire.Token))
	case Person:
		err = token.CheckSubject(p.Subject)
	default:
		err = ErrNone
	}
	if err != nil {
		return Principal{}, ErrNone
	}
	for _, at := range []struct {
		key  string
		into *time.Time
	}{{wire.Expires, &p.ExpiresAt}, {wire.RolesStatedAt, &p.RolesStatedAt}} {
		if s := get(at.key); s != "" {
			if *at.into, err = time.Parse(TimeLayout, s); err != nil {
				return Principal{}, fmt.Errorf("%w: %w", ErrNone, err)
			}
		}
	}
	return p, nil
}
