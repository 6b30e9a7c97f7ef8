package acceptance

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// as returns a client that the stand-in judges as a function.
func as(t *testing.T, function string) *dynamodb.Client {
	t.Helper()
	return dynamodb.New(stack.DynamoDB().Options(), func(o *dynamodb.Options) { o.Credentials = credentialsOf(t, function) })
}

func credentialsOf(t *testing.T, function string) aws.CredentialsProvider {
	t.Helper()
	asking := stack.Asking(function)
	if asking == nil {
		t.Fatalf("template.yaml has no %s", function)
	}
	return asking
}

func denied(err error) bool {
	return err != nil && strings.Contains(err.Error(), "AccessDenied")
}

// among reports whether a list of functions, with spaces between, has one in it.
func among(list, function string) bool {
	return slices.Contains(strings.Fields(list), function)
}

// functions are all of template.yaml.
func functions() (names []string) {
	for _, f := range stack.Template().Functions {
		names = append(names, f.LogicalID)
	}
	return names
}

// writers are those that may store the person who calls, and the roles of that person.
const writers = "CreateTokenFunction UpdateTokenFunction RevokeTokenFunction RotateTokenFunction TransferTokenFunction RevokeIssuedBeforeFunction " +
	"GetUserFunction PutUserFunction SuspendUserFunction ResumeUserFunction OffboardUserFunction PutSettingsFunction BulkRevokeFunction CancelJobFunction PutApiFunction " +
	"DeleteApiFunction"

// providers are those with which an identity provider changes people.
const providers = "ScimCreateUserFunction ScimReplaceUserFunction ScimPatchUserFunction"

// change is one update of a token in a transaction, as the functions write them.
func change(token tok, name string) *dynamodb.TransactWriteItemsInput {
	return &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: &types.Update{
		TableName: aws.String(tableName(stack)), Key: attributes{"pk": str(token.pk()), "sk": str(token.sk())},
		UpdateExpression: aws.String("SET #n = :v"), ConditionExpression: aws.String("version = :v"),
		ExpressionAttributeNames: map[string]string{"#n": name}, ExpressionAttributeValues: attributes{":v": str("never true")},
	}}}}
}

// A change that is allowed fails on its condition, which no version meets; so nothing here writes anything.
func TestEachFunctionMayChangeWhatItIsForAndNothingElse(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_privilege", "ada", "admin").create(t, nil)
	// Of a person's profile, whose tokens CreateTokenFunction counts, it names account, status and generation in the condition
	// alone; IAM does not tell a condition's attributes from those that are written.
	allowed := map[string]string{
		"secrets": "RotateTokenFunction", "rotatedAt": "RotateTokenFunction", "revokedAt": "RevokeTokenFunction RunJobFunction", "steward": "TransferTokenFunction",
		"name": "UpdateTokenFunction", "scopes": "UpdateTokenFunction", "expiresAt": "UpdateTokenFunction", "active": "UpdateTokenFunction",
		"roles": writers + " ScimDeleteUserFunction " + providers, "rolesStatedAt": writers + " ScimDeleteUserFunction " + providers,
		"suspendedBy": "SuspendUserFunction ResumeUserFunction OffboardUserFunction ScimDeleteUserFunction " + providers,
		"displayName": "PutUserFunction " + providers, "directory": providers,
		"status":     "CreateTokenFunction PutUserFunction SuspendUserFunction ResumeUserFunction OffboardUserFunction ScimDeleteUserFunction " + providers,
		"generation": "CreateTokenFunction OffboardUserFunction ScimDeleteUserFunction", "purge": "OffboardUserFunction ScimDeleteUserFunction", "issuedBefore": "RevokeIssuedBeforeFunction",
		"sweep": "RevokeIssuedBeforeFunction",
		"state": "RunJobFunction CancelJobFunction", "results": "RunJobFunction", "account": "CreateTokenFunction", "kind": "", "subject": "", "createdBy": "", "environment": "", "lastUsedAt": "",
	}
	unchanged(t, []string{"acc_privilege"}, func() {
		for attribute, few := range allowed {
			for _, function := range functions() {
				_, err := as(t, function).TransactWriteItems(t.Context(), change(token, attribute))
				if err == nil {
					t.Fatalf("%s changed %s", function, attribute)
				}
				if may := among(few, function); denied(err) == may {
					t.Errorf("%s and %s: %v", function, attribute, err)
				}
			}
		}
	})
}

func TestTheAuthorizerMayNoteAUseAndChangeNothingElse(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_note", "ada", "admin").create(t, nil)
	client := as(t, "AuthorizerFunction")
	update := func(name string, returns types.ReturnValue) error {
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(tableName(stack)), Key: attributes{"pk": str(token.pk()), "sk": str(token.sk())}, ReturnValues: returns,
			UpdateExpression: aws.String("SET #n = :v"), ExpressionAttributeNames: map[string]string{"#n": name},
			ExpressionAttributeValues: attributes{":v": &types.AttributeValueMemberN{Value: "1"}},
		})
		return err
	}
	unchanged(t, []string{"acc_note"}, func() {
		if err := update("lastUsedAt", types.ReturnValueNone); err != nil {
			t.Errorf("noting a use: %v", err)
		}
		for _, name := range []string{"secrets", "version", "expiresAt", "revokedAt", "active", "scopes", "cidrs", "account"} {
			if err := update(name, types.ReturnValueNone); !denied(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := update("lastUsedAt", types.ReturnValueAllNew); !denied(err) {
			t.Errorf("reading by writing: %v", err)
		}
		put := attributes{"pk": str(token.pk()), "sk": str(token.sk()), "lastUsedAt": str("1")}
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName(stack)), Item: put}); !denied(err) {
			t.Errorf("replacing the token: %v", err)
		}
	})
}

func TestNoFunctionMayDeleteOrScanAndOneMayReadTheAuditTrail(t *testing.T) {
	t.Parallel()
	token := person(t, "acc_reach", "ada", "admin").create(t, nil)
	name := aws.String(tableName(stack))
	for _, function := range functions() {
		client := as(t, function)
		for what, do := range map[string]func() error{
			"delete": func() error {
				_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: name, Key: attributes{"pk": str(token.pk()), "sk": str(token.sk())}})
				return err
			},
			"remove by the batch": func() error {
				nothing := types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: attributes{"pk": str(token.pk()), "sk": str("TOKEN#nothing")}}}
				_, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*name: {nothing}}})
				return err
			},
			"put by the batch": func() error {
				made := types.WriteRequest{PutRequest: &types.PutRequest{Item: attributes{"pk": str(token.pk()), "sk": str("TOKEN#x"), "active": str("x")}}}
				_, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*name: {made}}})
				return err
			},
			"scan": func() error { _, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: name}); return err },
			"read events": func() error {
				_, err := client.Query(t.Context(), &dynamodb.QueryInput{
					TableName: name, KeyConditionExpression: aws.String("pk = :a"), ExpressionAttributeValues: attributes{":a": str("ACCOUNT#acc_reach")},
				})
				return err
			},
			"put outside a transaction": func() error {
				_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: name, Item: attributes{"pk": str(token.pk()), "sk": str("TOKEN#x")}})
				return err
			},
		} {
			may := what == "read events" && function == "ListEventsFunction" || what == "remove by the batch" && function == "PurgeTokensFunction"
			if err := do(); denied(err) == may {
				t.Errorf("%s and %s: %v", function, what, err)
			}
		}
	}
}

func TestOnlyFunctionsThatNeedTheKeyringMayReadIt(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(stack.Secrets())
	t.Cleanup(server.Close)
	needs := "AuthorizerFunction CreateTokenFunction RotateTokenFunction ListTokensFunction ListEventsFunction ListTokenEventsFunction ListUsersFunction ListApisFunction"
	for _, function := range functions() {
		client := secretsmanager.New(secretsmanager.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentialsOf(t, function)})
		_, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(stack.Template().Secrets[0].ARN)})
		if may := among(needs, function); may && err != nil || !may && !denied(err) {
			t.Errorf("%s: %v", function, err)
		}
	}
}

func TestTheAuthorizerMayReadRulesAndChangeNone(t *testing.T) {
	t.Parallel()
	rules, name := attributes{"pk": str("API#a1b2c3d4e5"), "sk": str("ROUTES")}, tableName(stack)
	needs := "AuthorizerFunction ListApisFunction"
	for _, function := range functions() {
		_, err := as(t, function).BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{name: {Keys: []attributes{rules}}}})
		if may := among(needs, function); denied(err) == may {
			t.Errorf("%s reads rules: %v", function, err)
		}
	}
	client := as(t, "AuthorizerFunction")
	for what, err := range map[string]error{
		"notes a use of them": func() error {
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String(name), Key: rules, UpdateExpression: aws.String("SET lastUsedAt = :v"), ExpressionAttributeValues: attributes{":v": str("1")},
			})
			return err
		}(),
		"writes them": func() error {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(name), Item: rules})
			return err
		}(),
	} {
		if !denied(err) {
			t.Errorf("the authorizer %s: %v", what, err)
		}
	}
}

func TestJobsAreMovedOnByTwoFunctionsAndSeenByFour(t *testing.T) {
	t.Parallel()
	job := attributes{"pk": str("JOBS#acc_reach"), "sk": str("JOB#job_0000000000000000000000")}
	for _, function := range functions() {
		client := as(t, function)
		_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String(tableName(stack)), Key: job})
		if may := among("BulkRevokeFunction GetJobFunction CancelJobFunction RunJobFunction", function); denied(err) == may {
			t.Errorf("%s reads jobs: %v", function, err)
		}
		for attribute, few := range map[string]string{"state": "CancelJobFunction RunJobFunction", "pending": "RunJobFunction", "results": "RunJobFunction"} {
			_, err = client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Update: &types.Update{
				TableName: aws.String(tableName(stack)), Key: job, UpdateExpression: aws.String("SET #s = :v"), ConditionExpression: aws.String("version = :v"),
				ExpressionAttributeNames: map[string]string{"#s": attribute}, ExpressionAttributeValues: attributes{":v": str("never true")},
			}}}})
			if may := among(few, function); denied(err) == may {
				t.Errorf("%s writes %s of a job: %v", function, attribute, err)
			}
		}
	}
}

func TestRulesAreSetByOneFunctionAndRemovedByAnother(t *testing.T) {
	name, key := aws.String(tableName(stack)), attributes{"pk": str("API#privilege"), "sk": str("ROUTES")}
	never := aws.String("version = :v")
	values := attributes{":v": str("never true")}
	for _, function := range functions() {
		client := as(t, function)
		transact := func(w types.TransactWriteItem) error {
			_, err := client.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{w}})
			return err
		}
		update := func(attribute string) error {
			return transact(types.TransactWriteItem{Update: &types.Update{
				TableName: name, Key: key, UpdateExpression: aws.String("SET #n = :v"), ConditionExpression: never,
				ExpressionAttributeNames: map[string]string{"#n": attribute}, ExpressionAttributeValues: values,
			}})
		}
		for what, tt := range map[string]struct {
			few string
			do  func() error
		}{
			"change rules": {"PutApiFunction", func() error { return update("rules") }}, "hide rules in an account": {"", func() error { return update("account") }},
			"make rules": {"PutApiFunction", func() error {
				item := attributes{"pk": key["pk"], "sk": key["sk"], "rules": str("x")}
				return transact(types.TransactWriteItem{Put: &types.Put{TableName: name, Item: item, ConditionExpression: never, ExpressionAttributeValues: values}})
			}},
			"remove rules": {"DeleteApiFunction", func() error {
				return transact(types.TransactWriteItem{Delete: &types.Delete{TableName: name, Key: key, ConditionExpression: never, ExpressionAttributeValues: values}})
			}},
			"remove rules without an event": {"", func() error {
				_, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: name, Key: key})
				return err
			}},
			"list rules": {"ListApisFunction", func() error {
				_, err := client.Query(t.Context(), &dynamodb.QueryInput{
					TableName: name, IndexName: aws.String("by-account"), KeyConditionExpression: aws.String("accountPk = :v"), ExpressionAttributeValues: attributes{":v": str("APIS")},
				})
				return err
			}},
			"read rules": {"GetApiFunction PutApiFunction DeleteApiFunction CheckApiFunction", func() error {
				_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: name, Key: key})
				return err
			}},
		} {
			if may := among(tt.few, function); denied(tt.do()) == may {
				t.Errorf("%s may %s: %v", function, what, !may)
			}
		}
	}
}

// TestNobodyHasToBeKnownFirst has each operation called by an administrator whom the table has never seen, and then by the
// same with fewer roles, and as an administrator no more: what stores them then, the function must be allowed as well. TestMain looks through the functions'
// logs afterwards.
func TestNobodyHasToBeKnownFirst(t *testing.T) {
	t.Parallel()
	const none = "tok_AAAAAAAAAAAAAAAAAAAAAA"
	id := strings.NewReplacer("{apiId}", "unknown", "/v1/users/{id}", "/v1/users/usr_AAAAAAAAAAA", "/scim/v2/Users/{id}", "/scim/v2/Users/usr_AAAAAAAAAAA",
		"/v1/jobs/{id}", "/v1/jobs/job_AAAAAAAAAAAAAAAAAAAAAA", "{id}", none)
	bodies := map[string]object{ // nobody is stored for what makes no sense
		"POST /v1/tokens": {"name": "x"}, "POST /v1/tokens/{id}/transfer": {"userId": "usr_AAAAAAAAAAA"}, "POST /v1/tokens/bulk-revoke": {"ids": []string{none}},
		"POST /v1/tokens/revoke-issued-before": {"before": "2020-01-01T00:00:00Z"},
		"PUT /v1/apis/{apiId}":                 {"default": "deny", "answersFor": "api", "rules": []any{}},
	}
	for i, o := range contract.operations {
		method, account := strings.ToUpper(o.method), fmt.Sprintf("acc_first_%d", i)
		if strings.Contains(o.path, "/apis") {
			account = operator
		}
		for n, roles := range [][]string{{"admin", "viewer"}, {"admin"}, {"viewer"}} { // each JWT is younger than the one before
			c := says(t, account, time.Now(), 2-n, object{"sub": fmt.Sprintf("first%d", i), "roles": roles})
			var body any
			if method != "GET" && method != "DELETE" {
				body = object{}
			}
			if good := bodies[method+" "+o.path]; good != nil {
				body = good
			}
			if a := c.call(t, method, id.Replace(o.path), body, "If-Match", `"7"`); a.status >= 500 {
				t.Errorf("%s %s as somebody unknown: %d %s", method, o.path, a.status, a.body)
			}
		}
	}
}

// TestAnIdentityProviderEndsAdministratorsWhileOneIsLeft: each of these writes holds another administrator in place.
func TestAnIdentityProviderEndsAdministratorsWhileOneIsLeft(t *testing.T) {
	t.Parallel()
	const account = "acc_scim_admins"
	ada := person(t, account, "ada", "admin")
	provider := directory(t, ada)
	var paths []string
	for _, name := range []string{"bob", "cy", "dan", "fay", "gus", "hal"} {
		paths = append(paths, "/scim/v2/Users/"+person(t, account, name, "admin").me(t).ID)
	}
	// As long as the provider says who is one, that it does is held.
	provider.call(t, "PUT", paths[3], object{"schemas": []string{scimUser}, "userName": "fay", "active": false}).want(t, 200)
	provider.call(t, "PATCH", paths[4], active(false)).want(t, 200)
	provider.call(t, "DELETE", paths[5], nil).want(t, 204)
	rolesHere(t, ada)
	// Who gives roles is held as well.
	ada.call(t, "POST", "/scim/v2/Users", object{"schemas": []string{scimUser}, "userName": "eve", "active": true, "roles": []object{{"value": "viewer"}}}).want(t, 201)
	provider.call(t, "PUT", paths[0], object{"schemas": []string{scimUser}, "userName": "bob", "active": false}).want(t, 200)
	provider.call(t, "PATCH", paths[1], active(false)).want(t, 200)
	provider.call(t, "DELETE", paths[2], nil).want(t, 204)
}
