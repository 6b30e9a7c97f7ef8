package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// The function is tested as it is deployed: compiled, on the Runtime API, over TLS.
var (
	program   string
	authority *standin.Authority
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	folder, err := os.MkdirTemp("", "authorizer")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program = filepath.Join(folder, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building: %w: %s", err, text)
	}
	if authority, err = standin.NewAuthority(filepath.Join(folder, "root.pem")); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// scene is a process, the AWS it sees, and a token that is good.
type scene struct {
	t       *testing.T
	aws     *standin.AWS
	world   *standin.World
	process *standin.Process
	token   token.Secret
}

// play makes a scene whose AWS is as set says while the process starts. edit changes the one token and its owner.
func play(t *testing.T, set func(*standin.AWS), edit func(*token.Token, *user.User), variables ...string) *scene {
	t.Helper()
	world, err := standin.NewWorld(1, 1, edit)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{t: t, world: world, token: world.Tokens[0], aws: standin.Listen(authority, world, standin.Keyring)}
	t.Cleanup(func() { s.aws.Close() })
	if set != nil {
		set(s.aws)
	}
	s.process, err = standin.Start(program, append([]string{
		"STACK_NAME=tokenwright", "TABLE_NAME=tokens", "KEYRING_SECRET_ID=keyring", "TOKEN_PREFIX=" + standin.Prefix, "AWS_ENDPOINT_URL_DYNAMODB=" + s.aws.URL,
		"AWS_ENDPOINT_URL_SECRETS_MANAGER=" + s.aws.URL, "SSL_CERT_FILE=" + authority.File,
	}, variables...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.process.Stop()
		s.leaksNothing()
	})
	return s
}

func (s *scene) leaksNothing() {
	out, text := s.process.Output(), s.token.Reveal()
	for what, secret := range map[string]string{"the token": text, "its secret": text[len(text)-38:], "the keyring": standin.Keyring[20:60]} {
		if strings.Contains(out, secret) {
			s.t.Errorf("%s is logged: %s", what, out)
		}
	}
}

func (s *scene) ask() standin.Answer { return s.send(bench.Event(s.token.Reveal())) }

func (s *scene) send(event []byte) standin.Answer {
	s.t.Helper()
	a, err := s.process.Invoke(event)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// answered says whether the process let the caller in, turned it away (401), or said that it cannot tell.
func answered(a standin.Answer) string {
	var failure struct{ ErrorMessage string }
	switch {
	case a.Failed && json.Unmarshal(a.Payload, &failure) == nil && failure.ErrorMessage == "Unauthorized":
		return "unauthorized"
	case a.Failed:
		return "error"
	case strings.Contains(string(a.Payload), `"Effect":"Allow"`):
		return "allow"
	}
	return "deny"
}

// within is the most an answer may take: the decision's budget, and some for a machine that is busy.
const within = 4*time.Second + 700*time.Millisecond

func (s *scene) expect(want, when string) time.Duration {
	s.t.Helper()
	a := s.ask()
	if got := answered(a); got != want || a.Took > within {
		s.t.Errorf("%s: %s after %s, want %s: %.300s", when, got, a.Took, want, a.Payload)
	}
	return a.Took
}
