// Package tokenwright_test keeps the directions of imports: every package of the product is on a floor and imports what is
// below, and what is never deployed stays out of it.
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

// floors are the product's packages, the lowest first: each imports what is on lower floors, and nothing else of ours. So
// the use case lifecycle and the adapters, which stand on one floor, do not know each other, and who wires them is above.
var floors = [][]string{
	{"internal/base62", "internal/jsonread", "internal/period", "internal/retry", "internal/principal/wire"},
	{"internal/scope", "internal/user", "internal/awsjson", "authctx"},
	{"internal/token", "internal/route"},
	{"internal/audit", "internal/cursor", "internal/principal", "internal/settings", "internal/route/openapi"},
	{"internal/standing", "internal/store"},
	{"internal/job"},
	{"internal/validate", "internal/dynamo/item"},
	{"internal/lifecycle", "internal/dynamo", "internal/dynamo/direct", "internal/keyring", "internal/oidc"},
	{"internal/api", "internal/authorizer", "internal/steps"},
	{"internal/boot", "internal/scim"},
	{"internal/management"},
	{"functions"},
}

// floor returns the floor that a package is on, counted from below; -1 = none. What is under functions is on its floor.
func floor(pkg string) int {
	return slices.IndexFunc(floors, func(packages []string) bool {
		return slices.Contains(packages, pkg) || strings.HasPrefix(pkg, "functions/") && packages[0] == "functions"
	})
}

// imports returns every package of the module, with what of the module it imports itself.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list ./...: %v", err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		all[pkg] = nil
		for _, imported := range fields[1:] {
			if ours, ok := strings.CutPrefix(imported, module); ok {
				all[pkg] = append(all[pkg], ours)
			}
		}
	}
	return all
}

// isWorkshop says whether a package is never deployed: programs and tests of those who work here, and examples.
func isWorkshop(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return strings.HasPrefix(pkg, "internal/dev/") || first == "cmd" || first == "examples" || pkg+"/" == module
}

func TestImportsPointDown(t *testing.T) {
	all := imports(t)
	for pkg, imported := range all {
		mine := floor(pkg)
		switch {
		case isWorkshop(pkg):
			continue
		case mine < 0:
			t.Errorf("%s is on no floor: give it one", pkg)
		}
		for _, other := range imported {
			if theirs := floor(other); theirs < 0 || theirs >= mine {
				t.Errorf("%s imports %s, which is not below it", pkg, other)
			}
		}
	}
	for _, packages := range floors {
		for _, pkg := range packages {
			if _, there := all[pkg]; !there && pkg != "functions" {
				t.Errorf("%s has a floor and does not exist", pkg)
			}
		}
	}
}

func TestTheStandInsForAWSKnowNothingOfTheProduct(t *testing.T) {
	for pkg, imported := range imports(t) {
		for _, other := range imported {
			if strings.HasPrefix(pkg, "internal/dev/aws/") && !strings.HasPrefix(other, "internal/dev/aws/") {
				t.Errorf("%s imports %s: it would agree with the mistakes it is there to find", pkg, other)
			}
		}
	}
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

func TestDomainAndUseCasesKnowNoAWS(t *testing.T) {
	adapters := []string{"internal/awsjson", "authctx", "internal/dynamo", "internal/dynamo/item", "internal/dynamo/direct", "internal/keyring", "internal/oidc"}
	for _, packages := range floors[:slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, "internal/api") })] {
		for _, pkg := range packages {
			if !slices.Contains(adapters, pkg) {
				forbid(t, pkg, "it sees no AWS type and no transport", "github.com/aws", "net/http")
			}
		}
	}
}

func TestTheAuthorizerLinksNothingItDoesNotNeed(t *testing.T) {
	forbid(t, "functions/authorizer", "it is on everybody's request path", "internal/lifecycle", "internal/api", "internal/management", "internal/cursor",
		"github.com/aws/aws-sdk-go-v2/config")
	forbid(t, "functions/authorizer", "its calls go straight onto the wire; even the types cost half a millisecond of start", "github.com/aws/aws-sdk-go-v2/service")
	if slices.Contains(deps(t, "functions/authorizer"), "internal/dynamo") { // of which it links parts
		t.Error("functions/authorizer links internal/dynamo, and with it the SDK")
	}
}

// time.Now has a monotonic reading, which stands still while Lambda freezes a process. It may be called, to see how long
// something takes, but what is handed in as a clock is boot.Now.
func TestEveryClockThatIsHandedInIsTheWalls(t *testing.T) {
	handed := 0
	for _, root := range []string{"functions", "internal/management", "internal/boot", "internal/authorizer", "internal/api"} {
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
	if handed < 4 {
		t.Errorf("boot.Now is handed on in %d places: this test looks at the wrong ones", handed)
	}
}

func TestOnlyItsOwnFunctionsLinkSCIM(t *testing.T) {
	for _, pkg := range []string{"functions/create-token", "functions/offboard-user", "functions/bulk-revoke", "functions/run-job"} {
		forbid(t, pkg, "its start is paid for by every call", "internal/scim")
	}
}

func TestNoFunctionLinksTheWorkshop(t *testing.T) {
	out, err := exec.Command("go", "list", "./functions/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	functions := strings.Fields(string(out))
	if len(functions) < 9 {
		t.Fatalf("only %d functions", len(functions))
	}
	for _, f := range functions {
		forbid(t, strings.TrimPrefix(f, module), "it is not deployed", "internal/dev", "testing", "go.etcd.io/bbolt", "go.yaml.in/yaml")
		forbid(t, strings.TrimPrefix(f, module), "it costs 1.9 MB; Region and credentials are in the environment", "github.com/aws/aws-sdk-go-v2/config")
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
