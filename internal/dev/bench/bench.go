// Package bench measures the compiled authorizer beside a bare Lambda that makes one GetItem through the SDK's default
// client and checks nothing, and holds it to budgets. Both run in the same minutes on the same machine, by turns, on
// the same stand-ins; what is judged is a ratio of the two or a count, never a time, so that a slow or busy machine
// gives the same verdict.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/standin"
)

// Options say how much to measure; zero means the standard.
type Options struct {
	Root        string        // the module's folder; "" = the working directory
	Rounds      int           // of each measurement, whose median counts
	Invocations int           // in each round
	Delay       time.Duration // before each answer of the stand-ins; with one nothing is judged
	NoQuota     bool          // measure processor time where a cgroup would hold a process to a share of a core
}

// Row is one line of the table.
type Row struct {
	Measure, Figure, Budget string
	Broken                  bool
}

// bench is one run.
type bench struct {
	Options
	programs  programs
	authority *standin.Authority
	small     *standin.World
	rows      []Row
	progress  io.Writer
}

// Run measures everything and returns the table. An error says that something could not be measured.
func Run(ctx context.Context, o Options, progress io.Writer) ([]Row, error) {
	if o.Rounds == 0 {
		o.Rounds = 5
	}
	if o.Invocations == 0 {
		o.Invocations = 3000
	}
	folder, err := os.MkdirTemp("", "tokenwright-bench")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	b := &bench{Options: o, progress: progress}
	b.say("building")
	if b.programs, err = compile(ctx, o.Root, folder); err != nil {
		return nil, err
	}
	if b.authority, err = standin.NewAuthority(filepath.Join(folder, "root.pem")); err != nil {
		return nil, err
	}
	if b.small, err = standin.NewWorld(10, 1, nil); err != nil {
		return nil, err
	}
	for _, measure := range []func() error{b.validations, b.starts, b.firsts, b.sizes, b.core, b.scale, b.rules, b.cached} {
		if err := b.measure(ctx, measure); err != nil {
			return nil, err
		}
	}
	return b.rows, nil
}

// attempts is how often a measurement that breaks a budget is made: a busy machine can spoil some, a change
// that costs too much spoils all.
const attempts = 5

func (b *bench) measure(ctx context.Context, do func() error) error {
	before := len(b.rows)
	for attempt := 1; ; attempt++ {
		if err := do(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		broken := slices.ContainsFunc(b.rows[before:], func(r Row) bool { return r.Broken })
		if !broken || attempt == attempts {
			return nil
		}
		b.say("once more: a budget was broken")
		b.rows = b.rows[:before]
	}
}

func (b *bench) say(what string) { _, _ = fmt.Fprintln(b.progress, "bench:", what) }

// judge adds a row with a budget, info one without. With a delay nothing is judged: the budgets are about stand-ins that
// answer at once.
func (b *bench) judge(measure, figure, budget string, kept bool) {
	if b.Delay > 0 {
		b.info(measure, figure)
		return
	}
	b.rows = append(b.rows, Row{measure, figure, budget, !kept})
}

func (b *bench) info(measure, figure string) {
	b.rows = append(b.rows, Row{Measure: measure, Figure: figure})
}

// Print writes the table, and says whether every budget is kept.
func Print(w io.Writer, rows []Row) (kept bool) {
	kept = true
	widths := [2]int{}
	for _, r := range rows {
		widths[0], widths[1] = max(widths[0], len([]rune(r.Measure))), max(widths[1], len([]rune(r.Figure)))
	}
	pad := func(s string, n int) string { return s + strings.Repeat(" ", n-len([]rune(s))) }
	for _, r := range rows {
		verdict := ""
		switch {
		case r.Broken:
			kept, verdict = false, r.Budget+"  BROKEN"
		case r.Budget != "":
			verdict = r.Budget + "  kept"
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(pad(r.Measure, widths[0])+"  "+pad(r.Figure, widths[1])+"  "+verdict, " "))
	}
	return kept
}
