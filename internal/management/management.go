// Package management builds the functions of the management API. It stands apart from boot so that the authorizer links
// nothing of it.
package management

import (
	"crypto/rand"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Run serves one operation until Lambda stops the process.
func Run(operation string, build func(*boot.Process) api.Endpoint) {
	boot.Run(func(p *boot.Process) any { return api.Handler(operation, p.Log, build(p)) })
}

// Tokens returns the endpoints for a function that shows or ends tokens.
func Tokens(p *boot.Process) *api.Endpoints { return endpoints(p, p.Format()) }

// People returns the endpoints for a function that has to do with users, settings or totals, and shows no token.
func People(p *boot.Process) *api.Endpoints { return endpoints(p, token.Format{}) }

// APIs returns the endpoints for a function that has to do with the rules of APIs.
func APIs(p *boot.Process) *api.Endpoints {
	e := People(p)
	e.Manager.OperatorAccount = user.AccountID(p.Env.Optional("OPERATOR_ACCOUNT", ""))
	return e
}

// WithKeys gives them the keyring, for a function that issues secrets or pages through lists.
func WithKeys(p *boot.Process, e *api.Endpoints) *api.Endpoints {
	e.Manager.Keys = Keyring(p)
	return e
}

func endpoints(p *boot.Process, format token.Format) *api.Endpoints {
	return &api.Endpoints{Format: format, Now: boot.Now, Manager: lifecycle.New(lifecycle.Config{
		Format: format, Store: Table(p), Catalogue: scope.Shipped(), Now: boot.Now, Random: rand.Reader,
	})}
}
