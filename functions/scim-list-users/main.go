// Command scim-list-users is the Lambda function that answers GET /scim/v2/Users.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-list-users", scim.Of((*scim.Endpoints).ListUsers), management.As(scim.Handler))
}
