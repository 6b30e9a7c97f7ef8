package template

import (
	"path/filepath"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
)

// Function is one Lambda function.
type Function struct {
	LogicalID   string
	Name        string
	ARN         string
	CodeURI     string // absolute, or relative to the working directory as the template's path is
	BuildMethod string // Metadata.BuildMethod; empty when the template has none
	Handler     string
	Environment map[string]string
	Timeout     time.Duration
	MemoryMB    int
	Concurrency int    // ReservedConcurrentExecutions; 0 when not given
	LogFormat   string // Text or JSON
	LogLevel    string // of the application; empty unless LogFormat is JSON
	Statements  []iam.Statement
	Line        int // where the template declares it
}

// Lambda's own defaults and limits.
const (
	defaultTimeout  = 3
	maximumTimeout  = 900
	defaultMemoryMB = 128
	maximumMemoryMB = 10240
)

func (l *loader) function(r *resource, p *value) error {
	if err := p.refuse("Role", "ImageUri", "InlineCode", "Layers", "FileSystemConfigs"); err != nil {
		return err
	}
	f := Function{LogicalID: r.id, Line: r.line}
	for _, step := range []func(*resource, *value, *Function) error{
		l.functionNames, functionLimits, functionLogging, functionStatements,
	} {
		if err := step(r, p, &f); err != nil {
			return err
		}
	}
	l.out.Functions = append(l.out.Functions, f)
	return l.events(r, p, f)
}

func (l *loader) functionNames(r *resource, p *value, f *Function) (err error) {
	if f.Name, err = l.name(r); err != nil {
		return err
	}
	if f.ARN, err = l.arn(r); err != nil {
		return err
	}
	code, err := p.get("CodeUri").string("")
	if err != nil {
		return err
	}
	if code == "" {
		return p.errorf("the function has no CodeUri")
	}
	f.CodeURI = filepath.Join(l.directory, code)
	if f.Handler, err = p.get("Handler").string("bootstrap"); err != nil {
		return err
	}
	if n := member(r.metadata, "BuildMethod"); n != nil {
		f.BuildMethod = n.Value
	}
	f.Environment, err = p.get("Environment").get("Variables").texts()
	return err
}

func functionLimits(_ *resource, p *value, f *Function) error {
	seconds, err := p.get("Timeout").integer(defaultTimeout, 1, maximumTimeout)
	if err != nil {
		return err
	}
	f.Timeout = time.Duration(seconds) * time.Second
	if f.MemoryMB, err = p.get("MemorySize").integer(defaultMemoryMB, defaultMemoryMB, maximumMemoryMB); err != nil {
		return err
	}
	f.Concurrency, err = p.get("ReservedConcurrentExecutions").integer(0, 1, 1000)
	return err
}

func functionLogging(_ *resource, p *value, f *Function) (err error) {
	logging := p.get("LoggingConfig")
	if f.LogFormat, err = logging.get("LogFormat").string("Text"); err != nil || f.LogFormat != "JSON" {
		return err
	}
	f.LogLevel, err = logging.get("ApplicationLogLevel").string("INFO")
	return err
}

// harmless managed policies allow nothing the stand-ins decide on: logs and traces.
var harmless = map[string]bool{
	"AWSLambdaBasicExecutionRole": true, "AWSXRayDaemonWriteAccess": true, "AWSXrayWriteOnlyAccess": true,
}

// functionStatements reads Policies: one policy document, or a list of them.
// Policies by name and SAM's policy templates are refused, because what they
// allow stands elsewhere and could not be enforced here.
func functionStatements(_ *resource, p *value, f *Function) error {
	policies := p.get("Policies")
	if policies == nil {
		return nil
	}
	documents := policies.items
	if policies.kind != list {
		documents = []*value{policies}
	}
	for _, document := range documents {
		if document.kind == scalar && harmless[filepath.Base(document.text)] {
			continue
		}
		statements := document.get("Statement")
		if statements == nil {
			return document.errorf("the local stack enforces policies that are written out as statements, not those given by name")
		}
		if err := appendStatements(f, statements); err != nil {
			return err
		}
	}
	return nil
}

func appendStatements(f *Function, statements *value) error {
	all := statements.items
	if statements.kind == object {
		all = []*value{statements}
	}
	for _, one := range all {
		s, err := iam.Parse(one.plain())
		if err != nil {
			return one.errorf("%v", err)
		}
		f.Statements = append(f.Statements, s)
	}
	return nil
}
