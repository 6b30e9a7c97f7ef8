// Package boot builds what the functions run, from their environment: each piece once per process, and only the pieces
// a function asks for. A function whose settings make no sense says which on standard error and does not start.
package boot

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/keyring"
	"github.com/tokenwright/tokenwright/internal/token"
)

// Now is the clock of everything that a function runs: the wall's alone. Go's own time.Now carries a monotonic reading
// as well, by which Go compares two instants, and which stands still while Lambda freezes a process: what is held for a
// second would be held for as long as nobody calls. Functions hand on this clock and no other.
func Now() time.Time { return time.Now().Round(0) }

// Process is one function's process while it is being built.
type Process struct {
	Env *Env
	Log *slog.Logger // JSON with Lambda's field names and request id, at the level of the function's LoggingConfig

	warm []func(context.Context) error
	then []func()
}

// warmBudget bounds what is done before the first request. Lambda gives the start 10 seconds and a full CPU.
const warmBudget = 3 * time.Second

// Run builds a handler, opens what it asked for side by side, and serves until Lambda stops the process.
func Run(build func(*Process) any) {
	p := &Process{Env: NewEnv(os.LookupEnv), Log: lambdacontext.NewLogger()}
	handler := build(p)
	if err := p.Env.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p.open()
	lambda.Start(handler)
}

// Warm has something done before the first request, side by side with everything else that asked: TLS to DynamoDB and
// the keyring, which the first request would otherwise wait for on a fraction of the CPU.
func (p *Process) Warm(do func(context.Context) error) { p.warm = append(p.warm, do) }

// Then has something done after that, last before the first request.
func (p *Process) Then(do func()) { p.then = append(p.then, do) }

// open does what Warm and Then were told. A failure is no failure yet: the first request tries again.
func (p *Process) open() {
	ctx, cancel := context.WithTimeout(context.Background(), warmBudget)
	defer cancel()
	var all sync.WaitGroup
	for _, warm := range p.warm {
		all.Go(func() {
			if err := warm(ctx); err != nil {
				p.Log.Warn("not ready at the start", "cause", err.Error())
			}
		})
	}
	all.Wait()
	for _, do := range p.then {
		do()
	}
}

// Credentials are the execution role's, which Lambda renews by renewing the process.
func (p *Process) Credentials() aws.Credentials {
	return aws.Credentials{
		AccessKeyID: p.Env.Required("AWS_ACCESS_KEY_ID"), SecretAccessKey: p.Env.Required("AWS_SECRET_ACCESS_KEY"),
		SessionToken: p.Env.Optional("AWS_SESSION_TOKEN", ""), Source: "environment",
	}
}

// Keyring returns the digest keys, and has them read before the first request.
func (p *Process) Keyring() *keyring.Keyring {
	source, err := keyring.Open(p.Env.Required("AWS_REGION"), p.Env.Optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", ""),
		p.Env.Required("KEYRING_SECRET_ID"), p.Credentials())
	if err != nil {
		p.Env.Fail("AWS_ENDPOINT_URL_SECRETS_MANAGER", err.Error())
		return nil
	}
	ring := keyring.New(source, Now)
	p.Warm(ring.Load)
	return ring
}

// Format returns the format of tokens.
func (p *Process) Format() token.Format {
	f, err := token.NewFormat(p.Env.Required("TOKEN_PREFIX"))
	if err != nil {
		p.Env.Fail("TOKEN_PREFIX", err.Error())
	}
	return f
}
