package acceptance

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/dev/local"
	"github.com/tokenwright/tokenwright/internal/dynamo"
	"github.com/tokenwright/tokenwright/internal/principal"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// The tokens that the sample events are about.
const (
	sampleAccount = "acc_acme"
	sampleSecret  = "at_live_EXAMPLEuserV70MWDg0Exa_EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE036gNKk"
	sampleService = token.ID("tok_EXAMPLEuserV70MWDg0Exa")
	samplePerson  = token.ID("tok_tgNbh7Q7aQPV70MWDg0Exa")
)

// expected is what a function answers a sample event: in JSON, with a regular expression to match it.
type expected struct{ event, answer string }

const (
	unknownToken = `^{"statusCode":404,.*application/problem\+json.*There is no such token`
	unknownUser  = `^{"statusCode":404,.*application/problem\+json.*There is no such user`
	unknownJob   = `^{"statusCode":404,.*application/problem\+json.*There is no such job`
	noRules      = `^{"statusCode":404,.*application/problem\+json.*The API has no rules`
	// nothingFailed is what a function that a stream feeds answers when all of a batch is done.
	nothingFailed = `^{"batchItemFailures":\[\]}$`
	admitted      = `"principalId":"usr_EXAMPLEuser".*"Allow".*arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/\*.*"scopes":"orders:read"`
)

// before and after say what the events get before the tokens they are about exist, and then, one after the other.
var (
	before = []expected{
		{"authorizer/rest-request-no-credential", `"errorMessage":"Unauthorized"`}, {"authorizer/rest-request-jwt", `"errorMessage":"Unauthorized"`},
		{"authorizer/rest-request", `"errorMessage":"Unauthorized"`}, {"authorizer/rest-token", `"errorMessage":"Unauthorized"`},
		{"authorizer/http-api", `"isAuthorized":false`}, {"authorizer/http-api-1.0", `"Effect":"Deny"`},
		{"authorizer/websocket", `"errorMessage":"Unauthorized"`}, {"authorizer/appsync", `"isAuthorized":false`},
		{"get-token/person", unknownToken}, {"get-token/self", unknownToken}, {"update-token/person", unknownToken},
		{"rotate-token/person", unknownToken}, {"rotate-token/self", unknownToken}, {"revoke-token/person", unknownToken}, {"revoke-token/self", unknownToken},
		{"ping/token", `^{"statusCode":200,.*{\\"status\\":\\"ok\\"}`}, {"list-scopes/token", `^{"statusCode":200,.*orders:read`},
		{"list-orders/token", `^{"statusCode":200,.*acc_acme.*oak desk`}, {"list-orders/no-scope", `^{"statusCode":403,.*orders:read`},
		{"create-order/token", `^{"statusCode":201,.*oak desk.*usr_EXAMPLEuser`},
		{"list-shipments/token", `^{"statusCode":200,.*acc_acme.*shp_2001`}, {"list-shipments/no-scope", `^{"statusCode":403,.*orders:read`},
		{"transfer-token/person", unknownToken}, {"list-token-events/person", unknownToken}, {"get-user/person", unknownUser},
		{"suspend-user/person", unknownUser}, {"resume-user/person", unknownUser}, {"offboard-user/person", unknownUser},
		{"put-settings/no-version", `^{"statusCode":428,`}, {"get-settings/person", `^{"statusCode":200,.*\\"rolesFrom\\":\\"identity-provider\\".*\\"version\\":0`},
		{"purge-tokens/pending", nothingFailed}, {"purge-tokens/issued-before", nothingFailed},
		{"get-job/person", unknownJob}, {"cancel-job/person", unknownJob}, {"run-job/running", nothingFailed},
		{"get-api/person", noRules}, {"delete-api/person", noRules}, {"check-api/call", unknownToken},
		{"scim-config/provider", `^{"statusCode":200,.*application/scim\+json.*oauthbearertoken`}, {"scim-config/schema", `^{"statusCode":200,.*userName`},
		{"scim-list-users/by-name", `^{"statusCode":200,.*\\"totalResults\\":0`}, {"scim-get-user/user", `^{"statusCode":404,.*messages:2\.0:Error`},
		{"scim-create-user/okta", `^{"statusCode":201,.*Location.*Linus Example`}, {"scim-create-user/okta", `^{"statusCode":409,.*uniqueness`},
		{"scim-list-users/by-name", `^{"statusCode":200,.*\\"totalResults\\":1`}, {"scim-get-user/user", `^{"statusCode":200,.*linus@example\.com`},
		{"scim-replace-user/okta", `^{"statusCode":200,.*Linus E\.`}, {"scim-patch-user/okta", `^{"statusCode":200,.*\\"active\\":false`},
		{"scim-patch-user/entra-id", `^{"statusCode":200,.*\\"active\\":true`}, {"scim-delete-user/user", `^{"statusCode":204,`}, {"scim-delete-user/user", `^{"statusCode":404,`},
	}
	after = []expected{
		{"authorizer/rest-request", admitted}, {"authorizer/rest-request-api-key", admitted}, {"authorizer/rest-token", admitted},
		{"authorizer/http-api", `"isAuthorized":true.*"tokenId":"tok_EXAMPLEuserV70MWDg0Exa"`},
		{"authorizer/http-api-1.0", `"Allow".*:a1b2c3d4e5/\$default/\*.*"scopes":"orders:read"`}, {"authorizer/websocket", admitted},
		{"authorizer/websocket-browser", `"errorMessage":"Unauthorized"`}, // not looked at unless WebSocketSubprotocol is on
		{"authorizer/appsync", `"isAuthorized":true.*"tokenId":"tok_EXAMPLEuserV70MWDg0Exa".*"ttlOverride":0`},
		{"create-token/unknown-field", `^{"statusCode":422,.*\\"field\\":\\"lifetime\\"`},
		{"create-token/person", `^{"statusCode":201,.*Location.*Nightly export.*203\.0\.113\.0/24.*\\"token\\":\\"at_live_`},
		{"create-token/service", `^{"statusCode":201,.*Warehouse.*\\"expiresAt\\":null.*\\"token\\":\\"at_test_`},
		{"list-tokens/person", `^{"statusCode":200,.*Warehouse.*Nightly export`}, {"list-tokens/token", `^{"statusCode":200,.*Warehouse.*Nightly export`},
		{"get-token/person", `^{"statusCode":200,.*\\"id\\":\\"tok_tgNbh7Q7aQPV70MWDg0Exa\\"`},
		{"get-token/self", `^{"statusCode":200,.*\\"id\\":\\"tok_EXAMPLEuserV70MWDg0Exa\\"`},
		{"update-token/person", `^{"statusCode":200,.*Nightly export, paused.*\\"status\\":\\"inactive\\".*\\"version\\":2`},
		{"update-token/person", `^{"statusCode":412,`},
		{"rotate-token/person", `^{"statusCode":200,.*\\"version\\":3,\\"token\\":\\"at_live_`}, {"rotate-token/self", `^{"statusCode":200,.*\\"token\\":\\"at_live_`},
		{"authorizer/rest-request", `"errorMessage":"Unauthorized"`},
		{"put-user/person", `^{"statusCode":409,.*roles_from_identity_provider`},
		{"preview-settings/person", `^{"statusCode":200,.*\\"tokens\\":1,.*\\"rule\\":\\"requireCidrBlocks\\"`},
		{"put-settings/person", `^{"statusCode":200,.*\\"maxTokensPerUser\\":20.*\\"rolesFrom\\":\\"tokenwright\\".*\\"version\\":1`}, {"put-settings/person", `^{"statusCode":412,`},
		{"put-user/person", `^{"statusCode":200,.*Grace.*\\"status\\":\\"active\\".*\\"version\\":1`},
		{"get-user/person", `^{"statusCode":200,.*grace@example\.com`}, {"get-user/me", `^{"statusCode":200,.*\\"subject\\":\\"ada\\"`},
		{"list-users/person", `^{"statusCode":200,.*grace@example\.com`},
		{"suspend-user/person", `^{"statusCode":200,.*\\"status\\":\\"suspended\\"`}, {"resume-user/person", `^{"statusCode":200,.*\\"status\\":\\"active\\"`},
		{"transfer-token/person", `^{"statusCode":200,.*\\"steward\\":\\"usr_u93lOCzTV4D\\"`},
		{"offboard-user/person", `^{"statusCode":200,.*\\"status\\":\\"offboarded\\".*\\"serviceTokens\\":\[\\"tok_EXAMPLEuserV70MWDg0Exa\\"\]`},
		{"purge-tokens/pending", nothingFailed}, {"purge-tokens/issued-before", nothingFailed},
		{"put-api/rules", `^{"statusCode":201,.*Location.*/v1/apis/k1l2m3n4o5.*\\"answersFor\\":\\"api\\".*\\"version\\":1`}, {"put-api/rules", `^{"statusCode":428,`},
		{"check-api/call", `^{"statusCode":200,.*\\"usable\\":true,.*\\"allowed\\":true,`},
		{"put-api/openapi", `^{"statusCode":201,.*/v1/apis/p6q7r8s9t0.*\\"answersFor\\":\\"request\\".*/orders/{id}`},
		{"get-api/person", `^{"statusCode":200,.*\\"path\\":\\"/orders\\"`}, {"list-apis/person", `^{"statusCode":200,.*\\"id\\":\\"k1l2m3n4o5\\",.*\\"ruleCount\\":2,.*\\"id\\":\\"p6q7r8s9t0\\"`},
		{"delete-api/person", `^{"statusCode":412,.*The rules are at version`}, // a sample cannot know their version
		{"list-events/person", `^{"statusCode":200,.*\\"action\\":\\"user\.offboarded\\"`}, {"list-token-events/person", `^{"statusCode":200,.*\\"action\\":\\"token\.rotated\\"`},
		{"summarize-tokens/person", `^{"statusCode":200,.*\\"byKind\\":{\\"personal\\":2,\\"service\\":2}.*\\"complete\\":true`},
		{"bulk-revoke/dry-run", `^{"statusCode":200,.*\\"state\\":\\"dry-run\\".*\\"total\\":0`},
		{"bulk-revoke/ids", `^{"statusCode":202,.*Location.*/v1/jobs/job_.*\\"state\\":\\"running\\",.*\\"total\\":2`},
		{"revoke-issued-before/person", `^{"statusCode":204,`},
		{"revoke-token/person", `^{"statusCode":204,`}, {"revoke-token/self", `^{"statusCode":204,`},
	}
)

func TestEverySampleEventRunsThroughItsCompiledFunction(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	try := func(list []expected) {
		for _, e := range list {
			tried[e.event] = true
			invoke(t, e)
		}
	}
	try(before)
	seedSamples(t)
	try(after)
	files, err := filepath.Glob(filepath.Join(root, "events", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, elsewhere := range []string{"live-orders/connect-browser", "live-orders/message", "resolve-orders/token"} {
		tried[elsewhere] = true // the tests of their functions, which the local stack does not serve
	}
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".json"); !tried[name] {
			t.Errorf("events/%s.json is not expected by this test", name)
		}
	}
	if folders, _ := filepath.Glob(filepath.Join(root, "functions", "*")); len(folders) == 0 {
		t.Error("there are no functions")
	} else {
		for _, folder := range folders {
			if !slices.ContainsFunc(files, func(f string) bool { return filepath.Base(filepath.Dir(f)) == filepath.Base(folder) }) {
				t.Errorf("%s has no sample event", folder)
			}
		}
	}
}

// TestSampleEventsSayOfTheCallerWhatTheAuthorizerSays, and all of it: a person whose roles nobody ever said may nothing.
func TestSampleEventsSayOfTheCallerWhatTheAuthorizerSays(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "events", "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			RequestContext struct{ Authorizer map[string]any }
		}
		if json.Unmarshal(data, &event) != nil || event.RequestContext.Authorizer["profile"] == nil {
			continue
		}
		people++
		caller, err := principal.FromContext(event.RequestContext.Authorizer)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if admin := scope.Shipped().OfRoles(caller.Roles); caller.RolesStatedAt.IsZero() || caller.Scopes.String() != admin.String() {
			t.Errorf("%s: roles %v of %s, scopes %s", file, caller.Roles, caller.RolesStatedAt, caller.Scopes)
		}
		for name, value := range caller.Context() {
			if event.RequestContext.Authorizer[name] != value {
				t.Errorf("%s: %s is %v, and the authorizer says %q", file, name, event.RequestContext.Authorizer[name], value)
			}
		}
	}
	if people < 30 {
		t.Errorf("%d events of people were found", people)
	}
}

var word = regexp.MustCompile(`(^|-)[a-z]`)

// invoke hands an event to the function whose folder its file is named after.
func invoke(t *testing.T, e expected) {
	t.Helper()
	event, err := os.ReadFile(filepath.Join(root, "events", e.event+".json"))
	if err != nil {
		t.Fatal(err)
	}
	folder, _, _ := strings.Cut(e.event, "/")
	function := word.ReplaceAllStringFunc(folder, func(s string) string { return strings.ToUpper(strings.TrimPrefix(s, "-")) }) + "Function"
	result, err := stack.Invoke(t.Context(), function, event)
	if err != nil {
		t.Fatalf("%s: %v", e.event, err)
	}
	if !regexp.MustCompile(e.answer).Match(result.Payload) {
		t.Errorf("%s: %s, want %s", e.event, result.Payload, e.answer)
	}
	if strings.Contains(e.answer, "errorMessage") != result.Failed {
		t.Errorf("%s: failed is %v", e.event, result.Failed)
	}
	var given struct{ Body string }
	var issued struct{ Token string }
	if json.Unmarshal(result.Payload, &given) == nil && json.Unmarshal([]byte(given.Body), &issued) == nil && issued.Token != "" {
		answers.note(issued.Token)
	}
}

// seedSamples stores the two tokens of the events, one of them with the secret that they present.
func seedSamples(t *testing.T) {
	t.Helper()
	table := dynamo.New(stack.DynamoDB(), tableName(stack), time.Hour)
	now := token.Millis(time.Now())
	event := func() audit.Event {
		id, err := audit.NewID(now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return audit.Event{ID: id, Time: now, Account: sampleAccount, Action: audit.TokenCreated, Target: "sample"}
	}
	ada := user.User{Ref: samplePerson.Owner(), Account: sampleAccount, Subject: "ada", Kind: user.Person, Roles: []string{"admin"}, Status: user.Active, CreatedAt: now, UpdatedAt: now, Version: 1}
	if err := table.SaveUser(t.Context(), nil, ada, event()); err != nil {
		t.Fatal(err)
	}
	sample := func(id token.ID, kind token.Kind) token.Token {
		var steward user.ID
		if kind == token.Service {
			steward = ada.ID()
		}
		return token.Token{
			Steward: steward, ID: id, Account: sampleAccount, Kind: kind, Environment: token.Live, Name: "Sample", Scopes: []scope.Pattern{"orders:read"}, Active: true,
			CreatedAt: now, CreatedBy: ada.ID(), UpdatedAt: now, UpdatedBy: ada.ID(), Version: 1,
			Secrets: []token.SecretVersion{{Digest: digestOf(t, sampleSecret), CreatedAt: now}},
		}
	}
	service := user.User{Ref: sampleService.Owner(), Account: sampleAccount, Kind: user.Service, Status: user.Active, CreatedAt: now, UpdatedAt: now, Version: 1}
	for _, c := range []store.Creation{
		{Token: sample(samplePerson, token.Personal), Creator: ada, Event: event()},
		{Token: sample(sampleService, token.Service), TokenUser: &service, Creator: ada, Event: event()},
	} {
		if err := table.CreateToken(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// digestOf makes the digest that the functions would make.
func digestOf(t *testing.T, secret string) token.Digest {
	t.Helper()
	return digestOn(t, stack, secret)
}

func digestOn(t *testing.T, s *local.Stack, secret string) token.Digest {
	t.Helper()
	value, err := s.Secrets().Value(s.Template().Secrets[0].ARN)
	if err != nil {
		t.Fatal(err)
	}
	var ring map[string]string
	if err := json.Unmarshal([]byte(value), &ring); err != nil {
		t.Fatal(err)
	}
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	presented, err := format.Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	return token.NewKey(ring["current"], []byte(ring[ring["current"]])).Digest(presented.Secret)
}
