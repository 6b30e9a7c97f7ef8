// Command revoke-issued-before is the Lambda function that answers POST /v1/tokens/revoke-issued-before.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("revoke-issued-before", (*api.Endpoints).RevokeIssuedBefore)
}
