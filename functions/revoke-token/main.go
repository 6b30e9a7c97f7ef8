// Command revoke-token is the Lambda function that answers DELETE /v1/tokens/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("revoke-token", (*api.Endpoints).Revoke)
}
