// Command suspend-user is the Lambda function that answers POST /v1/users/{id}/suspend.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("suspend-user", (*api.Endpoints).SuspendUser)
}
