// Command get-settings is the Lambda function that answers GET /v1/settings.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("get-settings", (*api.Endpoints).GetSettings)
}
