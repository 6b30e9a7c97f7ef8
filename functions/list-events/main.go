// Command list-events is the Lambda function that answers GET /v1/events.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-events", (*api.Endpoints).ListEvents, management.Keys)
}
