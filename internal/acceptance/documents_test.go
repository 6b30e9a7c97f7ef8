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

	"github.com/tokenwright/tokenwright/internal/token"
)

// section returns what stands below a heading, up to the next one of its level or above.
func section(t *testing.T, markdown, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(markdown, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("there is no heading %q", heading)
	}
	if end := regexp.MustCompile(`(?m)^#{1,2} `).FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

// named returns the first cell of each row of a section's tables that is a word in backticks.
func named(section string) (names []string) {
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		names = append(names, row[1])
	}
	return names
}

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
	for _, p := range listed {
		if _, err := os.Stat(filepath.Join(root, p)); err != nil {
			t.Errorf("README's tree names %s: %v", p, err)
		}
	}
	for _, p := range goList(t, "{{.ImportPath}}") {
		_, folder, ok := strings.Cut(p, "github.com/tokenwright/tokenwright/")
		if ok && !slices.Contains(listed, folder) {
			t.Errorf("README's tree lacks %s", folder)
		}
	}
}

func TestREADMEHasEveryParameterWithItsDefault(t *testing.T) {
	var template struct {
		Parameters map[string]struct {
			Default string `yaml:"Default"`
		} `yaml:"Parameters"`
		Outputs map[string]any `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "template.yaml")), &template); err != nil {
		t.Fatal(err)
	}
	deploying := section(t, readFile(t, "README.md"), "## Deploying")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(template.Parameters)), slices.Sorted(slices.Values(named(deploying)))); diff != "" {
		t.Errorf("template.yaml's parameters (-) are not README's (+): %s", diff)
	}
	for name, p := range template.Parameters {
		cell := " "
		if p.Default != "" {
			cell = " `" + p.Default + "` "
		}
		if row := "| `" + name + "` |" + cell + "|"; !strings.Contains(deploying, row) {
			t.Errorf("README lacks the row %s", row)
		}
	}
	for name := range template.Outputs {
		if !strings.Contains(deploying, "`"+name+"`") {
			t.Errorf("README lacks the output %s", name)
		}
	}
}

// inBackticks returns the words of a page that stand alone between backticks and look like pattern.
func inBackticks(page, pattern string) []string {
	var words []string
	for _, m := range regexp.MustCompile("`("+pattern+")`").FindAllStringSubmatch(page, -1) {
		words = append(words, m[1])
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func TestSettingsNamedInREADMEExist(t *testing.T) {
	var sources strings.Builder
	for _, name := range []string{
		"template.yaml", "examples/orders/template.yaml", "examples/http-api/template.yaml", "examples/websocket-api/template.yaml",
		"examples/appsync-api/template.yaml", "examples/second-authorizer/template.yaml", "Makefile", "cmd/local/main.go",
	} {
		sources.WriteString(readFile(t, name))
	}
	readme := readFile(t, "README.md")
	settings := append(inBackticks(readme, `[A-Z]+_[A-Z_]+`), inBackticks(readme, `(?:[A-Z][a-z]+){2,}`)...)
	if len(settings) < 20 {
		t.Fatalf("only %d settings were found in README: %v", len(settings), settings)
	}
	for _, name := range settings {
		if name != "AccessDenied" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(sources.String()) {
			t.Errorf("README names %s, which neither a template, the Makefile nor cmd/local knows", name)
		}
	}
}

func TestPathsAndTargetsNamedInTheDocumentsExist(t *testing.T) {
	makefile := readFile(t, "Makefile")
	for _, document := range []string{"README.md", "CONTRIBUTING.md"} {
		page := readFile(t, document)
		paths := inBackticks(page, `[\w.-]+(?:/[\w.-]+)+/?`)
		if len(paths) == 0 {
			t.Errorf("no paths were found in %s", document)
		}
		for _, p := range paths {
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

func TestREADMEsWordsForRefusalsAreTheCodes(t *testing.T) {
	readme := readFile(t, "README.md")
	statuses := section(t, readme, "## Statuses and reasons")
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
				t.Errorf("README's table of statuses has the code %s, which nothing answers", code)
			}
		}
	}
	reasons := regexp.MustCompile(`Reason += "(\w+)"`).FindAllStringSubmatch(source.String(), -1)
	if len(reasons) < 12 {
		t.Fatalf("only %d reasons were found", len(reasons))
	}
	for _, reason := range reasons {
		if !strings.Contains(statuses, "`"+reason[1]+"`") {
			t.Errorf("README lacks the reason %s", reason[1])
		}
	}
}

func TestREADMEFindsTokens(t *testing.T) {
	format, err := token.NewFormat("at")
	if err != nil {
		t.Fatal(err)
	}
	if readme := readFile(t, "README.md"); !strings.Contains(readme, "\n    "+format.Pattern()+"\n") {
		t.Errorf("README lacks the expression %s", format.Pattern())
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
