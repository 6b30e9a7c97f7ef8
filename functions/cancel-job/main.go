// Command cancel-job is the Lambda function that answers DELETE /v1/jobs/{id}.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("cancel-job", (*api.Endpoints).CancelJob)
}
