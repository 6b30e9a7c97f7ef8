// Command list-users is the Lambda function that answers GET /v1/users.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-users", (*api.Endpoints).ListUsers, management.Keys)
}
