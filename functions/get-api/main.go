// Command get-api is the Lambda function that answers GET /v1/apis/{apiId}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("get-api", (*api.Endpoints).GetAPI)
}
