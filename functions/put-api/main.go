// Command put-api is the Lambda function that answers PUT /v1/apis/{apiId}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("put-api", (*api.Endpoints).PutAPI)
}
