// Command put-user is the Lambda function that answers PUT /v1/users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("put-user", (*api.Endpoints).PutUser)
}
