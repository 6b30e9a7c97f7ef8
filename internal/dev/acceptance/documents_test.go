package acceptance_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/token"
)

// goList returns what the go command says of all packages of the module, a line each.
func goList(t *testing.T, format string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-f", format, "./...")
	command.Dir = root
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	lines := strings.Fields(string(out))
	slices.Sort(lines)
	return slices.Compact(lines)
}

// tree reads the paths out of the first block of a section: a path in each line, indented below its folder, and what it
// is for.
func tree(section string) (paths []string) {
	_, block, _ := strings.Cut(section, "```text\n")
	block, _, _ = strings.Cut(block, "\n```")
	var parents []string
	for _, line := range strings.Split(block, "\n") {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		depth := min((len(line)-len(strings.TrimLeft(line, " ")))/2, len(parents))
		parents = append(parents[:depth], name)
		paths = append(paths, path.Join(parents...))
	}
	return paths
}

func TestREADMEsTreeIsTheRepositorys(t *testing.T) {
	listed := tree(section(t, readFile(t, "README.md"), "## The repository"))
	if len(listed) > 25 {
		t.Errorf("README's tree has %d lines", len(listed))
	}
	for _, p := range listed {
		if _, err := os.Stat(filepath.Join(root, p)); err != nil {
			t.Errorf("README's tree names %s: %v", p, err)
		}
	}
	for _, p := range goList(t, "{{.ImportPath}}") {
		_, folder, _ := strings.Cut(p, module)
		if first, _, _ := strings.Cut(folder, "/"); first != "" && !slices.ContainsFunc(listed, func(l string) bool { return l == first || strings.HasPrefix(l, first+"/") }) {
			t.Errorf("README's tree lacks %s", first)
		}
	}
}

const module = "github.com/tokenwright/tokenwright/"

// What a package is stands in the package alone; where it stands, in CONTRIBUTING's map.
func TestEveryPackageIsOnTheMapAndSaysWhatItIs(t *testing.T) {
	layout := section(t, readFile(t, "CONTRIBUTING.md"), "## Layout")
	drawn := fences(layout)
	if len(drawn) == 0 {
		t.Fatal("CONTRIBUTING has no map")
	}
	words := regexp.MustCompile(`[a-z][a-z0-9]*`).FindAllString(drawn[0].text, -1)
	for _, line := range goList(t, `{{.ImportPath}}|{{if .Doc}}said{{end}}|{{len .GoFiles}}`) {
		fields := strings.Split(line, "|")
		_, folder, ok := strings.Cut(fields[0], module)
		if !ok || fields[2] == "0" {
			continue
		}
		if fields[1] == "" {
			t.Errorf("%s has no comment that says what it is", folder)
		}
		parts := strings.Split(folder, "/")
		if parts[0] == "internal" && !slices.Contains(words, parts[1]) {
			t.Errorf("CONTRIBUTING's map lacks %s", folder)
		}
	}
}

func TestEveryOperationIsInTheTableWithItsCall(t *testing.T) {
	deployed, err := template.Load(filepath.Join(root, "template.yaml"), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folders, calls := map[string]string{}, map[string][]string{}
	for _, f := range deployed.Functions {
		name := strings.TrimSuffix(f.LogicalID, "Function")
		folders[f.ARN] = strings.ToLower(regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "$1-$2"))
	}
	for _, r := range deployed.RestAPIs[0].Routes {
		calls[folders[r.FunctionARN]] = append(calls[folders[r.FunctionARN]], r.Method+" "+r.Path)
	}
	stated := map[string][]string{}
	operations := section(t, readFile(t, "docs/api.md"), "## Operations")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| (.*?) \\|").FindAllStringSubmatch(operations, -1) {
		for _, c := range regexp.MustCompile("`([A-Z]+ [^`]+)`").FindAllStringSubmatch(row[2], -1) {
			stated[row[1]] = append(stated[row[1]], c[1])
		}
	}
	for _, m := range []map[string][]string{calls, stated} {
		for _, c := range m {
			slices.Sort(c)
		}
	}
	if diff := cmp.Diff(calls, stated); diff != "" {
		t.Errorf("template.yaml's calls (-) are not those of docs/api.md (+): %s", diff)
	}
}

func TestThePagesHaveEveryParameterWithItsDefault(t *testing.T) {
	var deployed struct {
		Parameters map[string]struct {
			Default string `yaml:"Default"`
		} `yaml:"Parameters"`
		Outputs map[string]any `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "template.yaml")), &deployed); err != nil {
		t.Fatal(err)
	}
	parameters := section(t, readFile(t, "docs/operating.md"), "## Parameters")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(deployed.Parameters)), slices.Sorted(slices.Values(named(parameters)))); diff != "" {
		t.Errorf("template.yaml's parameters (-) are not those of docs/operating.md (+): %s", diff)
	}
	for name, p := range deployed.Parameters {
		cell := " "
		if p.Default != "" {
			cell = " `" + p.Default + "` "
		}
		if row := "| `" + name + "` |" + cell + "|"; !strings.Contains(parameters, row) {
			t.Errorf("docs/operating.md lacks the row %s", row)
		}
	}
	for name := range deployed.Outputs {
		if !strings.Contains(parameters, "`"+name+"`") {
			t.Errorf("docs/operating.md lacks the output %s", name)
		}
	}
}

func TestThePagesHaveEveryAlarm(t *testing.T) {
	alarms := section(t, readFile(t, "docs/operating.md"), "## Alarms, logs and metrics")
	var stated []string
	for _, row := range regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(alarms, -1) {
		stated = append(stated, inBackticks(row[1], `\w+Alarm`)...)
	}
	all := resources(t, readFile(t, "template.yaml"), "AWS::CloudWatch::Alarm")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(slices.Values(stated))); diff != "" {
		t.Errorf("template.yaml's alarms (-) are not those of docs/operating.md (+): %s", diff)
	}
}

func TestSettingsNamedInThePagesExist(t *testing.T) {
	var sources strings.Builder
	for _, name := range []string{
		"template.yaml", "examples/orders/template.yaml", "examples/http-api/template.yaml", "examples/websocket-api/template.yaml",
		"examples/appsync-api/template.yaml", "examples/second-authorizer/template.yaml", "Makefile", "cmd/local/main.go",
	} {
		sources.WriteString(readFile(t, name))
	}
	found := 0
	for _, page := range pages(t) {
		text := readFile(t, page)
		if page == "CONTRIBUTING.md" { // it names what is in Go
			continue
		}
		for _, name := range append(inBackticks(text, `[A-Z]+_[A-Z_]+`), inBackticks(text, `(?:[A-Z][a-z]+){2,}`)...) {
			found++
			if name != "AccessDenied" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(sources.String()) {
				t.Errorf("%s names %s, which neither a template, the Makefile nor cmd/local knows", page, name)
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d settings were found", found)
	}
}

func TestPathsAndTargetsNamedInThePagesExist(t *testing.T) {
	makefile := readFile(t, "Makefile")
	for _, document := range pages(t) {
		page := readFile(t, document)
		for _, p := range inBackticks(page, `[\w.-]+(?:/[\w.-]+)+/?`) {
			first, _, _ := strings.Cut(p, "/")
			if _, err := os.Stat(filepath.Join(root, first)); err != nil {
				continue // a media type, a module, a log group
			}
			if _, err := os.Stat(filepath.Join(root, p)); err != nil {
				t.Errorf("%s names %s: %v", document, p, err)
			}
		}
		for _, target := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(page, -1) {
			if !regexp.MustCompile(`(?m)^` + target[1] + `:`).MatchString(makefile) {
				t.Errorf("%s names make %s, which is no target", document, target[1])
			}
		}
	}
}

func TestThePagesWordsForRefusalsAreTheCodes(t *testing.T) {
	statuses := section(t, readFile(t, "docs/api.md"), "## Statuses")
	logged := section(t, readFile(t, "docs/operating.md"), "## Alarms, logs and metrics")
	var source strings.Builder
	for _, folder := range []string{"api", "lifecycle", "standing", "route", "validate", "authorizer"} {
		files, err := filepath.Glob(filepath.Join(root, "internal", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("internal/%s has no files: %v", folder, err)
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err != nil {
				t.Fatal(err)
			} else if !strings.HasSuffix(file, "_test.go") {
				source.Write(text)
			}
		}
	}
	source.WriteString(readFile(t, "template.yaml"))
	for _, row := range regexp.MustCompile(`(?m)^\| \d{3} \| ([^|]+) \|`).FindAllStringSubmatch(statuses, -1) {
		for _, code := range inBackticks(row[1], `[a-z_]+`) {
			if !strings.Contains(source.String(), `"`+code+`"`) {
				t.Errorf("the table of statuses has the code %s, which nothing answers", code)
			}
		}
	}
	reasons := regexp.MustCompile(`Reason += "(\w+)"`).FindAllStringSubmatch(source.String(), -1)
	if len(reasons) < 12 {
		t.Fatalf("only %d reasons were found", len(reasons))
	}
	for _, reason := range reasons {
		if !strings.Contains(logged+statuses, "`"+reason[1]+"`") {
			t.Errorf("neither docs/operating.md nor the table of statuses has the reason %s", reason[1])
		}
	}
}

func TestThePagesHaveEveryNameOfTheAuthorizersContext(t *testing.T) {
	context := section(t, readFile(t, "docs/attaching.md"), "## What your function gets")
	names := regexp.MustCompile(`(?m)^\t\w+ += "(\w+)"`).FindAllStringSubmatch(readFile(t, "internal/principal/wire/wire.go"), -1)
	if len(names) < 14 {
		t.Fatalf("only %d names were found", len(names))
	}
	for _, name := range names {
		if !strings.Contains(context, "`"+name[1]+"`") {
			t.Errorf("docs/attaching.md lacks %s", name[1])
		}
	}
}

func TestThePagesFindTokens(t *testing.T) {
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	if page := readFile(t, "docs/security.md"); !strings.Contains(page, "\n    "+format.Pattern()+"\n") {
		t.Errorf("docs/security.md lacks the expression %s", format.Pattern())
	}
}

func TestCONTRIBUTINGSaysWhyEachDependencyIsThere(t *testing.T) {
	required := regexp.MustCompile(`(?m)^\s+(\S+) v\S+`).FindAllStringSubmatch(readFile(t, "go.mod"), -1)
	direct := map[string]bool{}
	for _, p := range goList(t, `{{range .Imports}}{{println .}}{{end}}{{range .TestImports}}{{println .}}{{end}}{{range .XTestImports}}{{println .}}{{end}}`) {
		module := ""
		for _, m := range required {
			if (p == m[1] || strings.HasPrefix(p, m[1]+"/")) && len(m[1]) > len(module) {
				module = m[1]
			}
		}
		if module != "" {
			direct[module] = true
		}
	}
	if len(direct) < 10 {
		t.Fatalf("only %d direct dependencies were found: %s", len(direct), fmt.Sprint(direct))
	}
	explained := named(section(t, readFile(t, "CONTRIBUTING.md"), "## Dependencies"))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(direct)), slices.Sorted(slices.Values(explained))); diff != "" {
		t.Errorf("what is imported (-) is not what CONTRIBUTING explains (+): %s", diff)
	}
}
