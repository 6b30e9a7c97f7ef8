// Command list-events is the Lambda function that answers GET /v1/events.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("list-events", func(p *boot.Process) api.Endpoint {
		return management.WithKeys(p, management.People(p)).ListEvents
	})
}
