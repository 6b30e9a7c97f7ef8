// Command revoke-token is the Lambda function that answers DELETE /v1/tokens/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("revoke-token", func(p *boot.Process) api.Endpoint {
		e := management.Tokens(p)
		return e.Known(e.Revoke)
	})
}
