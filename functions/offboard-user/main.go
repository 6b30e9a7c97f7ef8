// Command offboard-user is the Lambda function that answers DELETE /v1/users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("offboard-user", (*api.Endpoints).OffboardUser)
}
