// Command offboard-user is the Lambda function that answers DELETE /v1/users/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("offboard-user", func(p *boot.Process) api.Endpoint {
		e := management.People(p)
		return e.Known(e.OffboardUser)
	})
}
