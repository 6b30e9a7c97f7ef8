// Command rotate-token is the Lambda function that answers POST /v1/tokens/{id}/rotate.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("rotate-token", (*api.Endpoints).Rotate, management.Keys)
}
