package local

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// buildFunctions compiles every function and prepares Lambda to run them.
func (s *Stack) buildFunctions(ctx context.Context) error {
	var packages []lambda.Package
	folders := map[string]string{}
	for _, f := range s.allFunctions() {
		folder, err := s.folder(f)
		if err != nil {
			return err
		}
		folders[f.ARN] = folder
		packages = append(packages, lambda.Package{Label: f.LogicalID, Directory: folder})
	}
	if len(packages) == 0 {
		return fmt.Errorf("%s has no functions", s.options.Template)
	}
	s.log.printf("building %d functions", len(packages))
	programs, err := lambda.Build(ctx, s.options.Root, s.options.BuildDir, packages)
	if err != nil {
		return err
	}
	var functions []lambda.Function
	for _, f := range s.allFunctions() {
		functions = append(functions, s.lambdaFunction(f, programs[folders[f.ARN]]))
	}
	s.functions = lambda.New(functions, lambda.Options{Log: s.log, Region: template.Region})
	return nil
}

func (s *Stack) lambdaFunction(f template.Function, program string) lambda.Function {
	variables := maps.Clone(f.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	variables["AWS_ENDPOINT_URL_DYNAMODB"] = url(s.listeners.dynamodb)
	variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = url(s.listeners.secrets)
	return lambda.Function{
		Label: f.LogicalID, Name: f.Name, ARN: f.ARN, Program: program, Handler: f.Handler, Environment: variables,
		AccessKeyID: accessKeyID(f), Timeout: f.Timeout, MemoryMB: f.MemoryMB, Concurrency: f.Concurrency,
		LogFormat: f.LogFormat, LogLevel: f.LogLevel,
	}
}

// folder finds a function's main package, relative to the module's root. With
// BuildMethod makefile CodeUri is the module's root, and the Makefile finds the
// folder by the logical id; so does this.
func (s *Stack) folder(f template.Function) (string, error) {
	code, err := filepath.Abs(f.CodeURI)
	if err != nil {
		return "", fmt.Errorf("finding the code of %s: %w", f.LogicalID, err)
	}
	name := kebab(strings.TrimSuffix(f.LogicalID, "Function"))
	candidates := []string{code, filepath.Join(code, "functions", name)}
	nested, _ := filepath.Glob(filepath.Join(code, "examples", "*", "functions", name))
	for _, candidate := range append(candidates, nested...) {
		if found, _ := filepath.Glob(filepath.Join(candidate, "*.go")); len(found) == 0 {
			continue
		}
		relative, err := filepath.Rel(s.options.Root, candidate)
		if err == nil && relative != "." && !strings.HasPrefix(relative, "..") {
			return filepath.ToSlash(relative), nil
		}
	}
	return "", fmt.Errorf("%s (line %d of the template) has no Go code: neither its CodeUri nor functions/%s holds a main package", f.LogicalID, f.Line, name)
}

var wordBorder = regexp.MustCompile(`([a-z0-9])([A-Z])`)

func kebab(id string) string {
	return strings.ToLower(wordBorder.ReplaceAllString(id, "$1-$2"))
}
