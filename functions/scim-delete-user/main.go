// Command scim-delete-user is the Lambda function that answers DELETE /scim/v2/Users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-delete-user", scim.Of((*scim.Endpoints).DeleteUser), management.As(scim.Handler))
}
