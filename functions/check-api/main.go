// Command check-api is the Lambda function that answers POST /v1/apis/{apiId}/check.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("check-api", (*api.Endpoints).CheckAPI)
}
