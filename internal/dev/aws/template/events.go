package template

import (
	"strings"
	"time"
)

// Integration timeouts of API Gateway.
const (
	restTimeout = 29 * time.Second
	httpTimeout = 30 * time.Second
)

// events turns a function's Api and HttpApi events into routes, and its DynamoDB events into mappings.
func (l *loader) events(r *resource, p *value, f Function) error {
	declared, err := p.get("Events").mapping()
	if err != nil {
		return err
	}
	for _, e := range declared {
		properties := e.value.get("Properties")
		switch kind := e.value.get("Type").plainText(); kind {
		case "Api":
			err = l.restEvent(e.value, properties, f)
		case "HttpApi":
			err = l.httpEvent(e.value, properties, f)
		case "DynamoDB":
			err = l.streamEvent(e.value, properties, f)
		default:
			l.note("the %s event %s of %s does not fire locally", kind, e.name, r.id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) restEvent(event, p *value, f Function) error {
	if err := p.get("Auth").refuse("ApiKeyRequired", "ResourcePolicy", "AuthorizationScopes"); err != nil {
		return err
	}
	route := Route{FunctionARN: f.ARN, Payload: "1.0", Timeout: restTimeout}
	if err := route.read(event, p); err != nil {
		return err
	}
	id, err := p.get("RestApiId").string(shortID(l.stack, "ServerlessRestApi"))
	if err != nil {
		return err
	}
	for i := range l.out.RestAPIs {
		if l.out.RestAPIs[i].ID == id {
			l.out.RestAPIs[i].Routes = append(l.out.RestAPIs[i].Routes, route)
			return nil
		}
	}
	if p.get("RestApiId") != nil {
		return p.get("RestApiId").errorf("it is not an AWS::Serverless::Api of this template")
	}
	l.out.RestAPIs = append(l.out.RestAPIs, RestAPI{
		LogicalID: "ServerlessRestApi", ID: id, Stage: "Prod", Routes: []Route{route}, line: event.line,
	})
	return nil
}

func (l *loader) httpEvent(event, p *value, f Function) error {
	route := Route{FunctionARN: f.ARN, Payload: "2.0", Timeout: httpTimeout}
	version, err := p.get("PayloadFormatVersion").string("2.0")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(version, "2") {
		return p.get("PayloadFormatVersion").errorf("the local stack supports payload 2.0 for an HTTP API")
	}
	if p.get("Path") == nil && p.get("Method") == nil {
		route.Path = "$default"
		route.Authorizer = p.get("Auth").get("Authorizer").plainText()
	} else if err := route.read(event, p); err != nil {
		return err
	}
	milliseconds, err := p.get("TimeoutInMillis").integer(int(httpTimeout/time.Millisecond), 50, 30000)
	if err != nil {
		return err
	}
	route.Timeout = time.Duration(milliseconds) * time.Millisecond
	id, err := p.get("ApiId").string(shortID(l.stack, "ServerlessHttpApi"))
	if err != nil {
		return err
	}
	for i := range l.out.HTTPAPIs {
		if l.out.HTTPAPIs[i].ID == id {
			l.out.HTTPAPIs[i].Routes = append(l.out.HTTPAPIs[i].Routes, route)
			return nil
		}
	}
	if p.get("ApiId") != nil {
		return p.get("ApiId").errorf("it is not an AWS::Serverless::HttpApi of this template")
	}
	l.out.HTTPAPIs = append(l.out.HTTPAPIs, HTTPAPI{
		LogicalID: "ServerlessHttpApi", ID: id, Stage: "$default", Routes: []Route{route}, line: event.line,
	})
	return nil
}

func (r *Route) read(event, p *value) (err error) {
	if r.Path, err = p.get("Path").string(""); err != nil {
		return err
	}
	if !strings.HasPrefix(r.Path, "/") {
		return event.errorf("the event needs a Path that begins with /")
	}
	if r.Method, err = p.get("Method").string(""); err != nil {
		return err
	}
	if r.Method == "" {
		return event.errorf("the event has no Method")
	}
	if r.Method = strings.ToUpper(r.Method); r.Method == "*" {
		r.Method = "ANY"
	}
	r.Authorizer, err = p.get("Auth").get("Authorizer").string("")
	return err
}

// finishAPIs gives routes the default authorizer and checks what they name.
func (l *loader) finishAPIs() error {
	for _, api := range l.out.RestAPIs {
		if err := finish(api.LogicalID, api.line, api.Routes, api.defaultAuth, api.Authorizers); err != nil {
			return err
		}
	}
	for _, api := range l.out.HTTPAPIs {
		if err := finish(api.LogicalID, api.line, api.Routes, api.defaultAuth, api.Authorizers); err != nil {
			return err
		}
	}
	return nil
}

func finish(id string, line int, routes []Route, standard string, known map[string]Authorizer) error {
	seen := map[string]bool{}
	for i := range routes {
		r := &routes[i]
		key := strings.TrimSpace(r.Method + " " + r.Path)
		if seen[key] {
			return &Error{Line: line, Key: "Resources." + id, Problem: "two events ask for the route " + key}
		}
		seen[key] = true
		if r.Authorizer == "" {
			r.Authorizer = standard
		}
		if r.Authorizer == "NONE" {
			r.Authorizer = ""
		}
		if _, ok := known[r.Authorizer]; r.Authorizer != "" && !ok {
			return &Error{Line: line, Key: "Resources." + id, Problem: "the route " + key + " names the authorizer " + r.Authorizer + ", which the API does not have"}
		}
	}
	return nil
}
