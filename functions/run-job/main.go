// Command run-job is the Lambda function behind the table's stream that carries out bulk revocations, step by step.
package main

import (
	"log/slog"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/steps"
)

func main() {
	management.Follow(func(m *lifecycle.Manager, log *slog.Logger) any { return steps.Jobs(m, log).Handle })
}
