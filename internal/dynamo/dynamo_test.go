package dynamo_test

import (
	"os"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/storetest"
)

// The suite always runs on the embedded server, and on DynamoDB Local as well where one is running:
// `make test-dynamodb-local` starts it, and CI does.
func TestStore(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { storetest.Run(t, storetest.Embedded) })
	if url := os.Getenv("DYNAMODB_LOCAL_ENDPOINT"); url != "" {
		t.Run("DynamoDB Local", func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) *storetest.Fixture { return storetest.At(t, url) })
		})
	}
}
