package acceptance_test

import (
	"regexp"
	"strings"
	"testing"
)

// Whoever floods one operation must not be able to use up what is there for revoking, however API Gateway counts a stage's
// limit, and whatever else of the account's concurrency is in use.
func TestWhatEndsSomethingHasLimitsOfItsOwn(t *testing.T) {
	template := readFile(t, "template.yaml")
	settings := block(t, template, "Resources", "ManagementApi")
	ends := regexp.MustCompile(`^(DELETE /v1/(tokens|jobs|users)/\{id\}|POST /v1/tokens/(bulk-revoke|revoke-issued-before)` +
		`|POST /v1/users/\{id\}/suspend|(PATCH|DELETE) /scim/v2/Users/\{id\})$`)
	found := 0
	for name, function := range resources(t, template, "AWS::Serverless::Function") {
		for _, route := range regexp.MustCompile(`Path: '?([^',]+)'?, Method: (\S+) `).FindAllStringSubmatch(function, -1) {
			path, method := route[1], route[2]
			if !ends.MatchString(method + " " + path) {
				continue
			}
			found++
			if !strings.Contains(function, "ReservedConcurrentExecutions: !If [ReservesRevoking, ") {
				t.Errorf("no concurrency can be set aside for %s", name)
			}
			own := regexp.MustCompile(`- { ResourcePath: '?` + regexp.QuoteMeta(path) + `'?, HttpMethod: ` + method + `, ThrottlingRateLimit: \S+ \S+, ThrottlingBurstLimit: `)
			if !own.MatchString(settings) {
				t.Errorf("%s %s shares its throttle", method, path)
			}
		}
	}
	if found < 7 {
		t.Errorf("only %d operations that end something were found", found)
	}
}

// resources are the resources of a type, by name, as they are written.
func resources(t *testing.T, template, kind string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^  (\w+):\n    Type: `+kind+`\n`).FindAllStringSubmatch(template, -1) {
		all[found[1]] = block(t, template, "Resources", found[1])
	}
	if len(all) == 0 {
		t.Fatalf("the template has no %s", kind)
	}
	return all
}

// A first deployment that fails must leave nothing that the second one trips over, and a stack that is deleted must leave
// the data. The role for access logs stays in both cases: the account's setting would name one that is gone.
func TestOnlyDataAndTheAccountsSettingOutliveTheStack(t *testing.T) {
	template := readFile(t, "template.yaml")
	want := map[string]string{
		"TokenTable": "RetainExceptOnCreate", "KeyringSecret": "RetainExceptOnCreate", "ApiGatewayAccount": "Retain", "ApiGatewayRole": "Retain",
	}
	for _, found := range regexp.MustCompile(`(?m)^  (\w+):\n    Type: .*\n(?:    Condition: .*\n)?    DeletionPolicy: (\w+)\n`).FindAllStringSubmatch(template, -1) {
		if want[found[1]] != found[2] {
			t.Errorf("%s has the policy %s, not %q", found[1], found[2], want[found[1]])
		}
		delete(want, found[1])
	}
	if len(want) > 0 || strings.Count(template, "DeletionPolicy:") != 4 {
		t.Errorf("not found: %v, of %d policies", want, strings.Count(template, "DeletionPolicy:"))
	}
	if !strings.Contains(block(t, template, "Resources", "TokenTable"), "DeletionProtectionEnabled: !If [ProtectsTable, true, false]") ||
		!strings.Contains(block(t, template, "Parameters", "TableDeletionProtection"), "Default: 'off'") {
		t.Error("a failed first deployment cannot take the table back: it is protected from deletion")
	}
}

// A function that writes what its own stream reads looks like a loop to Lambda, which stops one after about 16 rounds.
func TestStepsAreNotTakenForALoop(t *testing.T) {
	found := 0
	for name, function := range resources(t, readFile(t, "template.yaml"), "AWS::Serverless::Function") {
		if strings.Contains(function, "Type: DynamoDB\n") {
			found++
			if !strings.Contains(function, "RecursiveLoop: Allow") {
				t.Errorf("%s is stopped as a loop", name)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d functions read the stream", found)
	}
}
