// Command summarize-tokens is the Lambda function that answers GET /v1/tokens/summary.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("summarize-tokens", (*api.Endpoints).Summarize)
}
