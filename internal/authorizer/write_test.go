package authorizer

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// The answers are those of aws-lambda-go's types, member for member.
func TestAnswersAreThoseOfAWSLambdaGo(t *testing.T) {
	for _, context := range []map[string]string{
		nil, {"code": "forbidden"}, {"b": "x y", "a": "\"quoted\" \\ \n\u2028<>& ü🔑", "": ""},
	} {
		var values map[string]any
		if context != nil {
			values = map[string]any{}
		}
		for k, v := range context {
			values[k] = v
		}
		invoke := func(effect string, resources ...string) events.IAMPolicyStatement {
			return events.IAMPolicyStatement{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: resources}
		}
		one := events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{invoke("Deny", "arn:aws:x/*")}}
		both := events.APIGatewayCustomAuthorizerPolicy{Version: "2012-10-17", Statement: []events.IAMPolicyStatement{
			invoke("Allow", "arn:aws:x/GET/a", "arn:aws:x/GET/b/*"), invoke("Deny", "arn:aws:x/GET/b/\"ü", "arn:aws:x/*//*", "arn:aws:x/:*:*:*%6?*"),
		}}
		ttl := 300
		for _, tt := range []struct {
			want any
			got  []byte
		}{
			{events.APIGatewayCustomAuthorizerResponse{PrincipalID: "usr_\"x", PolicyDocument: one, Context: values},
				appendPolicy(nil, "usr_\"x", "arn:aws:x/", nil, []string{"*"}, nil, context)},
			{events.APIGatewayCustomAuthorizerResponse{PrincipalID: "usr_x", PolicyDocument: both, Context: values},
				appendPolicy(nil, "usr_x", "arn:aws:x/", []string{"GET/a", "GET/b/*"}, []string{"GET/b/\"ü", "*//*"}, []string{"*%6?*"}, context)},
			{events.APIGatewayV2CustomAuthorizerIAMPolicyResponse{PrincipalID: "usr_x", PolicyDocument: one, Context: values},
				appendPolicy(nil, "usr_x", "arn:aws:x/", nil, []string{"*"}, nil, context)},
			{events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: true, Context: values}, appendSimple(nil, true, context)},
			{events.AppSyncLambdaAuthorizerResponse{IsAuthorized: false, ResolverContext: values, TTLOverride: &ttl}, appendAppSync(nil, false, context, ttl)},
		} {
			text, err := json.Marshal(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(anything(t, text), anything(t, tt.got)); diff != "" {
				t.Errorf("%T (- aws-lambda-go, + ours):\n%s", tt.want, diff)
			}
		}
	}
}

func anything(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// What is read by hand is what encoding/json would read.
func TestEventsAreReadAsEncodingJSONReadsThem(t *testing.T) {
	for _, text := range []string{
		`{"version":"2.0","type":"REQUEST","methodArn":"a","routeArn":"b","routeKey":"GET /k","authorizationToken":"c","headers":{"A":"1","b":null},` +
			`"multiValueHeaders":{"A":["1","2",null],"b":[],"c":null},"queryStringParameters":{"q":"1"},"multiValueQueryStringParameters":{"q":["1"]},` +
			`"requestContext":{"requestId":"r","apiId":"i","eventType":"CONNECT","operation":"o","identity":{"sourceIp":"1.2.3.4","user":null},` +
			`"http":{"sourceIp":"5.6.7.8","x":[1,{"y":2}]},"more":[]},"other":{"deep":[[[{}]]]}}`,
		`{"headers":null,"multiValueHeaders":null,"queryStringParameters":null,"multiValueQueryStringParameters":null,"requestContext":null}`,
		`{"version":null,"requestContext":{"identity":null,"http":null}}`, `{}`,
	} {
		got, err := readEvent([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var want struct {
			Version, Type, MethodARN, RouteARN, RouteKey, AuthorizationToken string
			Headers                                                          map[string]string
			MultiValueHeaders                                                map[string][]string
			QueryStringParameters                                            map[string]string
			MultiValueQueryStringParameters                                  map[string][]string
			RequestContext                                                   struct {
				RequestID, APIID, EventType, Operation string
				Identity, HTTP                         struct{ SourceIP string }
			}
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		c := want.RequestContext
		e := event{
			Version: want.Version, Type: want.Type, MethodARN: want.MethodARN, RouteARN: want.RouteARN, RouteKey: want.RouteKey, AuthorizationToken: want.AuthorizationToken,
			Headers: want.Headers, MultiHeaders: want.MultiValueHeaders, Query: want.QueryStringParameters, MultiQuery: want.MultiValueQueryStringParameters,
			Context: eventContext{RequestID: c.RequestID, APIID: c.APIID, EventType: c.EventType, Operation: c.Operation},
		}
		e.Context.Identity.SourceIP, e.Context.HTTP.SourceIP = c.Identity.SourceIP, c.HTTP.SourceIP
		if diff := cmp.Diff(e, got, cmp.AllowUnexported(event{}, eventContext{}), equateEmpty); diff != "" {
			t.Errorf("%s (- encoding/json, + by hand):\n%s", text, diff)
		}
	}
	for _, text := range []string{`{"version":2}`, `{"headers":[]}`, `{"headers":{"a":1}}`, `{"multiValueHeaders":{"a":"1"}}`, `{"requestContext":"x"}`, `{"type":"x"`, `[]`} {
		if e, err := readEvent([]byte(text)); err == nil {
			t.Errorf("%s reads as %+v", text, e)
		}
	}
}

// equateEmpty: nobody tells an absent list of values from an empty one.
var equateEmpty = cmp.FilterValues(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Comparer(func([]string, []string) bool { return true }))

func BenchmarkPolicy(b *testing.B) {
	context := map[string]string{
		"tokenId": "tok_tgNbh7Q7aQPVbfllxJGMII", "accountId": "acc_acme", "userId": "usr_tgNbh7Q7aQP", "kind": "personal", "environment": "live",
		"scopes": "orders:read orders:write tokens:read", "expiresAt": "2027-02-20T12:00:00.000Z",
	}
	b.ReportAllocs()
	for b.Loop() {
		t, err := parseARN("arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/GET/orders")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := policyAnswer(t.stage, everything, nil, nil, "usr_tgNbh7Q7aQP", context); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadEvent(b *testing.B) {
	text := []byte(`{"type":"REQUEST","methodArn":"arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/live/GET/orders","headers":{"Accept":"*/*",` +
		`"Authorization":"Bearer at_live_EXAMPLEuserV70MWDg0Exa_EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE036gNKk","Host":"example.com","User-Agent":"curl/8.5.0"},` +
		`"multiValueHeaders":{"Accept":["*/*"],"Authorization":["Bearer at_live_EXAMPLEuserV70MWDg0Exa_EXAMPLE0EXAMPLE0EXAMPLE0EXAMPLE036gNKk"]},` +
		`"requestContext":{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","identity":{"sourceIp":"203.0.113.7"}}}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readEvent(text); err != nil {
			b.Fatal(err)
		}
	}
}
