package acceptance

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/dev/local"
)

// example returns the template of an example as the local stack deploys it.
func example(t *testing.T, stackName, folder string) *template.Template {
	t.Helper()
	loaded, err := template.Load(filepath.Join(root, "examples", folder, "template.yaml"), template.Options{
		StackName: stackName, Parameters: map[string]string{"AuthorizerArn": "arn:aws:lambda:us-east-1:123456789012:function:authorizer"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// ruleFor is one of an API's rules.
type ruleFor struct{ method, path, scope string }

// putRules writes an API's rules into the table.
func putRules(t *testing.T, s *local.Stack, api string, rules ...ruleFor) {
	t.Helper()
	var list []types.AttributeValue
	for _, r := range rules {
		list = append(list, &types.AttributeValueMemberM{Value: attributes{
			"method": str(r.method), "path": str(r.path), "match": str("all"), "scopes": &types.AttributeValueMemberL{Value: []types.AttributeValue{str(r.scope)}},
		}})
	}
	_, err := s.DynamoDB().PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(tableName(s)), Item: attributes{
		"pk": str("API#" + api), "sk": str("ROUTES"), "type": str("routes"), "api": str(api), "default": str("deny"), "answersFor": str("api"),
		"complete": &types.AttributeValueMemberBOOL{}, "version": &types.AttributeValueMemberN{Value: "1"}, "updatedBy": str("usr_x"),
		"updatedAt": &types.AttributeValueMemberN{Value: "1795348800000"}, "accountPk": str("APIS"), "accountSk": str(api),
		"rules": &types.AttributeValueMemberL{Value: list},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheExamplesObeyTheRulesOfTheirAPIs(t *testing.T) {
	t.Parallel()
	s, err := start("rules", map[string]string{"Authorizer": "Cached"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	t.Run("a REST API that caches answers", func(t *testing.T) { aCachedAnswerIsRightForTheOtherRoutes(t, s) })
	t.Run("an HTTP API", func(t *testing.T) { anHTTPAPIObeysItsRules(t, s) })
}

// One answer of the authorizer, kept by the gateway, decides rightly on every route: on what it allows, and on what it
// refuses, with the scope that is missing.
func aCachedAnswerIsRightForTheOtherRoutes(t *testing.T, s *local.Stack) {
	putRules(t, s, example(t, "orders", "orders").RestAPIs[0].ID, ruleFor{"GET", "/orders", "orders:read"}, ruleFor{"POST", "/orders", "orders:write"})
	ada := personOf(t, s, "acc_routes", "ada", "admin")
	with := func(scopes ...string) caller {
		c := ada.create(t, object{"scopes": scopes}).bearer()
		c.stack = s
		return c
	}
	order := object{"item": "lamp", "quantity": 1}
	refused := func(c caller, method string, body any, challenge string) {
		t.Helper()
		a := c.downstream(t, method, body).want(t, 403)
		p := decode[problem](t, a)
		if got := a.header.Get("WWW-Authenticate"); got != challenge || p.Code != "insufficient_scope" || !strings.HasPrefix(p.Detail, "The credential lacks what routes of this API need: orders:") {
			t.Errorf("%s: %q, %s; want %q", a.what, got, a.body, challenge)
		}
	}
	for name, tt := range map[string]struct {
		caller caller
		first  func(caller)
		second func(caller)
	}{
		"allowed, then refused": {with("orders:read"), func(c caller) { c.downstream(t, "GET", nil).want(t, 200) },
			func(c caller) { refused(c, "POST", order, `Bearer error="insufficient_scope", scope="orders:write"`) }},
		"refused, then allowed": {with("orders:write"), func(c caller) { refused(c, "GET", nil, `Bearer error="insufficient_scope", scope="orders:read"`) },
			func(c caller) { c.downstream(t, "POST", order).want(t, 201) }},
		"allowed twice": {with("orders:read", "orders:write"), func(c caller) { c.downstream(t, "GET", nil).want(t, 200) },
			func(c caller) { c.downstream(t, "POST", order).want(t, 201) }},
		"refused twice": {with("tokens:read"), func(c caller) {
			refused(c, "GET", nil, `Bearer error="insufficient_scope", scope="orders:read orders:write"`)
		},
			func(c caller) {
				refused(c, "POST", order, `Bearer error="insufficient_scope", scope="orders:read orders:write"`)
			}},
	} {
		tt.first(tt.caller)
		before := s.Calls("AuthorizerFunction")
		tt.second(tt.caller)
		if after := s.Calls("AuthorizerFunction"); after != before {
			t.Errorf("%s: the authorizer was asked a second time", name)
		}
	}
	// Without a rule the gateway refuses what is there, and says as ever what is not.
	with("orders:read").send(t, s.DownstreamURL(), "GET", "/orders/none", nil).want(t, 404)
}

func anHTTPAPIObeysItsRules(t *testing.T, s *local.Stack) {
	putRules(t, s, example(t, "http-api", "http-api").HTTPAPIs[0].ID, ruleFor{"GET", "/shipments", "orders:write"})
	ada := personOf(t, s, "acc_routes", "ada", "admin")
	for _, scope := range []string{"orders:read", "orders:write"} {
		c := ada.create(t, object{"scopes": []string{scope}}).bearer()
		c.stack = s
		a := c.shipments(t).want(t, 403)
		if byGateway := a.body == `{"message":"Forbidden"}`; byGateway != (scope == "orders:read") { // the function wants orders:read
			t.Errorf("%s: refused with %s", scope, a.body)
		}
	}
}
