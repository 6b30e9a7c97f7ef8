// Command scim-patch-user is the Lambda function that answers PATCH /scim/v2/Users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/provisioning"
)

func main() {
	provisioning.Run("scim-patch-user", func(p *boot.Process) api.Endpoint { return provisioning.Users(p).PatchUser })
}
