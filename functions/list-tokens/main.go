// Command list-tokens is the Lambda function that answers GET /v1/tokens.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-tokens", (*api.Endpoints).List, management.Keys)
}
