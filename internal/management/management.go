// Package management builds the functions of the management API. It stands apart from boot so that the authorizer links
// nothing of it.
package management

import (
	"context"
	"crypto/rand"
	"log/slog"

	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/user"
)

// Operation is an operation over what Run builds for it.
type Operation func(*api.Endpoints, context.Context, *api.Request) (api.Answer, error)

// Need is something that an operation asks for beyond the table.
type Need func(*function)

type function struct {
	process   *boot.Process
	endpoints *api.Endpoints
	handler   func(name string, log *slog.Logger, endpoint api.Endpoint) api.Lambda
}

// Run serves one operation until Lambda stops the process.
func Run(name string, operation Operation, needs ...Need) {
	boot.Run(func(p *boot.Process) any {
		f := &function{process: p, endpoints: endpoints(p), handler: api.Handler}
		for _, need := range needs {
			need(f)
		}
		return f.handler(name, p.Log, func(ctx context.Context, r *api.Request) (api.Answer, error) { return operation(f.endpoints, ctx, r) })
	})
}

// Keys gives an operation the keyring: it issues secrets, or pages through lists.
func Keys(f *function) { f.endpoints.Manager.Keys = f.process.Keyring() }

// As has errors told in the form of another API than our own.
func As(handler func(name string, log *slog.Logger, endpoint api.Endpoint) api.Lambda) Need {
	return func(f *function) { f.handler = handler }
}

// Serve serves an endpoint that needs nothing, not even the table.
func Serve(name string, handler func(name string, log *slog.Logger, endpoint api.Endpoint) api.Lambda, endpoint api.Endpoint) {
	boot.Run(func(p *boot.Process) any { return handler(name, p.Log, endpoint) })
}

// Follow serves what the table's stream calls: a function that the Lambda runtime takes.
func Follow(handler func(*lifecycle.Manager, *slog.Logger) any) {
	boot.Run(func(p *boot.Process) any { return handler(endpoints(p).Manager, p.Log) })
}

func endpoints(p *boot.Process) *api.Endpoints {
	return &api.Endpoints{Format: p.Format(), Now: boot.Now, Manager: lifecycle.New(lifecycle.Config{
		Format: p.Format(), Store: table(p), Catalogue: scope.Shipped(), Now: boot.Now, Random: rand.Reader,
		OperatorAccount: user.AccountID(p.Env.Optional("OPERATOR_ACCOUNT", "")),
	})}
}
