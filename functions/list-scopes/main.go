// Command list-scopes is the Lambda function that answers GET /v1/scopes.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scope"
)

func main() {
	management.Serve("list-scopes", api.Handler, api.Scopes(scope.Shipped()))
}
