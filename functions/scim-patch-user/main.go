// Command scim-patch-user is the Lambda function that answers PATCH /scim/v2/Users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-patch-user", scim.Of((*scim.Endpoints).PatchUser), management.As(scim.Handler))
}
