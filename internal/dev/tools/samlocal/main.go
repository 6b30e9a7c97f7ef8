// Command samlocal gives functions that run under `sam local` what they find on AWS: the table and the keyring of a
// template, and an identity provider. scripts/test-sam-local starts it beside the SAM CLI.
//
// It listens on one address of this machine that containers reach, writes their environment variables to a file in the
// SAM CLI's format, and serves until it is interrupted. Nothing it holds outlives it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dev/aws/loopback"
	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

const audience = "tokenwright-sam-local"

func main() {
	path := flag.String("template", "template.yaml", "the template whose table and secret to make")
	host := flag.String("host", "127.0.0.1", "address to listen on")
	variables := flag.String("env-vars", "", "file to write for `sam local --env-vars`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *path, *host, *variables); err != nil {
		fmt.Fprintln(os.Stderr, "samlocal:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path, host, variables string) error {
	stack, err := template.Load(path, template.Options{})
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "samlocal")
	if err != nil {
		return fmt.Errorf("making a folder for the data: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	s := services{host: host, folder: folder, environment: map[string]string{}}
	defer s.close()
	for _, start := range []func(context.Context, *template.Template) error{s.table, s.keyring, s.issuer} {
		if err := start(ctx, stack); err != nil {
			return err
		}
	}
	content, err := json.MarshalIndent(map[string]any{"Parameters": s.environment}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the environment: %w", err)
	}
	if err := os.WriteFile(variables, content, 0o600); err != nil {
		return fmt.Errorf("writing the environment: %w", err)
	}
	<-ctx.Done()
	return nil
}

// services are the servers that run, and what functions must know of them.
type services struct {
	host, folder string
	environment  map[string]string
	closers      []func() error
}

func (s *services) close() {
	for _, c := range s.closers {
		_ = c()
	}
}

// serve answers on a port of its own and returns the address.
func (s *services) serve(h http.Handler) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", net.JoinHostPort(s.host, "0"))
	if err != nil {
		return "", fmt.Errorf("listening on %s: %w", s.host, err)
	}
	server := &http.Server{Handler: loopback.Only(h, s.host), ReadHeaderTimeout: 10 * time.Second}
	s.closers = append(s.closers, server.Close)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

func (s *services) table(ctx context.Context, stack *template.Template) error {
	database, err := dynamodb.Open(dynamodb.Options{})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, database.Close)
	url, err := s.serve(database)
	if err != nil {
		return err
	}
	for _, t := range stack.Tables {
		if err := createTable(ctx, url, t); err != nil {
			return fmt.Errorf("creating %s: %w", t.Name, err)
		}
		s.environment["TABLE_NAME"] = t.Name
	}
	s.environment["AWS_ENDPOINT_URL_DYNAMODB"] = url
	return nil
}

func (s *services) keyring(_ context.Context, stack *template.Template) error {
	secrets, err := secretsmanager.Open(secretsmanager.Options{Path: filepath.Join(s.folder, "secrets.json")})
	if err != nil {
		return err
	}
	for _, t := range stack.Secrets {
		if err := secrets.Create(t); err != nil {
			return fmt.Errorf("creating %s: %w", t.Name, err)
		}
		s.environment["KEYRING_SECRET_ID"] = t.ARN
	}
	s.environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"], err = s.serve(secrets)
	return err
}

// issuer serves the identity provider under the paths it has in the local stack.
func (s *services) issuer(context.Context, *template.Template) error {
	mux := http.NewServeMux()
	url, err := s.serve(mux)
	if err != nil {
		return err
	}
	provider, err := oidc.Open(oidc.Options{
		KeyPath: filepath.Join(s.folder, "key"), Issuer: url + "/_local/oidc", Audience: audience,
	})
	if err != nil {
		return err
	}
	mux.Handle("/_local/oidc/", provider.Handler("/_local/oidc"))
	mux.Handle("/_local/sign-in", provider.SignIn())
	s.environment["OIDC_ISSUER"], s.environment["OIDC_AUDIENCE"] = url+"/_local/oidc", audience
	return nil
}
