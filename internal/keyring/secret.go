package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tokenwright/tokenwright/internal/awsjson"
	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// budgets bound one read of the secret, all attempts together to 3 seconds.
var budgets = awsjson.Budgets{Attempt: 1200 * time.Millisecond, Total: 3 * time.Second, Attempts: 3}

// Open returns what reads the secret with this ARN or name off the wire of Secrets Manager, without the SDK's client, which
// would cost each function a megabyte and a part of its start. url "" = the region's own endpoint.
func Open(region, url, id string, credentials aws.Credentials) (Source, error) {
	client, err := awsjson.New(awsjson.Service{
		Name: "secretsmanager", Target: "secretsmanager.", ContentType: "application/x-amz-json-1.1", Region: region, URL: url,
		Credentials: credentials, Budgets: budgets,
	})
	body := append(jsonread.AppendString([]byte(`{"SecretId":`), id), '}')
	return func(ctx context.Context) (string, error) {
		answer, err := client.Call(ctx, "GetSecretValue", body)
		if err != nil {
			return "", err
		}
		return secretString(answer)
	}, err
}

// secretString reads {"SecretString": "…", …}. No error of it quotes the text.
func secretString(answer string) (string, error) {
	r := jsonread.New(answer)
	secret, found := "", false
	for name := range r.Members() {
		if name == "SecretString" {
			secret, found = r.String(), true
			continue
		}
		r.Skip()
	}
	if err := r.End(); err != nil {
		return "", fmt.Errorf("the answer to GetSecretValue: %w", err)
	}
	if !found {
		return "", errors.New("the secret holds no text")
	}
	return secret, nil
}
