package local

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/apigateway"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// serve starts the APIs. The functions are there already, and start with the
// first request each.
func (s *Stack) serve(context.Context) error {
	api, err := s.gateway(s.main.template)
	if err != nil {
		return err
	}
	s.startGateway(s.withLocalRoutes(api), s.listeners.main)
	for _, d := range s.downstreams {
		if api, err = s.gateway(d.template); err != nil {
			return err
		}
		s.startGateway(api, d.listener)
	}
	return nil
}

func (s *Stack) startGateway(h http.Handler, l net.Listener) {
	server := apigateway.NewServer(h)
	s.gateways = append(s.gateways, server)
	s.startServer(server, apigateway.Listen(l))
}

// withLocalRoutes puts the identity provider beside the API, below /_local,
// which no path of the API may begin with.
func (s *Stack) withLocalRoutes(api http.Handler) http.Handler {
	provider, signIn := s.issuer.Handler(issuerPath), s.issuer.SignIn()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == signInPath:
			signIn.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, issuerPath+"/"):
			provider.ServeHTTP(w, r)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// gateway makes the handler of a template's API: it has one port, so one API.
func (s *Stack) gateway(t *template.Template) (http.Handler, error) {
	o := apigateway.Options{
		Invoker: s.functions, Log: s.log, Now: s.options.Now, Region: template.Region, AccountID: template.AccountID,
	}
	switch {
	case len(t.RestAPIs)+len(t.HTTPAPIs) != 1:
		return nil, fmt.Errorf("%s has %d APIs: the local stack serves templates with exactly one", t.Path, len(t.RestAPIs)+len(t.HTTPAPIs))
	case len(t.HTTPAPIs) == 1:
		return apigateway.NewHTTP(t.HTTPAPIs[0], o), nil
	}
	api, err := apigateway.NewREST(t.RestAPIs[0], o)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", t.Path, t.RestAPIs[0].LogicalID, err)
	}
	return api, nil
}

// newInnerServer serves a stand-in only the functions talk to.
func newInnerServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
}
