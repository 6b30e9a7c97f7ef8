package secretsmanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:stack-Keyring-abc123"

var keyring = template.Secret{LogicalID: "Keyring", Name: "stack-Keyring", ARN: arn,
	Generate: &template.Generate{Template: `{"current":"k1"}`, Key: "k1", Length: 64, NoPunctuation: true}}

func open(t *testing.T, path string, authorize func(secretsmanager.Call) error) (*secretsmanager.Server, *sm.Client) {
	t.Helper()
	s, err := secretsmanager.Open(secretsmanager.Options{Path: path, Authorize: authorize})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Create(keyring); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, sm.New(sm.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "LOCALPing", SecretAccessKey: "x"}, nil
		}),
	})
}

func TestAGeneratedSecretIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.json")
	s, client := open(t, path, nil)
	got, err := client.GetSecretValue(t.Context(), &sm.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	var value map[string]string
	if err := json.Unmarshal([]byte(*got.SecretString), &value); err != nil {
		t.Fatal(err)
	}
	if value["current"] != "k1" || !regexp.MustCompile(`^[0-9A-Za-z]{64}$`).MatchString(value["k1"]) || len(value) != 2 {
		t.Errorf("value %v", value)
	}
	again, _ := open(t, path, nil)
	for _, id := range []string{arn, "stack-Keyring", strings.TrimSuffix(arn, "-abc123")} {
		kept, err := again.Value(id)
		if first, _ := s.Value(arn); err != nil || kept != first {
			t.Errorf("%s after a restart: %q %v, was %q", id, kept, err, first)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestVersionStages(t *testing.T) {
	s, client := open(t, filepath.Join(t.TempDir(), "s"), nil)
	ctx := t.Context()
	first, _ := s.Value(arn)
	if err := s.Put(arn, "second"); err != nil {
		t.Fatal(err)
	}
	value := func(stage string) string {
		got, err := client.GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: aws.String(arn), VersionStage: aws.String(stage)})
		if err != nil {
			return err.Error()
		}
		return *got.SecretString
	}
	if value("AWSCURRENT") != "second" || value("AWSPREVIOUS") != first {
		t.Errorf("current %q, previous %q", value("AWSCURRENT"), value("AWSPREVIOUS"))
	}
	put := &sm.PutSecretValueInput{SecretId: aws.String(arn), SecretString: aws.String("third"), ClientRequestToken: aws.String(strings.Repeat("t", 32)), VersionStages: []string{"AWSPENDING"}}
	for range 2 { // the same token and value are one version
		if _, err := client.PutSecretValue(ctx, put); err != nil {
			t.Fatal(err)
		}
	}
	if value("AWSCURRENT") != "second" || value("AWSPENDING") != "third" {
		t.Errorf("a pending version became current: %q, %q", value("AWSCURRENT"), value("AWSPENDING"))
	}
	described, err := client.DescribeSecret(ctx, &sm.DescribeSecretInput{SecretId: aws.String("stack-Keyring")})
	if err != nil || len(described.VersionIdsToStages) != 3 {
		t.Fatalf("described %v, %v", described, err)
	}
	var holder string
	for id, stages := range described.VersionIdsToStages {
		if stages[0] == "AWSCURRENT" {
			holder = id
		}
	}
	if _, err := client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: aws.String(arn), VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: put.ClientRequestToken, RemoveFromVersionId: aws.String(holder),
	}); err != nil {
		t.Fatal(err)
	}
	if value("AWSCURRENT") != "third" || value("AWSPREVIOUS") != "second" {
		t.Errorf("current %q, previous %q", value("AWSCURRENT"), value("AWSPREVIOUS"))
	}
	put.SecretString = aws.String("other")
	var exists *types.ResourceExistsException
	if _, err := client.PutSecretValue(ctx, put); !errors.As(err, &exists) {
		t.Errorf("another value under the same token: %v", err)
	}
}

func TestAnUnknownSecretIsNotFound(t *testing.T) {
	s, client := open(t, filepath.Join(t.TempDir(), "s"), nil)
	var missing *types.ResourceNotFoundException
	if _, err := client.GetSecretValue(t.Context(), &sm.GetSecretValueInput{SecretId: aws.String("nope")}); !errors.As(err, &missing) {
		t.Errorf("error %v", err)
	}
	if _, err := client.GetSecretValue(t.Context(), &sm.GetSecretValueInput{SecretId: aws.String(arn), VersionStage: aws.String("NOPE")}); !errors.As(err, &missing) {
		t.Errorf("error %v", err)
	}
	if err := s.Put("nope", "x"); !errors.Is(err, secretsmanager.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestACallerWithoutPermissionIsDenied(t *testing.T) {
	var seen secretsmanager.Call
	_, client := open(t, filepath.Join(t.TempDir(), "s"), func(c secretsmanager.Call) error {
		seen = c
		return errors.New("not allowed")
	})
	_, err := client.GetSecretValue(t.Context(), &sm.GetSecretValueInput{SecretId: aws.String("stack-Keyring"), VersionStage: aws.String("AWSCURRENT")})
	if err == nil || !strings.Contains(err.Error(), "AccessDeniedException: not allowed") {
		t.Errorf("error %v", err)
	}
	if seen.AccessKeyID != "LOCALPing" || seen.Operation != "GetSecretValue" || seen.ARN != arn || seen.Context["secretsmanager:VersionStage"][0] != "AWSCURRENT" {
		t.Errorf("asked about %+v", seen)
	}
}

func TestGeneratedTextsHoldEveryClass(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "s"), nil)
	for i, g := range []template.Generate{{Length: 4}, {Length: 5, Space: true}, {Length: 8, Exclude: "abc\"'"}} {
		id := string(rune('a' + i))
		if err := s.Create(template.Secret{Name: id, ARN: "arn:aws:secretsmanager:us-east-1:1:secret:" + id + "-000000", Generate: &g}); err != nil {
			t.Fatal(err)
		}
		value, _ := s.Value(id)
		for _, class := range []string{`[a-z]`, `[A-Z]`, `[0-9]`, `[!-/:-@\[-` + "`" + `{-~]`} {
			if !regexp.MustCompile(class).MatchString(value) || len(value) != g.Length || strings.ContainsAny(value, g.Exclude) {
				t.Errorf("%q does not have %s", value, class)
			}
		}
	}
	if err := s.Create(template.Secret{Name: "z", ARN: "z-000000", Generate: &template.Generate{Length: 2}}); err == nil {
		t.Error("two characters were said to hold four classes")
	}
}
