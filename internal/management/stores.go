package management

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/boot"
	"github.com/tokenwright/tokenwright/internal/dynamo"
	"github.com/tokenwright/tokenwright/internal/keyring"
	"github.com/tokenwright/tokenwright/internal/secretsmanager"
)

// Table returns the store, through the SDK.
func Table(p *boot.Process) *dynamo.Table {
	client := dynamo.NewClient(dynamo.Endpoint{
		Region: p.Env.Required("AWS_REGION"), URL: p.Env.Optional("AWS_ENDPOINT_URL_DYNAMODB", ""), Credentials: credentials(p),
	})
	table := dynamo.New(client, p.Env.Required("TABLE_NAME"), p.Env.Days("AUDIT_RETENTION_DAYS", 400, 1, 3650))
	p.Warm(table.Warm)
	return table
}

// Keyring returns the digest keys, through the SDK.
func Keyring(p *boot.Process) *keyring.Keyring {
	source := secretsmanager.Source(p.Env.Required("AWS_REGION"), p.Env.Optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", ""),
		p.Env.Required("KEYRING_SECRET_ID"), credentials(p), dynamo.NewHTTPClient())
	ring := keyring.New(source, boot.Now)
	p.Warm(ring.Load)
	return ring
}

func credentials(p *boot.Process) aws.CredentialsProvider {
	c := p.Credentials()
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}
