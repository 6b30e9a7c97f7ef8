// Command scim-replace-user is the Lambda function that answers PUT /scim/v2/Users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Run("scim-replace-user", scim.Of((*scim.Endpoints).ReplaceUser), management.As(scim.Handler))
}
