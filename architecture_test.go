// Package tokenwright_test keeps the directions of imports: functions → gateway → use cases → domain, adapters from the
// side. See CONTRIBUTING.
package tokenwright_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tokenwright/tokenwright/"

// deps returns everything a package links, itself included, without the module's own prefix.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "./"+pkg).Output()
	if err != nil {
		t.Fatalf("go list -deps ./%s: %v", pkg, err)
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		all = append(all, strings.TrimPrefix(strings.TrimSpace(line), module))
	}
	if !slices.Contains(all, pkg) {
		t.Fatalf("go list -deps ./%s does not list it: %v", pkg, all)
	}
	return all
}

func forbid(t *testing.T, pkg string, why string, banned ...string) {
	t.Helper()
	for _, dep := range deps(t, pkg) {
		for _, b := range banned {
			if dep == b || strings.HasPrefix(dep, strings.TrimSuffix(b, "/")+"/") {
				t.Errorf("%s links %s: %s", pkg, dep, why)
			}
		}
	}
}

func TestTheDomainKnowsNoAWS(t *testing.T) {
	for _, pkg := range []string{
		"internal/token", "internal/scope", "internal/user", "internal/principal", "internal/audit", "internal/settings", "internal/store",
		"internal/job", "internal/route", "internal/standing", "internal/validate", "internal/lifecycle", "internal/cursor", "internal/period",
	} {
		forbid(t, pkg, "the domain and the use cases see no AWS type and no transport", "github.com/aws", "net/http")
	}
}

func TestTheDomainRestsOnNothing(t *testing.T) {
	for _, pkg := range []string{"internal/token", "internal/scope", "internal/user"} {
		forbid(t, pkg, "it is at the bottom", "internal/validate", "internal/lifecycle", "internal/dynamo", "internal/api", "internal/authorizer", "internal/audit", "internal/store")
	}
}

func TestSiblingsDoNotKnowEachOther(t *testing.T) {
	siblings := []string{"internal/validate", "internal/lifecycle", "internal/dynamo", "internal/keyring", "internal/config", "internal/obs"}
	for _, pkg := range siblings {
		forbid(t, pkg, "siblings rest on the domain alone", slices.DeleteFunc(slices.Clone(siblings), func(s string) bool { return s == pkg })...)
		forbid(t, pkg, "imports point down", "internal/api", "internal/authorizer", "internal/boot", "internal/management")
	}
}

func TestTheAuthorizerLinksNothingItDoesNotNeed(t *testing.T) {
	forbid(t, "functions/authorizer", "it is on everybody's request path", "internal/lifecycle", "internal/api", "internal/management", "internal/cursor",
		"internal/local", "github.com/aws/aws-sdk-go-v2/config")
	forbid(t, "functions/authorizer", "its calls go straight onto the wire; even the types cost half a millisecond of start", "github.com/aws/aws-sdk-go-v2/service",
		"internal/secretsmanager", "internal/standin", "internal/bench")
	if slices.Contains(deps(t, "functions/authorizer"), "internal/dynamo") { // of which it links parts
		t.Error("functions/authorizer links internal/dynamo, and with it the SDK")
	}
}

// time.Now has a monotonic reading, which stands still while Lambda freezes a process. It may be called, to see how long
// something takes, but what is handed in as a clock is boot.Now.
func TestEveryClockThatIsHandedInIsTheWalls(t *testing.T) {
	handed := 0
	for _, root := range []string{"functions", "internal/management", "internal/provisioning", "internal/boot", "internal/authorizer", "internal/api"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			called := map[ast.Node]bool{}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					called[call.Fun] = true
				}
				if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Now" && !called[n] {
					switch pkg, _ := s.X.(*ast.Ident); {
					case pkg != nil && pkg.Name == "time":
						t.Errorf("%s hands on time.Now: take boot.Now", path)
					case pkg != nil && pkg.Name == "boot":
						handed++
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if handed < 5 {
		t.Errorf("boot.Now is handed on in %d places: this test looks at the wrong ones", handed)
	}
}

func TestOnlyItsOwnFunctionsLinkSCIM(t *testing.T) {
	for _, pkg := range []string{"functions/create-token", "functions/offboard-user", "functions/bulk-revoke", "functions/run-job"} {
		forbid(t, pkg, "its start is paid for by every call", "internal/scim", "internal/provisioning")
	}
}

func TestNoFunctionLinksTheLocalStack(t *testing.T) {
	out, err := exec.Command("go", "list", "./functions/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	functions := strings.Fields(string(out))
	if len(functions) < 9 {
		t.Fatalf("only %d functions", len(functions))
	}
	for _, f := range functions {
		forbid(t, strings.TrimPrefix(f, module), "stand-ins and tests are not deployed", "internal/local", "internal/storetest", "internal/route/routetest", "testing", "go.etcd.io/bbolt", "go.yaml.in/yaml")
	}
}

func TestTheImportablePackageBringsAlongNothingButEvents(t *testing.T) {
	allowed := []string{"authctx", "internal/principal/wire", "github.com/aws/aws-lambda-go/events"}
	for _, dep := range deps(t, "authctx") {
		first, _, _ := strings.Cut(dep, "/")
		ours := strings.HasPrefix(dep, "internal/principal") || dep == "authctx"
		if (ours || strings.Contains(first, ".")) && !slices.Contains(allowed, dep) {
			t.Errorf("authctx links %s: other modules import it", dep)
		}
	}
}
