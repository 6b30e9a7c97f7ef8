package lambda

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Package is the main package of one function.
type Package struct {
	Label     string // the function's name in messages
	Directory string // relative to the module's root, with slashes
}

// Build compiles the packages for this machine with one call of the go command
// and returns the path of each bootstrap, by directory. The go command keeps
// its results beside them, so an unchanged function is neither compiled nor
// linked again. The flags are those of the deployed build, except for the
// architecture.
func Build(ctx context.Context, root, out string, packages []Package) (map[string]string, error) {
	binaries := filepath.Join(out, ".linked")
	if err := os.MkdirAll(binaries, 0o750); err != nil {
		return nil, fmt.Errorf("making the build folder: %w", err)
	}
	arguments := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", binaries + string(filepath.Separator)}
	folders := map[string]string{}
	for _, p := range packages {
		name := filepath.Base(p.Directory)
		if other, taken := folders[name]; taken && other != p.Directory {
			return nil, fmt.Errorf("the functions in %s and %s are both called %s", other, p.Directory, name)
		}
		if folders[name] == "" {
			arguments = append(arguments, "./"+p.Directory)
		}
		folders[name] = p.Directory
	}
	if err := runGo(ctx, root, arguments, packages); err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for name, directory := range folders {
		program := filepath.Join(out, name, "bootstrap")
		if err := place(filepath.Join(binaries, name), program); err != nil {
			return nil, fmt.Errorf("placing the program of %s: %w", directory, err)
		}
		programs[directory] = program
	}
	return programs, nil
}

func runGo(ctx context.Context, root string, arguments []string, packages []Package) error {
	command := exec.CommandContext(ctx, "go", arguments...) //nolint:gosec // the arguments are the template's own folders
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	output, err := command.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("building the functions needs the go command, which is not on the PATH")
	default:
		return compileError(output, packages)
	}
}

// compileError makes one sentence of what the compiler printed: which function,
// and the first complaint. Lines that begin with # name the package that
// follows; one that is no function's is shared by several.
func compileError(output []byte, packages []Package) error {
	what, first, more := "the functions", "", 0
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "" || strings.HasPrefix(line, "go: downloading"):
		case strings.HasPrefix(line, "# "):
			if first == "" {
				what = owner(strings.TrimPrefix(line, "# "), packages)
			}
		case first == "":
			first = line
		default:
			more++
		}
	}
	if what == "the functions" {
		what = owner(first, packages)
	}
	if more > 0 {
		first += fmt.Sprintf(" (and %d more lines)", more)
	}
	return fmt.Errorf("%s does not compile: %s", what, first)
}

// owner names the function a package path or file belongs to.
func owner(path string, packages []Package) string {
	for _, p := range packages {
		if strings.HasSuffix(path, "/"+p.Directory) || strings.HasPrefix(strings.TrimPrefix(path, "./"), p.Directory+"/") {
			return p.Label
		}
	}
	if path != "" && !strings.Contains(path, ":") {
		return "the package " + path
	}
	return "the functions' code"
}

// place makes program the same file as built, where the file system allows it.
func place(built, program string) error {
	have, haveErr := os.Stat(program)
	want, err := os.Stat(built)
	if err != nil {
		return err
	}
	if haveErr == nil && os.SameFile(have, want) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o750); err != nil {
		return err
	}
	if err := os.Remove(program); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if os.Link(built, program) == nil {
		return nil
	}
	return copyProgram(built, program)
}

func copyProgram(from, to string) (err error) {
	in, err := os.Open(from) //nolint:gosec // a file this package has just built
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o750) //nolint:gosec // programs must be executable
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
