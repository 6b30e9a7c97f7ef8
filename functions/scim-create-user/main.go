// Command scim-create-user is the Lambda function that answers POST /scim/v2/Users.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/provisioning"
)

func main() {
	provisioning.Run("scim-create-user", func(p *boot.Process) api.Endpoint { return provisioning.Users(p).CreateUser })
}
