// Command purge-tokens is the Lambda function behind the table's stream that removes the tokens of offboarded users.
package main

import (
	"log/slog"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/steps"
)

func main() {
	management.Follow(func(m *lifecycle.Manager, log *slog.Logger) any { return steps.Purges(m, log).Handle })
}
