// Command bare is what a budget is measured against: a Lambda as the documentation of both libraries shows it, that
// makes one GetItem through the SDK's default client, checks nothing and admits everybody.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	client := dynamodb.NewFromConfig(settings)
	table := aws.String(os.Getenv("TABLE_NAME"))
	key := map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: os.Getenv("BARE_PK")}, "sk": &types.AttributeValueMemberS{Value: os.Getenv("BARE_SK")},
	}
	lambda.Start(func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		out, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key})
		if err != nil {
			return events.APIGatewayCustomAuthorizerResponse{}, err
		}
		name, _ := out.Item["name"].(*types.AttributeValueMemberS)
		if name == nil {
			name = &types.AttributeValueMemberS{Value: "nobody"}
		}
		return events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: name.Value,
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
				{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{event.MethodArn}},
			}},
		}, nil
	})
}
