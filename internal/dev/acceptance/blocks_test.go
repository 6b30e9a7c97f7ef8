package acceptance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// What holds a block of each language to what it says.
var heldBy = map[string]func(t *testing.T, page string, f fence){
	"console": func(*testing.T, string, fence) {},
	"text":    func(*testing.T, string, fence) {},
	"sh":      makeKnowsEveryTarget,
	"go":      goCompiles,
	"yaml":    templateIsRead,
	"js":      typedByMake("scripts/test-snippets.py", `block("js")`),
	"python":  typedByMake("scripts/test-snippets.py", `block("python")`),
	"ts":      isPartOf("examples/cdk/hello.ts"),
	"hcl":     isPartOf("examples/terraform/main.tf"),
}

func TestEveryBlockOfThePagesIsHeldToWhatItSays(t *testing.T) {
	met := map[string]int{}
	for _, page := range pages(t) {
		for _, f := range fences(readFile(t, page)) {
			met[f.language]++
			if hold := heldBy[f.language]; hold != nil {
				hold(t, page, f)
			} else {
				t.Errorf("%s:%d: nothing holds a block of %q to what it says", page, f.line, f.language)
			}
		}
	}
	for language := range heldBy {
		if met[language] == 0 {
			t.Errorf("no page has a block of %q", language)
		}
	}
}

// makeKnowsEveryTarget lets make say what it would do.
func makeKnowsEveryTarget(t *testing.T, page string, f fence) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(f.text), "\n") {
		command, _, _ := strings.Cut(line, " #")
		if strings.HasPrefix(command, "build/tools/python/bin/sam local invoke ") {
			continue // scripts/test-sam-local types it
		}
		arguments, isMake := strings.CutPrefix(strings.TrimSpace(command), "make ")
		if !isMake {
			t.Errorf("%s:%d: %q is not make's, so nothing types it: let it be a console block", page, f.line, command)
			continue
		}
		shell := exec.Command("sh", "-c", "make --dry-run "+arguments)
		shell.Dir = root
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("%s:%d: make %s: %v\n%s", page, f.line, arguments, err, out)
		}
	}
}

// goCompiles compiles a block as a program of this module, without a file of it there.
func goCompiles(t *testing.T, page string, f fence) {
	t.Helper()
	folder, err := filepath.Abs(filepath.Join(root, "examples", "of-a-page"))
	if err != nil {
		t.Fatal(err)
	}
	source, overlay := filepath.Join(t.TempDir(), "main.go"), filepath.Join(t.TempDir(), "overlay.json")
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(folder, "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{source: f.text, overlay: string(replaced)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", os.DevNull, "./examples/of-a-page")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s", page, f.line, err, out)
	}
}

// templateIsRead lets the local stack read a template. A part of one is put where it belongs: into the template before it.
func templateIsRead(t *testing.T, page string, f fence) {
	t.Helper()
	whole := f.text
	if !strings.HasPrefix(whole, "AWSTemplateFormatVersion") {
		whole = inPlace(t, page, f)
	}
	name := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(name, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := template.Load(name, template.Options{Parameters: map[string]string{"AuthorizerArn": "arn:aws:lambda:us-east-1:123456789012:function:a"}})
	if err != nil {
		t.Errorf("%s:%d: %v", page, f.line, err)
		return
	}
	routes := 0
	for _, api := range read.RestAPIs {
		routes += len(api.Routes)
	}
	for _, api := range read.HTTPAPIs {
		routes += len(api.Routes)
	}
	if routes == 0 {
		t.Errorf("%s:%d: no route is read of it", page, f.line)
	}
}

// inPlace returns the page's whole template with a part of it as the block has it: the API, its identity sources, or
// properties of the API.
func inPlace(t *testing.T, page string, f fence) string {
	t.Helper()
	var rest, http string
	for _, other := range fences(readFile(t, page)) {
		switch {
		case strings.HasPrefix(other.text, "AWSTemplateFormatVersion"):
			rest = other.text
		case strings.Contains(other.text, "Type: AWS::Serverless::HttpApi"):
			http = other.text
		}
	}
	begin := strings.Index(rest, "  HelloApi:\n")
	if begin < 0 || http == "" {
		t.Fatalf("%s has no template with HelloApi", page)
	}
	asHTTP := strings.NewReplacer("Type: Api\n", "Type: HttpApi\n", "RestApiId:", "ApiId:").Replace(rest[:begin]) + http
	identity := regexp.MustCompile(`(?m)^            Identity: \{.*\}.*\n`)
	switch {
	case f.text == http:
		return asHTTP
	case strings.HasPrefix(f.text, "            Identity:\n"):
		return identity.ReplaceAllLiteralString(asHTTP, f.text)
	case strings.HasPrefix(f.text, "      GatewayResponses:\n"):
		return rest + f.text
	}
	t.Fatalf("%s:%d: where this part of a template belongs is not known", page, f.line)
	return ""
}

// typedByMake: `make test-examples` runs the block, because that needs more than Go.
func typedByMake(script, how string) func(*testing.T, string, fence) {
	return func(t *testing.T, page string, f fence) {
		t.Helper()
		text := readFile(t, script)
		if !strings.Contains(text, how) || !strings.Contains(text, page) || !strings.Contains(readFile(t, "Makefile"), script) {
			t.Errorf("%s:%d: %s does not run it", page, f.line, script)
		}
	}
}

// isPartOf holds a block to a file of which it is a part, but for how far it is indented.
func isPartOf(name string) func(*testing.T, string, fence) {
	unindented := regexp.MustCompile(`(?m)^ +`)
	return func(t *testing.T, page string, f fence) {
		t.Helper()
		if !strings.Contains(unindented.ReplaceAllString(readFile(t, name), ""), unindented.ReplaceAllString(f.text, "")) {
			t.Errorf("%s:%d: %s has it otherwise", page, f.line, name)
		}
	}
}

// A registry is the choice of whoever installs.
func TestNoLockFileNamesARegistry(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(root, "*", "*", "package-lock.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no lock file was found: %v", err)
	}
	for _, name := range found {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"resolved"`) || !strings.Contains(string(text), `"integrity"`) {
			t.Errorf("%s names where its packages come from, or not what they are", name)
		}
	}
}
