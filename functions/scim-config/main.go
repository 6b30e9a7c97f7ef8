// Command scim-config is the Lambda function that answers GET /scim/v2/ServiceProviderConfig, ResourceTypes and Schemas.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/provisioning"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	provisioning.Run("scim-config", func(*boot.Process) api.Endpoint { return scim.Config })
}
