// Does what the path says, also what its policy does not allow.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

var (
	table       = aws.String(os.Getenv("TABLE_NAME"))
	credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}, nil
	})
	store = dynamodb.New(dynamodb.Options{Region: os.Getenv("AWS_REGION"), Credentials: credentials, BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"))})
	vault = secretsmanager.New(secretsmanager.Options{Region: os.Getenv("AWS_REGION"), Credentials: credentials, BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL_SECRETS_MANAGER"))})
)

func key(pk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: "x"}}
}

func put(ctx context.Context, pk string) error {
	_, err := store.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key(pk)})
	return err
}

func update(ctx context.Context, attribute string, values types.ReturnValue) error {
	_, err := store.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: key("NOTE#1"), ReturnValues: values,
		UpdateExpression: aws.String("SET " + attribute + " = :v"), ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: "v"}}})
	return err
}

func query(ctx context.Context, index *string, name, value string) error {
	_, err := store.Query(ctx, &dynamodb.QueryInput{TableName: table, IndexName: index, KeyConditionExpression: aws.String(name + " = :v"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":v": &types.AttributeValueMemberS{Value: value}}})
	return err
}

func secret(ctx context.Context, variable string) error {
	_, err := vault.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(os.Getenv(variable))})
	return err
}

var actions = map[string]func(context.Context) error{
	"put":           func(ctx context.Context) error { return put(ctx, "NOTE#1") },
	"put-foreign":   func(ctx context.Context) error { return put(ctx, "USER#1") },
	"put-locked":    func(ctx context.Context) error { return put(ctx, "NOTE#locked") },
	"query":         func(ctx context.Context) error { return query(ctx, nil, "pk", "NOTE#1") },
	"query-index":   func(ctx context.Context) error { return query(ctx, aws.String("by-kind"), "kind", "NOTE#1") },
	"update":        func(ctx context.Context) error { return update(ctx, "seen", types.ReturnValueUpdatedNew) },
	"update-other":  func(ctx context.Context) error { return update(ctx, "secrets", "") },
	"update-return": func(ctx context.Context) error { return update(ctx, "seen", types.ReturnValueAllNew) },
	"delete": func(ctx context.Context) error {
		_, err := store.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: table, Key: key("NOTE#1")})
		return err
	},
	"get": func(ctx context.Context) error {
		got, err := store.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key("NOTE#1")})
		if err == nil && got.Item == nil {
			return errors.New("there is no note")
		}
		return err
	},
	"batch-mixed": func(ctx context.Context) error {
		keys := types.KeysAndAttributes{Keys: []map[string]types.AttributeValue{key("NOTE#1"), key("USER#1")}}
		_, err := store.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{*table: keys}})
		return err
	},
	"transact-foreign": func(ctx context.Context) error {
		_, err := store.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: table, Item: key("NOTE#2")}}, {Put: &types.Put{TableName: table, Item: key("USER#2")}},
		}})
		return err
	},
	"secret":       func(ctx context.Context) error { return secret(ctx, "KEYRING") },
	"secret-other": func(ctx context.Context) error { return secret(ctx, "OTHER") },
	"pid":          func(context.Context) error { return fmt.Errorf("%d", os.Getpid()) },
	"runtime":      func(context.Context) error { return errors.New(os.Getenv("AWS_LAMBDA_RUNTIME_API")) },
}

func main() {
	lambda.Start(func(ctx context.Context, e events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		err := actions[e.PathParameters["what"]](ctx)
		var refused smithy.APIError
		switch {
		case err == nil:
			return events.APIGatewayProxyResponse{StatusCode: 200, Body: "done"}, nil
		case errors.As(err, &refused):
			return events.APIGatewayProxyResponse{StatusCode: 400, Body: refused.ErrorCode() + ": " + refused.ErrorMessage()}, nil
		default:
			return events.APIGatewayProxyResponse{StatusCode: 400, Body: err.Error()}, nil
		}
	})
}
