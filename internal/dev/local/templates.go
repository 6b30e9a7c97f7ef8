package local

import (
	"context"
	"fmt"
	"maps"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// Names the stack gives to what the templates leave open.
const (
	mainStack     = "tokenwright"
	issuerPath    = "/_local/oidc"
	signInPath    = "/_local/sign-in"
	localAudience = "tokenwright-local"
	authorizerID  = "AuthorizerFunction"
	// operatorAccount is that of the commands the stack prints.
	operatorAccount = "acc_demo"
)

// loadTemplates resolves all templates.
func (s *Stack) loadTemplates(context.Context) error {
	parameters := map[string]string{
		"OidcIssuer": url(s.listeners.main) + issuerPath, "OidcAudience": localAudience, "OperatorAccount": operatorAccount,
	}
	maps.Copy(parameters, s.options.Parameters)
	loaded, err := template.Load(s.options.Template, template.Options{StackName: mainStack, Parameters: parameters})
	if err != nil {
		return err
	}
	s.main = &deployment{loaded, url(s.listeners.main)}
	s.notes(loaded)
	return s.loadDownstream()
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

// allFunctions are the functions of all templates.
func (s *Stack) allFunctions() []template.Function {
	var all []template.Function
	for _, t := range s.templates() {
		all = append(all, t.Functions...)
	}
	return all
}
