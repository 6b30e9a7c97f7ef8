package iam_test

import (
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/local/iam"
)

const table = "arn:aws:dynamodb:us-east-1:123456789012:table/tokens"

func parse(t *testing.T, document string) []iam.Statement {
	t.Helper()
	statements, err := iam.ParsePolicy([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return statements
}

func TestDecide(t *testing.T) {
	readOwners := `{"Effect":"Allow","Action":["dynamodb:BatchGetItem","dynamodb:GetItem"],"Resource":"` + table + `",
		"Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["OWNER#*"]}}}`
	touch := `{"Effect":"Allow","Action":"dynamodb:UpdateItem","Resource":"` + table + `","Condition":{
		"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk","sk","lastUsedAt"]},
		"StringEqualsIfExists":{"dynamodb:ReturnValues":["NONE","UPDATED_NEW"]}}}`
	keys := func(k ...string) map[string][]string { return map[string][]string{"dynamodb:LeadingKeys": k} }
	attributes := func(returns string, a ...string) map[string][]string {
		m := map[string][]string{"dynamodb:Attributes": a}
		if returns != "" {
			m["dynamodb:ReturnValues"] = []string{returns}
		}
		return m
	}
	for _, test := range []struct {
		name       string
		statements string
		action     string
		resource   string
		context    map[string][]string
		want       iam.Decision
	}{
		{"an owner item may be read", readOwners, "dynamodb:GetItem", table, keys("OWNER#a"), iam.Allow},
		{"every key of a batch must fit", readOwners, "dynamodb:BatchGetItem", table, keys("OWNER#a", "ACCOUNT#b"), iam.ImplicitDeny},
		{"an action not named is refused", readOwners, "dynamodb:PutItem", table, keys("OWNER#a"), iam.ImplicitDeny},
		{"actions compare without case", readOwners, "DynamoDB:getitem", table, keys("OWNER#a"), iam.Allow},
		{"the index is another resource", readOwners, "dynamodb:GetItem", table + "/index/by-account", keys("OWNER#a"), iam.ImplicitDeny},
		{"listed attributes may be written", touch, "dynamodb:UpdateItem", table, attributes("", "pk", "lastUsedAt"), iam.Allow},
		{"an unlisted attribute is refused", touch, "dynamodb:UpdateItem", table, attributes("", "pk", "secrets"), iam.ImplicitDeny},
		{"IfExists checks a key that is there", touch, "dynamodb:UpdateItem", table, attributes("ALL_NEW", "pk"), iam.ImplicitDeny},
		{"Deny comes before Allow", readOwners + `,{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"}`, "dynamodb:GetItem", table, keys("OWNER#a"), iam.ExplicitDeny},
		{"Deny comes before a later Allow", `{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"},` + readOwners, "dynamodb:GetItem", table, keys("OWNER#a"), iam.ExplicitDeny},
		{"NotAction leaves the rest", `{"Effect":"Allow","NotAction":"dynamodb:Scan","Resource":"*"}`, "dynamodb:Query", table, nil, iam.Allow},
		{"NotAction excludes what it names", `{"Effect":"Allow","NotAction":"dynamodb:Scan","Resource":"*"}`, "dynamodb:Scan", table, nil, iam.ImplicitDeny},
		{"NotResource excludes what it names", `{"Effect":"Allow","Action":"*","NotResource":"` + table + `"}`, "dynamodb:Scan", table, nil, iam.ImplicitDeny},
		{"a negated operator holds without the key", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"dynamodb:Select":"COUNT"}}}`, "dynamodb:Query", table, nil, iam.Allow},
		{"a plain operator fails without the key", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"dynamodb:Select":"COUNT"}}}`, "dynamodb:Query", table, nil, iam.ImplicitDeny},
		{"Null asks for the absence of a key", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"dynamodb:LeadingKeys":"true"}}}`, "dynamodb:Query", table, keys("a"), iam.ImplicitDeny},
		{"ForAnyValue needs one value", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"dynamodb:LeadingKeys":"a*"}}}`, "dynamodb:Query", table, nil, iam.ImplicitDeny},
		{"an address outside the network is refused", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}}}`, "x:Y", table, map[string][]string{"aws:SourceIp": {"11.0.0.1"}}, iam.ImplicitDeny},
		{"an address inside the network is allowed", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}}}`, "x:Y", table, map[string][]string{"aws:SourceIp": {"10.2.3.4"}}, iam.Allow},
	} {
		t.Run(test.name, func(t *testing.T) {
			statements := parse(t, `{"Version":"2012-10-17","Statement":[`+test.statements+`]}`)
			got := iam.Decide(statements, iam.Request{Action: test.action, Resource: test.resource, Context: test.context})
			if got != test.want {
				t.Errorf("decided %v, want %v", got, test.want)
			}
		})
	}
}

func TestWildcards(t *testing.T) {
	for _, test := range []struct {
		pattern, arn string
		want         bool
	}{
		{"arn:aws:execute-api:us-east-1:1:api/live/*", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1/tokens", true},
		{"arn:aws:execute-api:us-east-1:1:api/live/GET/*", "arn:aws:execute-api:us-east-1:1:api/live/POST/v1/tokens", false},
		{"arn:aws:execute-api:us-east-1:1:api/live/???/v1", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1", true},
		{"arn:aws:execute-api:us-east-1:1:api/live/???/v1", "arn:aws:execute-api:us-east-1:1:api/live/POST/v1", false},
		{"arn:aws:execute-api:*:*:api/*", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1", true},
		{"arn:aws:*:api/live/GET/v1", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1", false},
		{"arn:aws:execute-api", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1", true},
		{"*", "arn:aws:execute-api:us-east-1:1:api/live/GET/v1", true},
		{"arn:aws:logs:us-east-1:1:log-group:a*", "arn:aws:logs:us-east-1:1:log-group:abc:stream", true},
		{"arn:aws:s3:::Bucket", "arn:aws:s3:::bucket", false},
	} {
		if got := iam.MatchARN(test.pattern, test.arn); got != test.want {
			t.Errorf("%s on %s: %v, want %v", test.pattern, test.arn, got, test.want)
		}
	}
	if !iam.MatchWildcard(strings.Repeat("*a", 30)+"*", strings.Repeat("a", 60)) {
		t.Error("a pattern of many stars must still match")
	}
}

func TestWhatCannotBeEnforcedIsRefusedAtTheStart(t *testing.T) {
	for _, test := range []struct{ statement, want string }{
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"x"}}}`, "condition operator DateLessThan"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"x"}}}`, "condition key aws:PrincipalOrgID"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForSomeValues:StringEquals":{"dynamodb:LeadingKeys":"x"}}}`, "condition operator ForSomeValues:StringEquals"},
		{`{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"dynamodb:LeadingKeys":"x"}}}`, "holds several values"},
		{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}`, "policy variable"},
		{`{"Effect":"Allow","Action":"*","Principal":"*","Resource":"*"}`, "Principal is not an element"},
		{`{"Effect":"Maybe","Action":"*","Resource":"*"}`, "Effect must be Allow or Deny"},
		{`{"Effect":"Allow","Resource":"*"}`, "needs Action or NotAction"},
		{`{"Effect":"Allow","Action":[],"Resource":"*"}`, "empty list"},
		{`{"Action":"*","Resource":"*"}`, "no Effect"},
		{`"text"`, "must be an object"},
	} {
		_, err := iam.ParsePolicy([]byte(`{"Statement":` + test.statement + `}`))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one naming %q", test.statement, err, test.want)
		}
	}
}
