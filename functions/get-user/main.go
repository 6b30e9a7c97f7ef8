// Command get-user is the Lambda function that answers GET /v1/users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("get-user", (*api.Endpoints).GetUser)
}
