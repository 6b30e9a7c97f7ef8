// Command delete-api is the Lambda function that answers DELETE /v1/apis/{apiId}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("delete-api", (*api.Endpoints).DeleteAPI)
}
