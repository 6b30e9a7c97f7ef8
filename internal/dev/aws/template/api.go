package template

import (
	"strings"
	"time"
)

// RestAPI is an AWS::Serverless::Api.
type RestAPI struct {
	LogicalID        string
	ID               string
	Stage            string
	StageVariables   map[string]string
	BinaryMediaTypes []string
	Authorizers      map[string]Authorizer
	GatewayResponses map[string]GatewayResponse // by type, e.g. ACCESS_DENIED
	Routes           []Route
	defaultAuth      string
	line             int
}

// HTTPAPI is an AWS::Serverless::HttpApi.
type HTTPAPI struct {
	LogicalID      string
	ID             string
	Stage          string // "$default" unless the template names one
	StageVariables map[string]string
	Authorizers    map[string]Authorizer
	Routes         []Route
	defaultAuth    string
	line           int
}

// Authorizer is a Lambda authorizer.
type Authorizer struct {
	Name        string
	FunctionARN string
	// Payload is TOKEN or REQUEST for a REST API, 1.0 or 2.0 for an HTTP API.
	Payload  string
	Simple   bool // EnableSimpleResponses
	Identity []IdentitySource
	// Validation is the pattern a TOKEN must match; empty accepts any.
	Validation string
	TTL        time.Duration // zero: asked on every request
}

// IdentitySource is one part of a request that identifies the caller.
type IdentitySource struct {
	Kind string // header, query, stage or context
	Name string
}

// Route is one method and path, and the function behind it.
type Route struct {
	Method      string // upper case; ANY for every method; empty for $default
	Path        string // with {name} and {name+}; $default for the catch-all of an HTTP API
	FunctionARN string
	Authorizer  string // empty: open to everyone
	Payload     string // 1.0 or 2.0
	Timeout     time.Duration
}

// GatewayResponse is what a REST API answers by itself.
type GatewayResponse struct {
	StatusCode int               // zero: the type's own
	Headers    map[string]string // name -> expression, e.g. 'text' or context.requestId
	Templates  map[string]string // content type -> body
}

func (l *loader) buildAPIs() error {
	for _, id := range l.order {
		r := l.resources[id]
		if !r.active {
			continue
		}
		var build func(*resource, *value) error
		switch r.kind {
		case "AWS::Serverless::Api":
			build = l.restAPI
		case "AWS::Serverless::HttpApi":
			build = l.httpAPI
		default:
			continue
		}
		properties, err := l.properties(r)
		if err != nil {
			return err
		}
		if err := build(r, properties); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) restAPI(r *resource, p *value) (err error) {
	if err := p.refuse("DefinitionBody", "DefinitionUri", "Cors", "ApiKeySourceType", "CanarySetting"); err != nil {
		return err
	}
	auth := p.get("Auth")
	if err := auth.refuse("ResourcePolicy", "UsagePlan", "ApiKeyRequired", "DefaultAuthorizerScopes"); err != nil {
		return err
	}
	api := RestAPI{LogicalID: r.id, ID: shortID(l.stack, r.id), line: r.line}
	if api.Stage, err = p.get("StageName").string(""); err != nil {
		return err
	}
	if api.Stage == "" {
		return p.errorf("the API has no StageName")
	}
	if api.StageVariables, err = p.get("Variables").texts(); err != nil {
		return err
	}
	if api.BinaryMediaTypes, err = p.get("BinaryMediaTypes").strings(); err != nil {
		return err
	}
	if api.GatewayResponses, err = gatewayResponses(p.get("GatewayResponses")); err != nil {
		return err
	}
	api.Authorizers, api.defaultAuth, err = authorizers(auth, restAuthorizer)
	l.out.RestAPIs = append(l.out.RestAPIs, api)
	return err
}

func (l *loader) httpAPI(r *resource, p *value) (err error) {
	if err := p.refuse("DefinitionBody", "DefinitionUri", "CorsConfiguration"); err != nil {
		return err
	}
	api := HTTPAPI{LogicalID: r.id, ID: shortID(l.stack, r.id), line: r.line}
	if api.Stage, err = p.get("StageName").string("$default"); err != nil {
		return err
	}
	if api.StageVariables, err = p.get("StageVariables").texts(); err != nil {
		return err
	}
	api.Authorizers, api.defaultAuth, err = authorizers(p.get("Auth"), httpAuthorizer)
	l.out.HTTPAPIs = append(l.out.HTTPAPIs, api)
	return err
}

func gatewayResponses(v *value) (map[string]GatewayResponse, error) {
	fields, err := v.mapping()
	if err != nil {
		return nil, err
	}
	out := map[string]GatewayResponse{}
	for _, f := range fields {
		var g GatewayResponse
		if g.StatusCode, err = f.value.get("StatusCode").integer(0, 100, 599); err != nil {
			return nil, err
		}
		if g.Headers, err = f.value.get("ResponseParameters").get("Headers").texts(); err != nil {
			return nil, err
		}
		if g.Templates, err = f.value.get("ResponseTemplates").texts(); err != nil {
			return nil, err
		}
		out[strings.ToUpper(f.name)] = g
	}
	return out, nil
}
