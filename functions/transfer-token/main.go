// Command transfer-token is the Lambda function that answers POST /v1/tokens/{id}/transfer.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("transfer-token", (*api.Endpoints).Transfer)
}
