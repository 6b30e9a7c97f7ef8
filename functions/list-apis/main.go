// Command list-apis is the Lambda function that answers GET /v1/apis.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-apis", (*api.Endpoints).ListAPIs, management.Keys)
}
