package local

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// Names of the stacks of the downstream APIs.
const (
	downstreamStack     = "orders"
	httpDownstreamStack = "http-api"
)

// listenDownstream opens a port for each downstream API there is a template of.
func (s *Stack) listenDownstream() error {
	for _, d := range []struct {
		stack, label, path, chosen, variable string
		port                                 int
	}{
		{downstreamStack, "example API", "/orders", s.options.Downstream, "DOWNSTREAM_PORT", s.options.DownstreamPort},
		{httpDownstreamStack, "HTTP example", "/shipments", s.options.HTTPDownstream, "HTTP_DOWNSTREAM_PORT", s.options.HTTPDownstreamPort},
	} {
		file := cmp.Or(d.chosen, filepath.Join(s.options.Root, "examples", d.stack, "template.yaml"))
		if _, err := os.Stat(file); err != nil && d.chosen == "" {
			continue
		}
		l, err := listenOn(d.port, d.variable)
		if err != nil {
			return err
		}
		s.downstreams = append(s.downstreams, &downstream{
			deployment: deployment{url: url(l), template: &template.Template{Path: file}}, // the rest is loaded later
			stack:      d.stack, label: d.label, path: d.path, listener: l,
		})
	}
	return nil
}

// loadDownstream resolves their templates, each with the ARN of this stack's
// authorizer, as a deployer would pass it.
func (s *Stack) loadDownstream() error {
	if len(s.downstreams) == 0 {
		return nil
	}
	parameters := maps.Clone(s.options.Parameters)
	if parameters == nil {
		parameters = map[string]string{}
	}
	var err error
	if parameters["AuthorizerArn"], err = authorizerARN(s.main.template); err != nil {
		return err
	}
	for _, d := range s.downstreams {
		if d.template, err = template.Load(d.template.Path, template.Options{StackName: d.stack, Parameters: parameters}); err != nil {
			return err
		}
		s.notes(d.template)
	}
	return nil
}

// DownstreamURL is where the downstream API answers; empty without one.
func (s *Stack) DownstreamURL() string { return s.downstreamURL(downstreamStack) }

// HTTPDownstreamURL is where the downstream HTTP API answers; empty without one.
func (s *Stack) HTTPDownstreamURL() string { return s.downstreamURL(httpDownstreamStack) }

func (s *Stack) downstreamURL(stack string) string {
	for _, d := range s.downstreams {
		if d.stack == stack {
			return d.url
		}
	}
	return ""
}
