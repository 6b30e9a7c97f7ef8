// Command update-token is the Lambda function that answers PATCH /v1/tokens/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("update-token", (*api.Endpoints).Update)
}
