package management

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/dynamo"
)

// table returns the store, through the SDK, and has its connection opened before the first request.
func table(p *boot.Process) *dynamo.Table {
	credentials := p.Credentials()
	client := dynamo.NewClient(dynamo.Endpoint{
		Region: p.Env.Required("AWS_REGION"), URL: p.Env.Optional("AWS_ENDPOINT_URL_DYNAMODB", ""),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	})
	t := dynamo.New(client, p.Env.Required("TABLE_NAME"), p.Env.Days("AUDIT_RETENTION_DAYS", 400, 1, 3650))
	p.Warm(t.Warm)
	return t
}
