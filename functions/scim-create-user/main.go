// Command scim-create-user is the Lambda function that answers POST /scim/v2/Users.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-create-user", scim.Of((*scim.Endpoints).CreateUser), management.As(scim.Handler))
}
