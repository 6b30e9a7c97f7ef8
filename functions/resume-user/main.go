// Command resume-user is the Lambda function that answers POST /v1/users/{id}/resume.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("resume-user", (*api.Endpoints).ResumeUser)
}
