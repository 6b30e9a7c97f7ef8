package iam_test

import (
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
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
			got, _ := iam.Decide(statements, iam.Request{Action: test.action, Resource: test.resource, Context: test.context})
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

func TestAKeyThatAnActionDoesNotHaveIsAbsent(t *testing.T) {
	in := map[string][]string{"dynamodb:EnclosingOperation": {"TransactWriteItems"}, "dynamodb:LeadingKeys": {"ACCOUNT#a"}}
	for _, test := range []struct {
		name, action, condition string
		want                    iam.Decision
	}{
		{"a put has the operation around it", "PutItem", `"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"}`, iam.Allow},
		{"a condition check has none", "ConditionCheckItem", `"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"}`, iam.ImplicitDeny},
		{"and IfExists asks no more of it", "ConditionCheckItem", `"StringEqualsIfExists":{"dynamodb:EnclosingOperation":"GetItem"}`, iam.Allow},
		{"a query has a leading key", "Query", `"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"OWNER#*"}`, iam.ImplicitDeny},
		{"a scan has none, so all of them fit", "Scan", `"ForAllValues:StringLike":{"dynamodb:LeadingKeys":"OWNER#*"}`, iam.Allow},
		{"an unknown action has none either", "ExportTableToPointInTime", `"Null":{"dynamodb:LeadingKeys":"true"}`, iam.Allow},
	} {
		statements := parse(t, `{"Statement":{"Effect":"Allow","Action":"dynamodb:`+test.action+`","Resource":"*","Condition":{`+test.condition+`}}}`)
		if got, _ := iam.Decide(statements, iam.Request{Action: "dynamodb:" + test.action, Resource: table, Context: in}); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	missing := parse(t, `{"Statement":{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:ConditionCheckItem"],"Resource":"*",
		"Condition":{"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"}}}}`)[0].Missing()
	if len(missing) != 1 || missing[0] != "dynamodb:ConditionCheckItem: dynamodb:enclosingoperation" {
		t.Errorf("missing: %v", missing)
	}
}

func TestTheItemsOfATransactionAreJudgedEitherWay(t *testing.T) {
	put := func(key string, attributes ...string) iam.Request {
		return iam.Request{Action: "dynamodb:PutItem", Resource: table, Context: map[string][]string{
			"dynamodb:LeadingKeys": {key}, "dynamodb:Attributes": attributes, "dynamodb:EnclosingOperation": {"TransactWriteItems"},
		}}
	}
	statement := func(key, attributes string) string {
		return `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*","Condition":{"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"},
			"ForAllValues:StringLike":{"dynamodb:LeadingKeys":[` + key + `]},"ForAllValues:StringEquals":{"dynamodb:Attributes":["pk",` + attributes + `]}}}`
	}
	anyKey := func(quantifier string) string {
		return `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*","Condition":{"` + quantifier + `:StringLike":{"dynamodb:LeadingKeys":"OWNER#*"}}}`
	}
	items := []iam.Request{put("OWNER#a", "pk", "roles"), put("ACCOUNT#a", "pk", "target")}
	for _, test := range []struct {
		name, statements              string
		oneByOne, together, eitherWay bool
	}{
		{"one statement for all", statement(`"OWNER#*","ACCOUNT#*"`, `"roles","target"`), true, true, true},
		{"a statement for each", statement(`"OWNER#*"`, `"roles"`) + "," + statement(`"ACCOUNT#*"`, `"target"`), true, false, false},
		{"a statement that one value satisfies", anyKey("ForAnyValue"), false, true, false},
		{"a partition is missing", statement(`"OWNER#*"`, `"roles","target"`), false, false, false},
		{"an attribute is missing", statement(`"OWNER#*","ACCOUNT#*"`, `"roles"`), false, false, false},
	} {
		for reading, want := range map[iam.Reading]bool{iam.OneByOne: test.oneByOne, iam.Together: test.together, iam.EitherWay: test.eitherWay} {
			allowed := true
			for _, r := range reading.Requests(items) {
				decision, _ := iam.Decide(parse(t, `{"Statement":[`+test.statements+`]}`), r)
				allowed = allowed && decision == iam.Allow
			}
			if allowed != want {
				t.Errorf("%s, reading %d: allowed is %v", test.name, reading, allowed)
			}
		}
	}
	if len(items[0].Context["dynamodb:LeadingKeys"]) != 1 {
		t.Error("the items have changed")
	}
	mixed := append(items, iam.Request{Action: "dynamodb:UpdateItem", Resource: table}, iam.Request{Action: "dynamodb:PutItem", Resource: table + "2"})
	if n := len(iam.Together.Requests(mixed)); n != 3 {
		t.Errorf("%d requests of three actions and resources", n)
	}
}

func TestUsageNamesWhatNoRequestNeeded(t *testing.T) {
	statements := parse(t, `{"Statement":{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query"],"Resource":["`+table+`","`+table+`2"],
		"Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["OWNER#*","ACCOUNT#*"]}}}}`)
	var usage iam.Usage
	if n := len(usage.Unneeded(&statements[0])); n != 6 {
		t.Errorf("%d of 6 parts before any request", n)
	}
	request := iam.Request{Action: "dynamodb:Query", Resource: table, Context: map[string][]string{"dynamodb:LeadingKeys": {"ACCOUNT#a"}}}
	_, by := iam.Decide(statements, request)
	usage.Note(by, request)
	want := "Action dynamodb:GetItem, Resource " + table + "2, dynamodb:leadingkeys OWNER#*"
	if got := strings.Join(usage.Unneeded(&statements[0]), ", "); got != want {
		t.Errorf("unneeded: %s, want %s", got, want)
	}
}
