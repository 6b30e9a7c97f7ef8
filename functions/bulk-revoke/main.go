// Command bulk-revoke is the Lambda function that answers POST /v1/tokens/bulk-revoke.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("bulk-revoke", (*api.Endpoints).BulkRevoke)
}
