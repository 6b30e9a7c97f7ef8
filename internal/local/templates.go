package local

import (
	"context"
	"fmt"
	"maps"

	"github.com/tokenwright/tokenwright/internal/local/template"
)

// Names the stack gives to what the templates leave open.
const (
	mainStack       = "tokenwright"
	downstreamStack = "orders"
	issuerPath      = "/_local/oidc"
	signInPath      = "/_local/sign-in"
	localAudience   = "tokenwright-local"
	authorizerID    = "AuthorizerFunction"
)

// loadTemplates resolves both templates; the downstream one gets the ARN of
// this stack's authorizer, as a deployer would pass it.
func (s *Stack) loadTemplates(context.Context) error {
	parameters := map[string]string{
		"OidcIssuer": url(s.listeners.main) + issuerPath, "OidcAudience": localAudience,
	}
	maps.Copy(parameters, s.options.Parameters)
	loaded, err := template.Load(s.options.Template, template.Options{StackName: mainStack, Parameters: parameters})
	if err != nil {
		return err
	}
	s.main = &deployment{loaded, url(s.listeners.main)}
	s.notes(loaded)
	if s.listeners.downstream == nil {
		return nil
	}
	parameters = maps.Clone(s.options.Parameters)
	if parameters == nil {
		parameters = map[string]string{}
	}
	if parameters["AuthorizerArn"], err = authorizerARN(loaded); err != nil {
		return err
	}
	loaded, err = template.Load(s.downstreamTemplate(), template.Options{StackName: downstreamStack, Parameters: parameters})
	if err != nil {
		return err
	}
	s.downstream = &deployment{loaded, url(s.listeners.downstream)}
	s.notes(loaded)
	return nil
}

func authorizerARN(t *template.Template) (string, error) {
	for _, f := range t.Functions {
		if f.LogicalID == authorizerID {
			return f.ARN, nil
		}
	}
	return "", fmt.Errorf("%s has no %s for the downstream API to attach", t.Path, authorizerID)
}

func (s *Stack) notes(t *template.Template) {
	for _, note := range t.Notes {
		s.log.printf("%s: %s", t.Path, note)
	}
}

// allFunctions are the functions of both templates.
func (s *Stack) allFunctions() []template.Function {
	all := append([]template.Function{}, s.main.template.Functions...)
	if s.downstream != nil {
		all = append(all, s.downstream.template.Functions...)
	}
	return all
}
