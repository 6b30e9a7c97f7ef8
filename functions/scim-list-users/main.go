// Command scim-list-users is the Lambda function that answers GET /scim/v2/Users.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/provisioning"
)

func main() {
	provisioning.Run("scim-list-users", func(p *boot.Process) api.Endpoint { return provisioning.Users(p).ListUsers })
}
