package acceptance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the module's folder, seen from this one.
const root = "../../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are what is written for people: those that anybody looks for in the root folder, and all of docs.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) < 6 {
		t.Fatalf("docs has only %d pages: %v", len(found), err)
	}
	all := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	for _, p := range found {
		all = append(all, "docs/"+filepath.Base(p))
	}
	return all
}

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

// inBackticks returns the words of a page that stand alone between backticks and look like pattern.
func inBackticks(page, pattern string) []string {
	var words []string
	for _, m := range regexp.MustCompile("`("+pattern+")`").FindAllStringSubmatch(page, -1) {
		words = append(words, m[1])
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// fence is a block of a page between two lines of three backticks.
type fence struct {
	line           int
	language, text string
}

// fences returns the blocks of a page.
func fences(markdown string) []fence {
	var all []fence
	open := false
	for i, line := range strings.Split(markdown, "\n") {
		switch language, isFence := strings.CutPrefix(line, "```"); {
		case isFence && open:
			open = false
		case isFence:
			open = true
			all = append(all, fence{line: i + 2, language: language})
		case open:
			all[len(all)-1].text += line + "\n"
		}
	}
	return all
}

// A newcomer reads README in five minutes, or not at all.
func TestREADMEIsShort(t *testing.T) {
	if lines := strings.Count(readFile(t, "README.md"), "\n"); lines > 350 {
		t.Errorf("README has %d lines: what is for one kind of reader goes to docs", lines)
	}
}

func TestAFenceIsReadAsItLooks(t *testing.T) {
	got := fences("a\n```go\nx\ny\n```\nb\n```\nz\n```\n")
	if want := []fence{{3, "go", "x\ny\n"}, {8, "", "z\n"}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}
