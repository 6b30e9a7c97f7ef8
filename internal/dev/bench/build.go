package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// programs are the compiled subjects.
type programs struct {
	authorizer, bare string // for this machine
	arm64            string // the authorizer as deployed
}

// compile builds the subjects into a folder with the flags of the deployed build (Makefile, build-%).
func compile(ctx context.Context, root, into string) (programs, error) {
	p := programs{
		authorizer: filepath.Join(into, "authorizer"), bare: filepath.Join(into, "bare"), arm64: filepath.Join(into, "authorizer-arm64"),
	}
	for _, b := range []struct{ folder, out, arch string }{
		{filepath.Join(root, "functions/authorizer"), p.authorizer, runtime.GOARCH},
		{filepath.Join(root, "functions/authorizer"), p.arm64, "arm64"},
		{filepath.Join(root, "internal/dev/bench/testdata/bare"), p.bare, runtime.GOARCH},
	} {
		if err := build(ctx, b.folder, b.out, b.arch); err != nil {
			return programs{}, err
		}
	}
	return p, nil
}

func build(ctx context.Context, folder, out, arch string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, ".") //nolint:gosec // our own folders
	command.Dir = folder
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", folder, err, text)
	}
	return nil
}
