// Command put-api is the Lambda function that answers PUT /v1/apis/{apiId}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("put-api", func(p *boot.Process) api.Endpoint {
		e := management.APIs(p)
		return e.Known(e.PutAPI)
	})
}
