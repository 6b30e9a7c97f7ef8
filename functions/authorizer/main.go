// Command authorizer is the Lambda authorizer: of this service's own API, and of every API that attaches it.
package main

import (
	"crypto/rand"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/oidc"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/validate"
)

const (
	// decisionBudget is the most a decision takes, whatever fails meanwhile; then it is an error. The function's own
	// timeout (template.yaml) and the 10 seconds that API Gateway waits are longer, so that the failure is ours to tell.
	decisionBudget = 4 * time.Second
	// touchBudget is the most that noting a use may add to a decision, once a minute per token.
	touchBudget = 150 * time.Millisecond
)

func main() { boot.Run(build) }

func build(p *boot.Process) any {
	catalogue := scope.Shipped()
	validator := validate.New(validate.Config{
		Format: p.Format(), Store: table(p), Keys: p.Keyring(), Catalogue: catalogue, People: people(p, catalogue), Now: boot.Now,
		TouchBudget: touchBudget, Cache: cache(p),
	})
	p.Then(oneAtATime)
	metrics := authorizer.Metrics{Writer: os.Stdout, Now: boot.Now, Stack: p.Env.Required("STACK_NAME")}
	return authorizer.New(gateways(p, authorizer.Config{Validator: validator, Budget: decisionBudget, Log: p.Log, Count: metrics.Validation}))
}

// oneAtATime settles the Go runtime for what Lambda does: one event at a time, on a share of a core. Goroutines that take
// turns on one thread spare waking another for each hand-over, a third of a validation's processor time. It comes after
// the start, which opens connections side by side. Where Lambda runs several events in one process, all cores stay in use.
func oneAtATime() {
	if lambdacontext.MaxConcurrency() == 1 {
		runtime.GOMAXPROCS(1)
	}
}

// cache returns what spares reads for CACHE_SECONDS; nil, which is the standard, when that is 0.
func cache(p *boot.Process) *validate.Cache {
	seconds, err := strconv.Atoi(p.Env.Optional("CACHE_SECONDS", "0"))
	if err == nil && seconds == 0 {
		return nil
	}
	var c *validate.Cache
	if err == nil {
		c, err = validate.NewCache(time.Duration(seconds)*time.Second, rand.Reader)
	}
	if err != nil {
		p.Env.Fail("CACHE_SECONDS", "want a whole number from 0 to 300")
	}
	return c
}

// people returns who verifies JWTs; nil when the deployment trusts no issuer.
func people(p *boot.Process, catalogue *scope.Catalogue) validate.People {
	issuer := p.Env.Optional("OIDC_ISSUER", "")
	if issuer == "" {
		return nil
	}
	config := oidc.Config{
		Issuer: issuer, Audience: p.Env.Required("OIDC_AUDIENCE"), AccountClaim: p.Env.Optional("OIDC_ACCOUNT_CLAIM", "account"),
		RolesClaim:  p.Env.Optional("OIDC_ROLES_CLAIM", "roles"),
		RoleClients: strings.FieldsFunc(p.Env.Optional("OIDC_ROLE_CLIENTS", ""), func(r rune) bool { return r == ',' || r == ' ' }),
		HasRole:     catalogue.HasRole, Client: &http.Client{Timeout: 3 * time.Second}, Now: boot.Now,
		SAMLocal: p.Env.Optional("AWS_SAM_LOCAL", "") == "true", // which the SAM CLI sets
	}
	if err := config.CheckAddress(issuer); err != nil {
		p.Env.Fail("OIDC_ISSUER", err.Error())
	}
	return oidc.New(config)
}
