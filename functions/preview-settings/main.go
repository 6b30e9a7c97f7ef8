// Command preview-settings is the Lambda function that answers POST /v1/settings/preview.
package main

import (
	"github.com/tokenwright/tokenwright/internal/api"
	"github.com/tokenwright/tokenwright/internal/management"
)

func main() {
	management.Run("preview-settings", (*api.Endpoints).PreviewSettings)
}
