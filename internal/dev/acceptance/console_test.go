package acceptance_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

// Where the pages say the two APIs answer, and where one on AWS does; the test's own ports stand in for them.
const (
	pageAPI        = "http://127.0.0.1:3000"
	pageDownstream = "http://127.0.0.1:3001"
	pageOnAWS      = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/live"
)

// step is one command of a console block and the answer printed below it.
type step struct {
	line    int
	command string
	want    []string
}

// steps reads every block fenced as console: "$ " begins a command, which goes on behind a backslash; what stands below
// is its answer. An answer's line that begins with a space continues the one above it, so long lines can be folded.
func steps(markdown string) []step {
	var all []step
	console, continued := false, false
	for i, line := range strings.Split(markdown, "\n") {
		switch command, isCommand := strings.CutPrefix(line, "$ "); {
		case strings.HasPrefix(line, "```"):
			console, continued = line == "```console", false
		case !console:
		case continued:
			last := &all[len(all)-1]
			last.command += "\n" + line
			continued = strings.HasSuffix(line, `\`)
		case isCommand:
			all = append(all, step{line: i + 1, command: command})
			continued = strings.HasSuffix(line, `\`)
		case len(all) > 0:
			last := &all[len(all)-1]
			if folded := strings.TrimLeft(line, " "); folded != line && len(last.want) > 0 {
				last.want[len(last.want)-1] += folded
			} else {
				last.want = append(last.want, line)
			}
		}
	}
	return all
}

// volatile names what differs from run to run. Each pattern is as narrow as the format it stands for, so an id or a time
// of another form is a difference. A token and a JWT may be cut short by an ellipsis.
var volatile = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`eyJ[\w-]*(…|\.eyJ[\w-]+\.[\w-]+)`), "<JWT>"},
	{regexp.MustCompile(`\bat_(live|test)_[0-9A-Za-z]{22}_([0-9A-Za-z]{38}\b|[0-9A-Za-z]*…)`), "<$1 token>"},
	{regexp.MustCompile(`\bat_(live|test)_[0-9A-Za-z]{4}…[0-9A-Za-z]{4}\b`), "<$1 hint>"},
	{regexp.MustCompile(`\btok_[0-9A-Za-z]{22}\b`), "<token id>"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "<UUID>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "<time>"},
}

func stable(s string) string {
	for _, v := range volatile {
		s = v.pattern.ReplaceAllString(s, v.name)
	}
	return s
}

// answers says whether got is what want promises: the same text, volatile values aside, where an ellipsis in want
// stands for whatever got has in that line.
func answers(want, got string) bool {
	parts := strings.Split(stable(want), "…")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(stable(got))
}

// compare returns what is wrong with a step's output; "" = nothing.
func (s step) compare(output string) string {
	var got []string
	if output = strings.TrimSuffix(output, "\n"); output != "" {
		got = strings.Split(output, "\n")
	}
	for i := range max(len(got), len(s.want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("line %d of the answer is missing: %s", i+1, s.want[i])
		case i >= len(s.want):
			return fmt.Sprintf("the page does not have line %d of the answer: %s", i+1, got[i])
		case !answers(s.want[i], got[i]):
			return fmt.Sprintf("the page says\n\t%s\nthe answer is\n\t%s", stable(s.want[i]), stable(got[i]))
		}
	}
	return ""
}

// Each page goes on where README's quick start ends, on a stack of its own: nobody has to read the others first.
func TestEveryCommandOfThePagesAnswersAsPrinted(t *testing.T) {
	const first = "README.md"
	quickStart, programs, typed := steps(readFile(t, first)), t.TempDir(), 0
	for _, page := range pages(t) {
		all := steps(readFile(t, page))
		if len(all) == 0 {
			continue
		}
		typed++
		before := len(quickStart)
		if page == first {
			before = 0
		}
		t.Run(page, func(t *testing.T) {
			stack, err := local.Start(t.Context(), local.Options{Root: root, DataDir: t.TempDir(), BuildDir: programs})
			if err != nil {
				t.Fatal(err)
			}
			defer stack.Stop()
			outputs := runAll(t, stack, append(quickStart[:before:before], all...))
			for i, output := range outputs[before:] {
				if wrong := all[i].compare(output); wrong != "" {
					t.Errorf("%s:%d: $ %s\n%s", page, all[i].line, all[i].command, wrong)
				}
			}
		})
	}
	if len(quickStart) < 8 || typed < 5 {
		t.Errorf("the quick start has %d commands, and %d pages have any: this test does not look where they are", len(quickStart), typed)
	}
}

// mark separates the outputs of commands; no answer has this character.
const mark = "\x1e"

// runAll runs the commands in one shell, because they hand variables on, and returns what each of them printed.
func runAll(t *testing.T, stack *local.Stack, all []step) []string {
	t.Helper()
	there := strings.NewReplacer(pageDownstream, stack.DownstreamURL(), pageAPI, stack.URL(), pageOnAWS, stack.URL())
	back := strings.NewReplacer(stack.DownstreamURL(), pageDownstream, stack.URL(), pageAPI)
	var script strings.Builder
	for _, s := range all {
		script.WriteString(there.Replace(s.command) + "\nprintf '" + `\036` + "'\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh")
	shell.Dir = t.TempDir()
	shell.Stdin = strings.NewReader(script.String())
	shell.Env = append(os.Environ(), "PATH="+curlOnly(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var output bytes.Buffer
	shell.Stdout, shell.Stderr = &output, &output
	if err := shell.Run(); err != nil {
		t.Fatalf("running the commands: %v\n%s", err, output.String())
	}
	outputs := strings.Split(back.Replace(output.String()), mark)
	if len(outputs) != len(all)+1 {
		t.Fatalf("%d commands gave %d outputs:\n%s", len(all), len(outputs)-1, output.String())
	}
	return outputs[:len(all)]
}

func TestADifferentAnswerIsNoticed(t *testing.T) {
	const line = `{"id":"tok_KWndBNhKCN5Vbfvjnl2fxA","at":"2026-11-22T05:03:28.425Z","token":"at_live_KWndBNhKCN5Vbfvjnl2fxA_QtPJ…"}`
	const same = `{"id":"tok_KWndBNhKCN5Vbfwwwwwwww","at":"2027-01-01T00:00:00.000Z","token":"at_live_KWndBNhKCN5Vbfwwwwwwww_QtPJ6ZUcdkJlf0XtfvafZ3xafzOUgI4x4EnKgN"}`
	for _, tt := range []struct {
		name, want, got string
		fits            bool
	}{
		{"other values", line, same, true},
		{"one member more", line, strings.Replace(same, `"at"`, `"new":null,"at"`, 1), false},
		{"one member fewer", line, strings.Replace(same, `"at":"2027-01-01T00:00:00.000Z",`, "", 1), false},
		{"an id of another form", line, strings.Replace(same, "tok_", "tkn_", 1), false},
		{"a time without milliseconds", line, strings.Replace(same, ".000Z", "Z", 1), false},
		{"a token without its secret", line, strings.Replace(same, "QtPJ6ZUcdkJlf0XtfvafZ3xafzOUgI4x4EnKgN", "", 1), false},
		{"null instead of a time", line, strings.Replace(same, `"2027-01-01T00:00:00.000Z"`, "null", 1), false},
		{"what an ellipsis hides", `{"a":1,…,"z":2}`, `{"a":1,"b":[3,4],"z":2}`, true},
		{"what an ellipsis does not hide", `{"a":1,…,"z":2}`, `{"a":1,"b":[3,4],"z":3}`, false},
		{"another status", "204", "200", false},
		{"a line that should not be", "", "404", false},
		{"an answer that is missing", "204", "", false},
		{"a second line", "204", "204\n204", false},
	} {
		s := step{}
		if tt.want != "" {
			s.want = []string{tt.want}
		}
		if wrong := s.compare(tt.got + "\n"); (wrong == "") != tt.fits {
			t.Errorf("%s: compare says %q", tt.name, wrong)
		}
	}
}

func TestConsoleBlocksAreReadAsTheyLook(t *testing.T) {
	got := steps("```sh\n$ not this\n```\n```console\n$ first \\\n  goes on\nanswer,\n folded\nsecond line\n$ second\n```\n$ nor this\n```console\n$ third\n```\n")
	want := []step{
		{line: 5, command: "first \\\n  goes on", want: []string{"answer,folded", "second line"}},
		{line: 10, command: "second"},
		{line: 14, command: "third"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Error(diff)
	}
}
