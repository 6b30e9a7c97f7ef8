// Command authorizer is the Lambda authorizer: of this service's own API, and of every API that attaches it.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/obs"
	"github.com/tokenwright/tokenwright/internal/oidc"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/validate"
)

// touchBudget is the most that noting a use may add to a decision, once a minute per token.
const touchBudget = 150 * time.Millisecond

func main() { boot.Run(build) }

func build(p *boot.Process) any {
	response := authorizer.ResponseKind(p.Env.Optional("HTTP_API_RESPONSE", string(authorizer.Simple)))
	if response != authorizer.Simple && response != authorizer.IAM {
		p.Env.Fail("HTTP_API_RESPONSE", "want simple or iam")
	}
	validator := validate.New(validate.Config{
		Format: p.Format(), Store: p.Table(), Keys: p.Keyring(), Catalogue: scope.Shipped(), People: people(p), Now: time.Now,
		TouchBudget: touchBudget,
	})
	metrics := obs.Metrics{Writer: os.Stdout, Now: time.Now}
	return authorizer.New(authorizer.Config{Validator: validator, HTTPResponse: response, Log: p.Log, Count: metrics.Validation}).Handle
}

// people returns who verifies JWTs; nil when the deployment trusts no issuer.
func people(p *boot.Process) validate.People {
	issuer := p.Env.Optional("OIDC_ISSUER", "")
	if issuer == "" {
		return nil
	}
	return oidc.New(oidc.Config{
		Issuer: issuer, Audience: p.Env.Required("OIDC_AUDIENCE"), AccountClaim: p.Env.Optional("OIDC_ACCOUNT_CLAIM", "account"),
		RolesClaim: p.Env.Optional("OIDC_ROLES_CLAIM", "roles"), Client: &http.Client{Timeout: 3 * time.Second}, Now: time.Now,
	})
}
