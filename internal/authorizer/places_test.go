package authorizer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/authorizer"
	"github.com/tokenwright/tokenwright/internal/validate"
)

func places(t *testing.T, headers string) authorizer.Places {
	t.Helper()
	parsed, err := authorizer.ParseHeaders(headers)
	if err != nil {
		t.Fatal(err)
	}
	return authorizer.Places{Headers: parsed}
}

func TestHeadersAreReadAsTheyAreConfigured(t *testing.T) {
	bearerAndToken := []string{"Bearer", "token"}
	for text, want := range map[string][]authorizer.Header{
		authorizer.DefaultHeaders:               {{Name: "Authorization", Schemes: bearerAndToken}, {Name: "X-API-Key"}},
		"authorization":                         {{Name: "authorization", Schemes: bearerAndToken}},
		"Authorization=Bearer":                  {{Name: "Authorization", Schemes: []string{"Bearer"}}},
		"X-Token, Proxy-Authorization=Key|ApiK": {{Name: "X-Token"}, {Name: "Proxy-Authorization", Schemes: []string{"Key", "ApiK"}}},
	} {
		if got, err := authorizer.ParseHeaders(text); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{
		"", ",", "Authorization,", "X API Key", "X-Token=", "X-Token=a|", "X-Token: a", "X-Token,x-token", "Authorization,Authorization=Bearer",
		"Cookie", "cookie", "Sec-WebSocket-Protocol", "X-Forwarded-For", "CloudFront-Viewer-Address", "Host",
	} {
		if got, err := authorizer.ParseHeaders(bad); err == nil {
			t.Errorf("%q is taken for %v", bad, got)
		}
	}
}

// place is one attempt to present the credential "abc" somewhere.
type place struct {
	name, of string
	places   authorizer.Places
	change   func(map[string]any)
	reason   validate.Reason // "" = accepted
}

func TestACredentialIsTakenFromWhereItMayStandAndNowhereElse(t *testing.T) {
	query := func(event map[string]any) {
		headers()(event)
		event["queryStringParameters"] = map[string]any{"access_token": "abc"}
	}
	everyQuery := func(event map[string]any) {
		query(event)
		event["multiValueQueryStringParameters"] = map[string]any{"access_token": []string{"abc", "abd"}}
	}
	inQuery := authorizer.Places{QueryParameter: "access_token"}
	browser := headers("Sec-WebSocket-Protocol: tokenwright, abc")
	subprotocol := authorizer.Places{Subprotocol: true}
	for _, p := range []place{
		{"a query string", "rest-request", authorizer.Places{}, query, validate.Missing},
		{"a query string", "http-1.0", authorizer.Places{}, query, validate.Missing},
		{"a query string", "http-2.0-iam", authorizer.Places{}, query, validate.Missing},
		{"a query string", "websocket", authorizer.Places{Subprotocol: true}, query, validate.Missing},
		{"a query string that is switched on", "rest-request", inQuery, func(e map[string]any) { query(e); delete(e, "multiValueQueryStringParameters") }, ""},
		{"a query string that is switched on", "http-1.0", inQuery, query, ""},
		{"a query string that is switched on", "http-2.0-iam", inQuery, query, ""},
		{"a query string that is switched on", "websocket", inQuery, func(e map[string]any) { query(e); delete(e, "multiValueQueryStringParameters") }, ""},
		{"another parameter", "http-2.0-iam", authorizer.Places{QueryParameter: "token"}, query, validate.Missing},
		{"the parameter in capitals", "http-2.0-iam", authorizer.Places{QueryParameter: "ACCESS_TOKEN"}, query, validate.Missing},
		{"the parameter twice", "rest-request", inQuery, everyQuery, validate.Ambiguous},
		{"the parameter twice, joined", "http-2.0-iam", inQuery, func(e map[string]any) {
			headers()(e)
			e["queryStringParameters"] = map[string]any{"access_token": "abc,abd"}
		}, validate.Ambiguous},
		{"an empty parameter", "http-2.0-iam", inQuery, func(e map[string]any) {
			headers()(e)
			e["queryStringParameters"] = map[string]any{"access_token": ""}
		}, validate.Malformed},
		{"a parameter and another credential in a header", "http-2.0-iam", inQuery, func(e map[string]any) { query(e); headers("x-api-key: abd")(e) }, validate.Ambiguous},

		{"a browser's subprotocol", "websocket", authorizer.Places{}, browser, validate.Missing},
		{"a browser's subprotocol that is switched on", "websocket", subprotocol, browser, ""},
		{"the same in another kind of API", "rest-request", subprotocol, browser, validate.Missing},
		{"the same in another kind of API", "http-2.0-iam", subprotocol, browser, validate.Missing},
		{"among other subprotocols", "websocket", subprotocol, headers("sec-websocket-protocol: graphql-ws,tokenwright,abc,mqtt"), ""},
		{"on lines of their own", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: tokenwright", "Sec-WebSocket-Protocol: abc"), ""},
		{"other subprotocols alone", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: graphql-ws, abc"), validate.Missing},
		{"our subprotocol without a credential", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: abc, tokenwright"), validate.Malformed},
		{"our subprotocol in other letters", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: Tokenwright, abc"), validate.Missing},
		{"two in the subprotocols", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: tokenwright, abc, tokenwright, abd"), validate.Ambiguous},
		{"a subprotocol and another credential in a header", "websocket", subprotocol, headers("Sec-WebSocket-Protocol: tokenwright, abc", "X-API-Key: abd"), validate.Ambiguous},

		{"a header of one's own", "http-2.0-iam", places(t, "X-Token"), headers("x-token: abc"), ""},
		{"a header that is not configured", "http-2.0-iam", places(t, "X-Token"), headers("authorization: Bearer abc"), validate.Missing},
		{"a scheme of one's own", "rest-request", places(t, "Authorization=Key"), headers("Authorization: key abc"), ""},
		{"a scheme that is not configured", "rest-request", places(t, "Authorization=Key"), headers("Authorization: Bearer abc"), validate.Malformed},
		{"a TOKEN with a scheme of one's own", "rest-token", places(t, "X-Token,X-Auth=Key"), set("KEY abc", "authorizationToken"), ""},
		{"a TOKEN with a scheme that is not configured", "rest-token", places(t, "X-Token,X-Auth=Key"), set("Bearer abc", "authorizationToken"), validate.Malformed},
		{"a TOKEN without a scheme", "rest-token", places(t, "Authorization"), set("abc", "authorizationToken"), ""},

		{"a cookie", "http-2.0-iam", inQuery, func(e map[string]any) {
			headers("cookie: access_token=abc")(e)
			e["cookies"] = []any{"access_token=abc", "Authorization=Bearer abc"}
		}, validate.Missing},
		{"a path parameter", "http-2.0-iam", inQuery, func(e map[string]any) {
			headers()(e)
			e["pathParameters"] = map[string]any{"access_token": "abc"}
		}, validate.Missing},
		{"a body", "http-1.0", inQuery, func(e map[string]any) { headers()(e); e["body"] = "access_token=abc" }, validate.Missing},
		{"a header of AppSync's request", "appsync", authorizer.Places{}, func(e map[string]any) {
			delete(e, "authorizationToken")
			e["requestHeaders"] = map[string]any{"authorization": "Bearer abc", "x-api-key": "abc"}
		}, validate.Missing},
		{"a variable of AppSync's request", "appsync", inQuery, func(e map[string]any) {
			delete(e, "authorizationToken")
			set(map[string]any{"access_token": "abc"}, "requestContext", "variables")(e)
		}, validate.Missing},
	} {
		t.Run(p.of+": "+p.name, func(t *testing.T) {
			r := record(t, p.of)
			p.change(r.Event)
			j := &judge{principal: bearer}
			got := run(t, j, authorizer.Config{HTTPResponse: authorizer.IAM, Places: p.places}, r.Event)
			if p.reason == "" && (!got.allows() || !slices.Equal(j.asked, []string{"abc"})) {
				t.Errorf("%s %v, asked for %q; want it accepted", got.answer, got.err, j.asked)
			}
			if p.reason != "" && (got.allows() || j.asked != nil || got.counted != outcome{"unauthenticated", string(p.reason)}) {
				t.Errorf("%s %v, counted %v, asked for %q; want refused for %s", got.answer, got.err, got.counted, j.asked, p.reason)
			}
			if strings.Contains(strings.ReplaceAll(got.log, "abcdef123", "an API"), `abc`) {
				t.Errorf("the credential is logged: %s", got.log)
			}
		})
	}
}

func TestWhoseWordCountsForTheAddress(t *testing.T) {
	const unknown, peer = "invalid IP", "203.0.113.7"
	viewer := func(values ...string) func(map[string]any) {
		lines := []string{"Authorization: Bearer abc", "X-Forwarded-For: 192.0.2.1, 10.0.0.1"}
		for _, v := range values {
			lines = append(lines, "cloudFront-Viewer-Address: "+v)
		}
		return headers(lines...)
	}
	for _, test := range []struct {
		name, of string
		word     authorizer.ClientAddress
		change   func(map[string]any)
		want     string
	}{
		{"the header does not count by itself", "rest-request", "", viewer("198.51.100.7:46532"), peer},
		{"nor when the gateway's word does", "rest-request", authorizer.Gateway, viewer("198.51.100.7:46532"), peer},
		{"IPv4", "rest-request", authorizer.CloudFront, viewer("198.51.100.7:46532"), "198.51.100.7"},
		{"IPv4", "http-1.0", authorizer.CloudFront, viewer("198.51.100.7:46532"), "198.51.100.7"},
		{"IPv4", "http-2.0-iam", authorizer.CloudFront, viewer("198.51.100.7:46532"), "198.51.100.7"},
		{"IPv4", "websocket", authorizer.CloudFront, viewer("198.51.100.7:46532"), "198.51.100.7"},
		{"IPv6", "rest-request", authorizer.CloudFront, viewer("2001:db8:0:0::9:9985"), "2001:db8::9"},
		{"IPv6 in full", "rest-request", authorizer.CloudFront, viewer("2001:0db8:85a3:0000:0000:8a2e:0370:7334:46532"), "2001:db8:85a3::8a2e:370:7334"},
		{"IPv6 in brackets", "rest-request", authorizer.CloudFront, viewer("[2001:db8::9]:443"), "2001:db8::9"},
		{"v4-mapped", "rest-request", authorizer.CloudFront, viewer("::ffff:198.51.100.7:443"), "198.51.100.7"},
		{"none", "rest-request", authorizer.CloudFront, viewer(), unknown},
		{"two", "rest-request", authorizer.CloudFront, viewer("198.51.100.7:1", "198.51.100.8:1"), unknown},
		{"two, joined", "http-2.0-iam", authorizer.CloudFront, viewer("198.51.100.7:1,198.51.100.8:1"), unknown},
		{"no port", "rest-request", authorizer.CloudFront, viewer("198.51.100.7"), unknown},
		{"a port of letters", "rest-request", authorizer.CloudFront, viewer("198.51.100.7:http"), unknown},
		{"a port out of range", "rest-request", authorizer.CloudFront, viewer("198.51.100.7:65536"), unknown},
		{"a signed port", "rest-request", authorizer.CloudFront, viewer("198.51.100.7:+1"), unknown},
		{"IPv6 in full without a port", "rest-request", authorizer.CloudFront, viewer("2001:db8:85a3:0:0:8a2e:370:7334"), unknown},
		{"an open bracket", "rest-request", authorizer.CloudFront, viewer("[2001:db8::9:443"), unknown},
		{"a name", "rest-request", authorizer.CloudFront, viewer("localhost:443"), unknown},
		{"empty", "rest-request", authorizer.CloudFront, viewer(""), unknown},
		{"an event without headers", "rest-token", authorizer.CloudFront, func(map[string]any) {}, unknown},
		{"an event without headers", "appsync", authorizer.CloudFront, func(e map[string]any) {
			e["requestHeaders"] = map[string]any{"CloudFront-Viewer-Address": "198.51.100.7:1"}
		}, unknown},
	} {
		r := record(t, test.of)
		test.change(r.Event)
		j := &judge{principal: bearer}
		got := run(t, j, authorizer.Config{HTTPResponse: authorizer.IAM, ClientAddress: test.word}, r.Event)
		if !got.allows() || j.from.String() != test.want {
			t.Errorf("%s, %s: from %s, want %s (%v)", test.of, test.name, j.from, test.want, got.err)
		}
	}
}
