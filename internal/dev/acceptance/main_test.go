// Package acceptance holds the running API to what is promised of it, from outside: over HTTP, through the compiled
// functions, template.yaml and the stand-ins of the local stack. Every answer any test here gets is held against
// openapi.yaml; and when the whole suite has run, every operation in that document, and every status of it that can be
// brought about here, must have been met.
package acceptance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

const root = "../../.."

// What all tests share. The stack is one, so each test keeps to accounts of its own.
var (
	stack    *local.Stack
	contract *document
	logs     recorder // everything the stack and its functions logged
	answers  archive  // everything they answered
	work     string   // folder of data and programs
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if contract, err = loadDocument(filepath.Join(root, "openapi.yaml")); err != nil {
		return 1, err
	}
	if work, err = os.MkdirTemp("", "acceptance"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if stack, err = start("data", nil); err != nil {
		return 1, err
	}
	defer stack.Stop()
	code = m.Run()
	if err := recordCalls(os.Getenv("IAM_CALLS")); err != nil {
		return 1, err
	}
	for _, fault := range afterwards() {
		fmt.Fprintln(os.Stderr, "acceptance:", fault)
		code = 1
	}
	return code, nil
}

// recordCalls writes what the functions asked of AWS, for `make test-iam`; an empty name means no file.
func recordCalls(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(stack.Record(file), file.Close())
}

// forbidden finds functions that were refused what they asked of AWS: template.yaml gives them less than they do.
var forbidden = regexp.MustCompile(`(?m)^\w+Function \| .*AccessDenied.*$`)

// afterwards judges what the tests left behind all together.
func afterwards() []string {
	faults := leaks(answers.issued(), stack, filepath.Join(work, "data"))
	faults = append(faults, forbidden.FindAllString(logs.String(), -1)...)
	if flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" {
		faults = append(faults, contract.unmet(unreachable)...)
		faults = append(faults, unneeded()...)
	}
	return faults
}

var starting sync.Mutex // stacks share the compiled functions, which one at a time may build

// start starts a stack on a data folder.
func start(data string, parameters map[string]string) (*local.Stack, error) {
	starting.Lock()
	defer starting.Unlock()
	return local.Start(context.Background(), local.Options{
		Root: root, DataDir: filepath.Join(work, data), BuildDir: filepath.Join(work, "build"), Log: &logs, Parameters: parameters,
	})
}

// noteSources looks at everything the stack is made of. The go command takes note of what tests open, from m.Run on; without
// this it would serve a cached "ok" for functions or a template that have changed, because this test does not import
// the functions' packages, and the stack reads the template before.
var noteSources = sync.OnceValue(func() error {
	for _, file := range []string{"openapi.yaml", "template.yaml", "go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil {
			return err
		}
	}
	for _, folder := range []string{"authctx", "functions", "internal", "examples"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if strings.HasPrefix(d.Name(), ".aws-sam") {
				return filepath.SkipDir
			}
			_, err = os.ReadDir(path)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
})

// recorder is a log that can be searched while it grows.
type recorder struct {
	mu   sync.Mutex
	text []byte
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, p...)
	return len(p), nil
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.text)
}
