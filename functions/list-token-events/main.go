// Command list-token-events is the Lambda function that answers GET /v1/tokens/{id}/events.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-token-events", (*api.Endpoints).ListTokenEvents, management.Keys)
}
