// Package template reads a SAM template the way CloudFormation and SAM would,
// as far as the local stack needs it: parameters, conditions, functions such as
// Fn::Sub, Globals, and the functions, APIs, tables, secrets and outputs that
// come of them. Names and ARNs of resources are made up, stable, and in the
// form AWS uses.
//
// It guarantees that nothing which changes behaviour is skipped in silence:
// what the stack cannot do locally is an error that names file, line and key,
// or, where leaving it out does no harm, a line in Template.Notes. It leaves
// validating what only AWS looks at (alarms, log groups, tags) to cfn-lint.
package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
)

// Options say how a template is to be deployed.
type Options struct {
	// StackName is the name of the stack; empty means "tokenwright".
	StackName string
	// Parameters override the defaults in the template. A name the template
	// does not declare is ignored, so that one set fits several templates.
	Parameters map[string]string
}

// Template is what a template asks for, in the order it was written.
type Template struct {
	Path       string
	Stack      string
	Parameters map[string]string
	Functions  []Function
	RestAPIs   []RestAPI
	HTTPAPIs   []HTTPAPI
	Tables     []Table
	Secrets    []Secret
	Streams    []stream.Mapping
	Outputs    map[string]string
	// Notes name what the template has and the local stack leaves out.
	Notes []string
}

// Load reads the template at path.
func Load(path string, o Options) (*Template, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path is the caller's own template
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	if o.StackName == "" {
		o.StackName = "tokenwright"
	}
	t, err := load(data, path, o)
	var located *Error
	if errors.As(err, &located) && located.File == "" {
		located.File = path
	}
	return t, err
}

func load(data []byte, path string, o Options) (*Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, &Error{File: path, Problem: "not valid YAML: " + err.Error()}
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, &Error{File: path, Problem: "the template is empty"}
	}
	l := &loader{
		evaluator: evaluator{stack: o.StackName, visiting: map[string]bool{}},
		root:      document.Content[0],
		out:       &Template{Path: path, Stack: o.StackName, Outputs: map[string]string{}},
		directory: filepath.Dir(path),
		overrides: o.Parameters,
	}
	return l.out, l.run()
}

// loader walks the sections of one template.
type loader struct {
	evaluator
	root      *yaml.Node
	globals   *value
	out       *Template
	directory string
	overrides map[string]string
	streams   []*value // the events behind out.Streams, for errors
}

func (l *loader) run() error {
	for _, step := range []func() error{
		l.loadParameters, l.loadMappings, l.loadConditions, l.loadResources, l.loadGlobals,
		l.buildAPIs, l.buildResources, l.finishAPIs, l.finishStreams, l.loadOutputs,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// handlers builds the resources the local stack runs. APIs come first, in
// buildAPIs, because functions name them in their events.
var handlers = map[string]func(*loader, *resource, *value) error{
	"AWS::Serverless::Function":   (*loader).function,
	"AWS::DynamoDB::Table":        (*loader).table,
	"AWS::SecretsManager::Secret": (*loader).secret,
}

// inert types exist on AWS only; the local stack is complete without them.
var inert = []string{
	"AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard",
	"AWS::Lambda::Permission", "AWS::ApiGateway::Account", "AWS::IAM::Role", "AWS::SNS::Topic", "AWS::KMS::Key",
	"AWS::KMS::Alias", "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Logs::MetricFilter",
}

func (l *loader) buildResources() error {
	for _, id := range l.order {
		r := l.resources[id]
		if !r.active {
			continue
		}
		properties, err := l.properties(r)
		if err != nil {
			return err
		}
		if build := handlers[r.kind]; build != nil {
			err = build(l, r, properties)
		} else if !slices.Contains(inert, r.kind) {
			l.note("%s (%s) exists on AWS only", r.id, r.kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// properties evaluates a resource's properties with Globals laid under them.
func (l *loader) properties(r *resource) (*value, error) {
	own := &value{kind: object, path: r.path + ".Properties", line: r.line}
	if r.properties != nil {
		var err error
		if own, err = l.evaluate(r.properties, own.path); err != nil {
			return nil, err
		}
	}
	section := map[string]string{
		"AWS::Serverless::Function": "Function", "AWS::Serverless::Api": "Api", "AWS::Serverless::HttpApi": "HttpApi",
	}[r.kind]
	return merge(l.globals.get(section), own), nil
}

func (l *loader) note(format string, args ...any) {
	l.out.Notes = append(l.out.Notes, fmt.Sprintf(format, args...))
}
