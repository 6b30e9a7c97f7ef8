// Command create-token is the Lambda function that answers POST /v1/tokens.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("create-token", func(p *boot.Process) api.Endpoint {
		e := management.WithKeys(p, management.Tokens(p))
		return e.Known(e.Create)
	})
}
