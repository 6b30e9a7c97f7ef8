// Command scim-get-user is the Lambda function that answers GET /scim/v2/Users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-get-user", scim.Of((*scim.Endpoints).GetUser), management.As(scim.Handler))
}
