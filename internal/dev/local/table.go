package local

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	aws_dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// DynamoDB returns a client that may do anything to the stack's tables. It
// retries: the SDK now and then closes a connection under an answer that comes
// quickly (aws/aws-sdk-go-v2#1825), and nothing is quicker than one machine.
func (s *Stack) DynamoDB() *aws_dynamodb.Client {
	s.adminOnce.Do(func() { s.admin = s.newAdmin() })
	return s.admin
}

func (s *Stack) newAdmin() *aws_dynamodb.Client {
	return aws_dynamodb.New(aws_dynamodb.Options{
		Region: template.Region, BaseEndpoint: aws.String(url(s.listeners.dynamodb)),
		Credentials: credentials(adminAccessKeyID),
	})
}

func credentials(accessKeyID string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: "local"}, nil
	})
}

// createTable makes the table, or checks that the one in the data folder still
// is the one the template describes.
func (s *Stack) createTable(ctx context.Context, t template.Table) error {
	client, input := s.DynamoDB(), createTableInput(t)
	have, err := client.DescribeTable(ctx, &aws_dynamodb.DescribeTableInput{TableName: input.TableName})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		if _, err = client.CreateTable(ctx, input); err != nil {
			return fmt.Errorf("making the table %s: %w", t.LogicalID, err)
		}
	case err != nil:
		return fmt.Errorf("looking at the table %s: %w", t.LogicalID, err)
	case !sameKeys(input, have.Table):
		return fmt.Errorf("the table in %s has other keys or indexes than %s in the template: remove the folder to begin anew", s.options.DataDir, t.LogicalID)
	}
	return s.setTTL(ctx, client, t)
}

func (s *Stack) setTTL(ctx context.Context, client *aws_dynamodb.Client, t template.Table) error {
	have, err := client.DescribeTimeToLive(ctx, &aws_dynamodb.DescribeTimeToLiveInput{TableName: &t.Name})
	if err != nil {
		return fmt.Errorf("looking at the TTL of %s: %w", t.LogicalID, err)
	}
	if t.TTL == "" || aws.ToString(have.TimeToLiveDescription.AttributeName) == t.TTL {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &aws_dynamodb.UpdateTimeToLiveInput{
		TableName:               &t.Name,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &t.TTL, Enabled: aws.Bool(true)},
	})
	if err != nil {
		return fmt.Errorf("setting the TTL of %s: %w", t.LogicalID, err)
	}
	return nil
}

func createTableInput(t template.Table) *aws_dynamodb.CreateTableInput {
	in := &aws_dynamodb.CreateTableInput{
		TableName: &t.Name, BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(t.Hash, t.Range),
	}
	for name, kind := range t.Attributes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: aws.String(name), AttributeType: types.ScalarAttributeType(kind),
		})
	}
	for _, index := range t.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.Name), KeySchema: keySchema(index.Hash, index.Range),
			Projection: &types.Projection{ProjectionType: types.ProjectionType(index.Projection), NonKeyAttributes: index.NonKey},
		})
	}
	return in
}

func keySchema(hash, sort string) []types.KeySchemaElement {
	schema := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if sort != "" {
		schema = append(schema, types.KeySchemaElement{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange})
	}
	return schema
}

func sameKeys(want *aws_dynamodb.CreateTableInput, have *types.TableDescription) bool {
	indexes := map[string][]types.KeySchemaElement{}
	for _, index := range want.GlobalSecondaryIndexes {
		indexes[*index.IndexName] = index.KeySchema
	}
	for _, index := range have.GlobalSecondaryIndexes {
		if !reflect.DeepEqual(indexes[*index.IndexName], index.KeySchema) {
			return false
		}
		delete(indexes, *index.IndexName)
	}
	return len(indexes) == 0 && reflect.DeepEqual(want.KeySchema, have.KeySchema)
}
