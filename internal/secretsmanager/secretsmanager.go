// Package secretsmanager reads the keyring through the SDK, for the management functions. The authorizer, which must start
// quickly, has keyring.Direct.
package secretsmanager

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tokenwright/tokenwright/internal/keyring"
)

// totalTimeout bounds one read of the secret, all attempts together.
const totalTimeout = 3 * time.Second

// Source reads the secret with this ARN or name. endpoint "" = the region's own.
func Source(region, endpoint, id string, credentials aws.CredentialsProvider, client *http.Client) keyring.Source {
	o := secretsmanager.Options{
		Region: region, Credentials: credentials, HTTPClient: client,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 150 * time.Millisecond }),
	}
	if endpoint != "" {
		o.BaseEndpoint = aws.String(endpoint)
	}
	manager := secretsmanager.New(o)
	return func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, totalTimeout)
		defer cancel()
		out, err := manager.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(id)})
		if err != nil {
			return "", err
		}
		if out.SecretString == nil {
			return "", errors.New("the secret holds no text")
		}
		return *out.SecretString, nil
	}
}
