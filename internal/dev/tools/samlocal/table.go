package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// createTable makes a table as the template has it.
func createTable(ctx context.Context, url string, t template.Table) error {
	client := sdk.New(sdk.Options{
		Region: template.Region, BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	in := &sdk.CreateTableInput{TableName: aws.String(t.Name), BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(t.Hash, t.Range)}
	for name, kind := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeType(kind)})
	}
	for _, index := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.Name), KeySchema: keySchema(index.Hash, index.Range),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(index.Projection), NonKeyAttributes: index.NonKey},
		})
	}
	_, err := client.CreateTable(ctx, in)
	return err
}

func keySchema(hash, rang string) []types.KeySchemaElement {
	schema := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if rang != "" {
		schema = append(schema, types.KeySchemaElement{AttributeName: aws.String(rang), KeyType: types.KeyTypeRange})
	}
	return schema
}
