package apigateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

func (a *httpAPI) proxyEvent(c *call) ([]byte, error) {
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: routeKey(c.route), RawPath: a.rawPath(c), RawQueryString: c.request.URL.RawQuery,
		Cookies: cookies(c), Headers: lowerCase(c.headers), QueryStringParameters: joined(c.query),
		PathParameters: c.parameters, StageVariables: a.api.StageVariables, RequestContext: a.requestContext(c),
	}
	if len(c.body) > 0 {
		event.Body, event.IsBase64Encoded = c.encodedBody(!isText(c.header("Content-Type")))
	}
	return json.Marshal(event)
}

func (a *httpAPI) authorizerEvent(c *call, identity []string, arn string) ([]byte, error) {
	return json.Marshal(events.APIGatewayV2CustomAuthorizerV2Request{
		Version: "2.0", Type: "REQUEST", RouteArn: arn, IdentitySource: identity, RouteKey: routeKey(c.route),
		RawPath: a.rawPath(c), RawQueryString: c.request.URL.RawQuery, Cookies: cookies(c), Headers: lowerCase(c.headers),
		QueryStringParameters: joined(c.query), PathParameters: c.parameters, StageVariables: a.api.StageVariables,
		RequestContext: a.requestContext(c),
	})
}

func (a *httpAPI) requestContext(c *call) events.APIGatewayV2HTTPRequestContext {
	out := events.APIGatewayV2HTTPRequestContext{
		RouteKey: routeKey(c.route), AccountID: a.options.AccountID, Stage: a.api.Stage, RequestID: c.extendedID, APIID: a.api.ID,
		DomainName: a.api.ID + ".execute-api." + a.options.Region + ".amazonaws.com", DomainPrefix: a.api.ID,
		Time: c.received.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: c.received.UnixMilli(),
		HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
			Method: c.request.Method, Path: a.rawPath(c), Protocol: c.request.Proto, SourceIP: c.sourceIP, UserAgent: c.header("User-Agent"),
		},
	}
	if c.authorizer != nil {
		out.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: c.authorizer}
	}
	return out
}

// rawPath is decoded, despite its name, and has a named stage in front.
func (a *httpAPI) rawPath(c *call) string {
	if a.api.Stage == "$default" {
		return c.request.URL.Path
	}
	return "/" + a.api.Stage + c.request.URL.Path
}

func routeKey(r template.Route) string {
	return strings.TrimSpace(r.Method + " " + r.Path)
}

// lowerCase gives header names as payload 2.0 has them; values of one name are
// joined, and cookies stand elsewhere.
func lowerCase(headers map[string][]string) map[string]string {
	out := make(map[string]string, len(headers))
	for name, values := range headers {
		if name = strings.ToLower(name); name != "cookie" {
			out[name] = strings.Join(values, ",")
		}
	}
	return out
}

func joined(query map[string][]string) map[string]string {
	if len(query) == 0 {
		return nil
	}
	out := make(map[string]string, len(query))
	for name, values := range query {
		out[name] = strings.Join(values, ",")
	}
	return out
}

func cookies(c *call) []string {
	var out []string
	for _, line := range c.request.Header.Values("Cookie") {
		for one := range strings.SplitSeq(line, ";") {
			out = append(out, strings.TrimSpace(one))
		}
	}
	return out
}

// isText says which bodies an HTTP API passes on as text.
func isText(contentType string) bool {
	mediaType, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	mediaType = strings.TrimSpace(mediaType)
	return mediaType == "" || strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "json") ||
		strings.HasSuffix(mediaType, "xml") || strings.HasSuffix(mediaType, "javascript") || mediaType == "application/x-www-form-urlencoded"
}

// readHTTPAnswer reads payload 2.0's answer: an object with a statusCode says
// what the response is, anything else is the body of a 200.
func readHTTPAnswer(payload []byte) (*proxyAnswer, error) {
	var probe map[string]json.RawMessage
	if json.Unmarshal(payload, &probe) != nil || probe["statusCode"] == nil {
		if !json.Valid(payload) {
			return nil, errNotJSON
		}
		return &proxyAnswer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: bytes.TrimSpace(payload)}, nil
	}
	var raw struct {
		StatusCode      json.Number    `json:"statusCode"`
		Headers         map[string]any `json:"headers"`
		Body            *string        `json:"body"`
		IsBase64Encoded bool           `json:"isBase64Encoded"`
		Cookies         []string       `json:"cookies"`
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return nil, err
	}
	answer := &proxyAnswer{header: http.Header{"Content-Type": {"text/plain;charset=utf-8"}}}
	if err := answer.setStatus(raw.StatusCode); err != nil {
		return nil, err
	}
	for name, value := range raw.Headers {
		text, err := headerText(value)
		if err != nil {
			return nil, err
		}
		answer.header.Set(name, text)
	}
	for _, cookie := range raw.Cookies {
		answer.header.Add("Set-Cookie", cookie)
	}
	return answer, answer.setBody(raw.Body, raw.IsBase64Encoded)
}
