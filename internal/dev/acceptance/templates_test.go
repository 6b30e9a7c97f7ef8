package acceptance_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// block returns an entry of a template's section as it is written, without the comments before the next one.
func block(t *testing.T, template, section, name string) string {
	t.Helper()
	_, rest, _ := strings.Cut(template, "\n"+section+":\n")
	found := regexp.MustCompile(`(?m)^  ` + name + `:\n(?:(?:    .*)?\n)+`).FindString(rest)
	if found == "" {
		t.Fatalf("%s has no %s", section, name)
	}
	return strings.TrimRight(found, "\n")
}

func TestTheSecondAuthorizerIsTheFirstOverAgain(t *testing.T) {
	first, second := readFile(t, "template.yaml"), readFile(t, "examples/second-authorizer/template.yaml")
	other := strings.NewReplacer(
		"!GetAtt TokenTable.Arn", "!Sub 'arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}'",
		"!If [CreatesKeyring, !Ref KeyringSecret, !Ref ExistingKeyringArn]", "!Ref KeyringSecretArn",
	)
	for _, name := range []string{"AuthorizerFunction", "AuthorizerLogs", "AuthorizerPermission", "AuthorizerAppSyncPermission", "ValidationErrorAlarm"} {
		want := strings.TrimRight(other.Replace(block(t, first, "Resources", name)+"\n"), "\n")
		if diff := cmp.Diff(want, block(t, second, "Resources", name)); diff != "" {
			t.Errorf("%s is another (-template.yaml +examples/second-authorizer): %s", name, diff)
		}
	}
	for _, p := range regexp.MustCompile(`(?m)^  (\w+):$`).FindAllStringSubmatch(strings.SplitN(strings.SplitN(second, "\nParameters:\n", 2)[1], "\nRules:", 2)[0], -1) {
		if name := p[1]; name != "TableName" && name != "KeyringSecretArn" {
			if diff := cmp.Diff(block(t, first, "Parameters", name), block(t, second, "Parameters", name)); diff != "" {
				t.Errorf("%s is another (-template.yaml +examples/second-authorizer): %s", name, diff)
			}
		}
	}
}

// TestAPIGatewayIsKnownByTheARNAlone: no document says that it sends the account in which an authorizer is, and the ARN names
// that account.
func TestAPIGatewayIsKnownByTheARNAlone(t *testing.T) {
	permission := regexp.MustCompile(`(?m)^  \w+:\n    Type: AWS::Lambda::Permission\n    Properties:\n(?:      .*\n)+`)
	found := 0
	for _, name := range []string{"template.yaml", "examples/orders/template.yaml", "examples/http-api/template.yaml", "examples/websocket-api/template.yaml",
		"examples/appsync-api/template.yaml", "examples/second-authorizer/template.yaml"} {
		for _, p := range permission.FindAllString(readFile(t, name), -1) {
			found++
			if strings.Contains(p, "SourceAccount:") || !strings.Contains(p, "SourceArn: ") || !strings.Contains(p, ":${AWS::AccountId}:") {
				t.Errorf("%s: %s", name, p)
			}
		}
	}
	if found < 4 {
		t.Errorf("%d permissions were found: this test does not look where they are", found)
	}
}
