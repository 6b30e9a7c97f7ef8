// Allows whoever presents a JWT of the local issuer; a real verifier stands in
// for nothing here, so the discovery document and the keys are used for real.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/coreos/go-oidc/v3/oidc"
)

type event struct {
	Version   string
	MethodARN string `json:"methodArn"`
	Headers   map[string]string
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	presented := e.Headers["Authorization"] + e.Headers["authorization"]
	provider, err := oidc.NewProvider(ctx, os.Getenv("OIDC_ISSUER"))
	if err != nil {
		return nil, err
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Getenv("OIDC_AUDIENCE")})
	token, err := verifier.Verify(ctx, strings.TrimPrefix(presented, "Bearer "))
	if e.Version == "2.0" {
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: err == nil, Context: map[string]any{"by": "guard"}}, nil
	}
	if err != nil {
		return nil, errors.New("Unauthorized")
	}
	effect := "Allow"
	if token.Subject == "mallory" {
		effect = "Deny"
	}
	arn := strings.SplitN(e.MethodARN, "/", 3)
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: token.Subject,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
			{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{arn[0] + "/" + arn[1] + "/*"}},
		}},
		Context: map[string]any{"detail": "not you"},
	}, nil
}

func main() { lambda.Start(handle) }
