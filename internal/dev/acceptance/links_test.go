package acceptance_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// prose is a page without its blocks and what stands in backticks.
func prose(markdown string) string {
	withoutBlocks := regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(markdown, "")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(withoutBlocks, "`x`")
}

// anchors are the names that GitHub gives the headings of a page.
func anchors(markdown string) (names []string) {
	withoutBlocks := regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(markdown, "")
	for _, heading := range regexp.MustCompile(`(?m)^#{1,6} (.+)$`).FindAllStringSubmatch(withoutBlocks, -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(kept, " ", "-"))
	}
	return names
}

func TestEveryLinkOfThePagesLeadsSomewhere(t *testing.T) {
	found := 0
	for _, page := range append(pages(t), ".github/pull_request_template.md") {
		text := readFile(t, page)
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(prose(text), -1) {
			if strings.HasPrefix(link[1], "https://") {
				continue
			}
			found++
			to, anchor, hasAnchor := strings.Cut(link[1], "#")
			target := page
			if to != "" {
				target = path.Join(path.Dir(page), to)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s leads to %s: %v", page, link[1], err)
			} else if hasAnchor && !slices.Contains(anchors(readFile(t, target)), anchor) {
				t.Errorf("%s leads to %s, which is no heading there", page, link[1])
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d links were found", found)
	}
}

// A reader of README finds every page, and no page is left without a reader.
func TestREADMELeadsToEveryPage(t *testing.T) {
	readme := readFile(t, "README.md")
	for _, page := range pages(t)[1:] {
		if !strings.Contains(readme, "]("+page+")") {
			t.Errorf("README does not lead to %s", page)
		}
	}
}

// Comments and help texts send people to the pages as well.
func TestPagesNamedInTheSourcesExist(t *testing.T) {
	found := 0
	named := regexp.MustCompile(`\bdocs/[\w-]+\.md\b`)
	err := filepath.WalkDir(root, func(file string, entry os.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == ".git" || name == "build" || name == "node_modules" || name == ".tokenwright" || name == ".aws-sam"):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".go", ".yaml", ".yml", ".py", ".sh", ".ts", ".tf", ".mjs", ""}, filepath.Ext(name)):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, page := range named.FindAllString(string(text), -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, page)); err != nil {
				t.Errorf("%s names %s: %v", file, page, err)
			}
		}
		return nil
	})
	if err != nil || found < 4 {
		t.Errorf("%d pages are named: %v", found, err)
	}
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	got := anchors("# A page\n## SCIM 2.0\n```sh\n# no heading\n```\n### One `policy`, for the whole API\n")
	if want := []string{"a-page", "scim-20", "one-policy-for-the-whole-api"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
