// Command scim-config is the Lambda function that answers GET /scim/v2/ServiceProviderConfig, ResourceTypes and Schemas.
package main

import (
	"github.com/tokenwright/tokenwright/internal/management"
	"github.com/tokenwright/tokenwright/internal/scim"
)

func main() {
	management.Serve("scim-config", scim.Handler, scim.Config)
}
