// Command put-settings is the Lambda function that answers PUT /v1/settings.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("put-settings", (*api.Endpoints).PutSettings)
}
