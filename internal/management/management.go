// Package management builds the functions of the management API. It stands apart from boot so that the authorizer links
// nothing of it.
package management

import (
	"crypto/rand"
	"time"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
)

// Run serves one operation until Lambda stops the process.
func Run(operation string, build func(*boot.Process) api.Endpoint) {
	boot.Run(func(p *boot.Process) any { return api.Handler(operation, p.Log, build(p)) })
}

// Tokens returns the endpoints about tokens, for a function that shows or ends them.
func Tokens(p *boot.Process) *api.Tokens {
	format := p.Format()
	return &api.Tokens{Format: format, Now: time.Now, Manager: lifecycle.New(lifecycle.Config{
		Format: format, Store: p.Table(), Catalogue: scope.Shipped(), Now: time.Now, Random: rand.Reader,
	})}
}

// TokensWithKeys is Tokens for a function that issues secrets or pages through lists.
func TokensWithKeys(p *boot.Process) *api.Tokens {
	t := Tokens(p)
	t.Manager.Keys = p.Keyring()
	return t
}
