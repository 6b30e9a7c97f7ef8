// Command get-job is the Lambda function that answers GET /v1/jobs/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("get-job", (*api.Endpoints).GetJob)
}
