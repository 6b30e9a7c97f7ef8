// Command get-token is the Lambda function that answers GET /v1/tokens/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("get-token", (*api.Endpoints).Get)
}
