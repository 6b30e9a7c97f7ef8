// Command create-token is the Lambda function that answers POST /v1/tokens.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("create-token", (*api.Endpoints).Create, management.Keys)
}
