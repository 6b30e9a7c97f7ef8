// Command ping is the Lambda function that answers GET /v1/ping.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("ping", func(*boot.Process) api.Endpoint { return api.Ping })
}
