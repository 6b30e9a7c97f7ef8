package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

const tableARN = "arn:aws:dynamodb:us-east-1:123456789012:table/shop-Table"

func shop(t *testing.T, parameters map[string]string) *template.Template {
	t.Helper()
	got, err := template.Load("testdata/shop.yaml", template.Options{StackName: "shop", Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestFunctionsOfTheTemplateAreEvaluated(t *testing.T) {
	got := shop(t, map[string]string{"Undeclared": "x"}).Functions[0]
	want := map[string]string{
		"COMMON": "yes", "LEVEL": "high", "TABLE": "shop-Table", "TABLE_ARN": tableARN, "INDEX": tableARN + "/index/by-n",
		"JOINED": "b-us-east-1", "NETWORKS": "10.0.0.0/8,192.168.0.0/16", "DAYS": "30", "LITERAL": "${Kept} mine", "EITHER": "one",
		"KEY": got.Environment["KEY"],
	}
	if diff := cmp.Diff(want, got.Environment); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(got.Environment["KEY"], "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/key-") {
		t.Errorf("Ref of a secret gave %s, want its ARN", got.Environment["KEY"])
	}
	if got.ARN != "arn:aws:lambda:us-east-1:123456789012:function:shop-Guard" || got.Timeout != 5*time.Second ||
		got.MemoryMB != 256 || got.LogFormat != "JSON" || got.LogLevel != "INFO" || got.BuildMethod != "makefile" || got.Concurrency != 0 {
		t.Errorf("function %+v", got)
	}
	if got.CodeURI != filepath.Join("testdata", "functions/guard") {
		t.Errorf("code at %s", got.CodeURI)
	}
}

func TestParametersOverrideDefaults(t *testing.T) {
	got := shop(t, map[string]string{"Issuer": "https://id.example", "Stage": "live"}).Functions[0]
	if got.Environment["ISSUER"] != "https://id.example" {
		t.Errorf("the override did not reach the environment: %v", got.Environment)
	}
	_, err := template.Load("testdata/shop.yaml", template.Options{Parameters: map[string]string{"Size": "999"}})
	if err == nil || !strings.Contains(err.Error(), `testdata/shop.yaml:7: Parameters.Size: "999" is not one of the AllowedValues`) {
		t.Errorf("a value that is not allowed gave %v", err)
	}
}

func TestStatementsAreThoseOfTheFunction(t *testing.T) {
	functions := shop(t, nil).Functions
	get := iam.Request{Action: "dynamodb:GetItem", Resource: tableARN}
	if d, _ := iam.Decide(functions[0].Statements[:1], get); d != iam.Allow {
		t.Errorf("the first statement decides %v", d)
	}
	if d, _ := iam.Decide(functions[0].Statements, get); d != iam.ExplicitDeny {
		t.Errorf("with the Deny: %v", d)
	}
	if len(functions[1].Statements) != 0 {
		t.Error("a function without policies may do something")
	}
}

func TestAPIs(t *testing.T) {
	got := shop(t, nil)
	list := "arn:aws:lambda:us-east-1:123456789012:function:shop-list"
	api := got.RestAPIs[0]
	wantRoutes := []template.Route{
		{Method: "GET", Path: "/things", FunctionARN: list, Authorizer: "Token", Payload: "1.0", Timeout: 29 * time.Second},
		{Method: "ANY", Path: "/open/{proxy+}", FunctionARN: list, Payload: "1.0", Timeout: 29 * time.Second},
	}
	if diff := cmp.Diff(wantRoutes, api.Routes); diff != "" {
		t.Error(diff)
	}
	token := template.Authorizer{Name: "Token", FunctionARN: got.Functions[0].ARN, Payload: "REQUEST",
		Identity: []template.IdentitySource{{Kind: "header", Name: "Authorization"}}, TTL: time.Minute}
	if diff := cmp.Diff(token, api.Authorizers["Token"]); diff != "" {
		t.Error(diff)
	}
	if old := api.Authorizers["Old"]; old.Payload != "TOKEN" || old.TTL != 300*time.Second || old.Identity[0].Name != "Authorization" {
		t.Errorf("API Gateway's defaults are not applied: %+v", old)
	}
	if g := api.GatewayResponses["UNAUTHORIZED"]; g.StatusCode != 401 || g.Headers["WWW-Authenticate"] != "'Bearer'" {
		t.Errorf("gateway response %+v", g)
	}
	web := got.HTTPAPIs[0]
	if web.Stage != "$default" || web.Routes[0].Path != "$default" || web.Routes[0].Authorizer != "Token" || !web.Authorizers["Token"].Simple {
		t.Errorf("HTTP API %+v", web)
	}
	if got.Outputs["Url"] != "https://"+api.ID+".execute-api.us-east-1.amazonaws.com/live" || got.Outputs["GuardArn"] == "" || len(got.Outputs) != 2 {
		t.Errorf("outputs %v", got.Outputs)
	}
	if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, "Schedule event Timer of List") || !strings.Contains(notes, "Queue (AWS::SQS::Queue)") {
		t.Errorf("what does not run locally is not said: %q", notes)
	}
}

func TestStores(t *testing.T) {
	got := shop(t, nil)
	table := template.Table{LogicalID: "Table", Name: "shop-Table", ARN: tableARN, Attributes: map[string]string{"pk": "S", "n": "N"},
		Hash: "pk", Range: "n", TTL: "ttl", Indexes: []template.Index{{Name: "by-n", Hash: "n", Projection: "KEYS_ONLY"}}}
	if diff := cmp.Diff(table, got.Tables[0]); diff != "" {
		t.Error(diff)
	}
	generate := &template.Generate{Template: `{"current":"k1"}`, Key: "k1", Length: 64, NoPunctuation: true}
	if diff := cmp.Diff(generate, got.Secrets[0].Generate); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsNameFileLineAndKey(t *testing.T) {
	function := "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: f\n"
	for _, test := range []struct{ name, template, want string }{
		{"not YAML", "a: [", "t.yaml: not valid YAML"},
		{"empty", "", "t.yaml: the template is empty"},
		{"no resources", "Outputs: {}", "t.yaml: the template has no Resources"},
		{"unknown reference", function + "      MemorySize: !Ref Nothing\n", "t.yaml:6: Resources.F.Properties.MemorySize: Nothing is neither a parameter nor a resource"},
		{"unknown attribute owner", function + "      Handler: !GetAtt Nothing.Arn\n", "t.yaml:6: Resources.F.Properties.Handler: Nothing is not a resource"},
		{"wrong kind", function + "      Timeout: [1]\n", "t.yaml:6: Resources.F.Properties.Timeout: want a whole number from 1 to 900"},
		{"number out of range", function + "      Timeout: 901\n", "t.yaml:6: Resources.F.Properties.Timeout: want a whole number from 1 to 900"},
		{"key twice", function + "      CodeUri: g\n", "t.yaml:6: Resources.F.Properties.CodeUri: the key is written twice"},
		{"no code", "Resources:\n  F:\n    Type: AWS::Serverless::Function\n", "Resources.F.Properties: the function has no CodeUri"},
		{"unknown function", function + "      Handler: !Frobnicate x\n", "t.yaml:6: Resources.F.Properties.Handler: the function Fn::Frobnicate is not known"},
		{"undeclared condition", function + "      Handler: !If [Nope, a, b]\n", "the condition Nope is not declared"},
		{"circular condition", "Conditions: {A: !Condition B, B: !Condition A}\nResources: {F: {Type: X, Condition: A}}", "depends on itself"},
		{"circular name", "Resources: {F: {Type: AWS::DynamoDB::Table, Properties: {TableName: !Ref F}}}", "depends on itself"},
		{"parameter without a value", "Parameters: {P: {Type: String}}\n" + function, "Parameters.P: the parameter has no Default"},
		{"policy by name", function + "      Policies: [AmazonDynamoDBFullAccess]\n", "t.yaml:6: Resources.F.Properties.Policies[0]: the local stack enforces policies that are written out"},
		{"policy template", function + "      Policies: [{DynamoDBReadPolicy: {TableName: t}}]\n", "Policies[0]: the local stack enforces policies that are written out"},
		{"condition key", function + "      Policies: [{Statement: [{Effect: Allow, Action: a, Resource: b, Condition: {StringEquals: {aws:RequestTag/x: y}}}]}]\n",
			"t.yaml:6: Resources.F.Properties.Policies[0].Statement[0]: the condition key aws:RequestTag/x cannot be enforced locally"},
		{"foreign role", function + "      Role: arn:aws:iam::1:role/x\n", "t.yaml:6: Resources.F.Properties.Role: the local stack does not support Role"},
		{"unknown API", function + "      Events: {E: {Type: Api, Properties: {RestApiId: nope, Path: /, Method: GET}}}\n", "Events.E.Properties.RestApiId: it is not an AWS::Serverless::Api"},
		{"bad path", function + "      Events: {E: {Type: Api, Properties: {Path: x, Method: GET}}}\n", "Events.E: the event needs a Path that begins with /"},
		{"route twice", function + "      Events: {A: {Type: Api, Properties: {Path: /, Method: GET}}, B: {Type: Api, Properties: {Path: /, Method: get}}}\n", "two events ask for the route GET /"},
		{"unknown authorizer", function + "      Events: {A: {Type: Api, Properties: {Path: /, Method: GET, Auth: {Authorizer: Nope}}}}\n", "names the authorizer Nope"},
		{"unknown default authorizer", "Resources: {A: {Type: AWS::Serverless::Api, Properties: {StageName: s, Auth: {DefaultAuthorizer: Nope}}}}", "DefaultAuthorizer: Nope is not one of the Authorizers"},
		{"sources needed to cache", "Resources: {A: {Type: AWS::Serverless::Api, Properties: {StageName: s, Auth: {Authorizers: {T: {FunctionArn: f, FunctionPayloadType: REQUEST}}}}}}", "needs an identity source unless ReauthorizeEvery is 0"},
		{"unclosed substitution", function + "      Handler: !Sub 'a${b'\n", "Fn::Sub has ${ without }"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.yaml")
			if err := os.WriteFile(path, []byte(test.template), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := template.Load(path, template.Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
			if !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("said %q, want one line with %q", got, test.want)
			}
		})
	}
}
