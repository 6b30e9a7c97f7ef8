// Command list-apis is the Lambda function that answers GET /v1/apis.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-apis", func(p *boot.Process) api.Endpoint {
		return management.WithKeys(p, management.APIs(p)).ListAPIs
	})
}
