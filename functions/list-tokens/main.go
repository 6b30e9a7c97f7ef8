// Command list-tokens is the Lambda function that answers GET /v1/tokens.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-tokens", func(p *boot.Process) api.Endpoint {
		return management.WithKeys(p, management.Tokens(p)).List
	})
}
