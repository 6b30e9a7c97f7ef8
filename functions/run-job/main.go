// Command run-job is the Lambda function behind the table's stream that carries out bulk revocations, step by step.
package main

import (
	"crypto/rand"

	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/steps"
)

func main() {
	boot.Run(func(p *boot.Process) any {
		m := lifecycle.New(lifecycle.Config{Store: management.Table(p), Catalogue: scope.Shipped(), Now: boot.Now, Random: rand.Reader})
		return steps.Jobs(m, p.Log).Handle
	})
}
