package apigateway

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// proxyEvent is payload 1.0. Where there is no body API Gateway sends null, and
// it always says whether the body is base64; events.APIGatewayProxyRequest
// does neither, so those two stand here.
type proxyEvent struct {
	events.APIGatewayProxyRequest
	Body            *string `json:"body"`
	IsBase64Encoded bool    `json:"isBase64Encoded"`
}

// requestEvent is what a REQUEST authorizer gets.
type requestEvent struct {
	Type                            string                               `json:"type"`
	MethodARN                       string                               `json:"methodArn"`
	Resource                        string                               `json:"resource"`
	Path                            string                               `json:"path"`
	HTTPMethod                      string                               `json:"httpMethod"`
	Headers                         map[string]string                    `json:"headers"`
	MultiValueHeaders               map[string][]string                  `json:"multiValueHeaders"`
	QueryStringParameters           map[string]string                    `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string                  `json:"multiValueQueryStringParameters"`
	PathParameters                  map[string]string                    `json:"pathParameters"`
	StageVariables                  map[string]string                    `json:"stageVariables"`
	RequestContext                  events.APIGatewayProxyRequestContext `json:"requestContext"`
}

func (a *restAPI) proxyEvent(c *call) ([]byte, error) {
	event := proxyEvent{APIGatewayProxyRequest: events.APIGatewayProxyRequest{
		Resource: c.route.Path, Path: c.path, HTTPMethod: c.request.Method,
		Headers: last(c.headers), MultiValueHeaders: c.headers,
		QueryStringParameters: last(c.query), MultiValueQueryStringParameters: nilIfEmpty(c.query),
		PathParameters: nilIfEmpty(c.parameters), StageVariables: nilIfEmpty(a.api.StageVariables),
		RequestContext: a.requestContext(c),
	}}
	if len(c.body) > 0 {
		body, isBase64 := c.encodedBody(a.binary(c.header("Content-Type")))
		event.Body, event.IsBase64Encoded = &body, isBase64
	}
	return json.Marshal(event)
}

func (a *restAPI) authorizerEvent(c *call, authorizer template.Authorizer, methodARN string) ([]byte, error) {
	if authorizer.Payload == "TOKEN" {
		return json.Marshal(events.APIGatewayCustomAuthorizerRequest{
			Type: "TOKEN", AuthorizationToken: c.header(authorizer.Identity[0].Name), MethodArn: methodARN,
		})
	}
	return json.Marshal(requestEvent{
		Type: "REQUEST", MethodARN: methodARN, Resource: c.route.Path, Path: c.path, HTTPMethod: c.request.Method,
		Headers: last(c.headers), MultiValueHeaders: c.headers,
		QueryStringParameters: orEmpty(last(c.query)), MultiValueQueryStringParameters: orEmpty(c.query),
		PathParameters: orEmpty(c.parameters), StageVariables: orEmpty(a.api.StageVariables), RequestContext: a.requestContext(c),
	})
}

func (a *restAPI) requestContext(c *call) events.APIGatewayProxyRequestContext {
	return events.APIGatewayProxyRequestContext{
		AccountID: a.options.AccountID, ResourceID: a.resourceID(c.route.Path), Stage: a.api.Stage,
		DomainName: a.domain(), DomainPrefix: a.api.ID, RequestID: c.id, ExtendedRequestID: c.extendedID,
		Protocol: c.request.Proto, ResourcePath: c.route.Path, Path: c.path, // as on a custom domain: what the client asked for, without the stage
		Authorizer: c.authorizer, HTTPMethod: c.request.Method, APIID: a.api.ID,
		RequestTime: c.received.UTC().Format("02/Jan/2006:15:04:05 -0700"), RequestTimeEpoch: c.received.UnixMilli(),
		Identity: events.APIGatewayRequestIdentity{SourceIP: c.sourceIP, UserAgent: c.header("User-Agent")},
	}
}

func (a *restAPI) domain() string {
	return a.api.ID + ".execute-api." + a.options.Region + ".amazonaws.com"
}

// resourceID is stable and in the form of API Gateway's.
func (a *restAPI) resourceID(path string) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	id, sum := make([]byte, 6), uint32(2166136261)
	for i := range id {
		for _, b := range []byte(path) {
			sum = (sum ^ uint32(b)) * 16777619
		}
		id[i] = letters[sum%uint32(len(letters))]
	}
	return string(id)
}

func (a *restAPI) binary(contentType string) bool {
	mediaType, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	for _, pattern := range a.api.BinaryMediaTypes {
		pattern = strings.ReplaceAll(pattern, "~1", "/")
		if ok, _ := path.Match(pattern, strings.TrimSpace(mediaType)); ok || pattern == "*/*" {
			return true
		}
	}
	return false
}

func orEmpty[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return M{}
	}
	return m
}
