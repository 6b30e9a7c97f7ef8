// Command ping is the Lambda function that answers GET /v1/ping.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Serve("ping", api.Handler, api.Ping)
}
