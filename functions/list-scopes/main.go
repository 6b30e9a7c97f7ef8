// Command list-scopes is the Lambda function that answers GET /v1/scopes.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scope"
)

func main() {
	management.Run("list-scopes", func(*boot.Process) api.Endpoint { return api.Scopes(scope.Shipped()) })
}
