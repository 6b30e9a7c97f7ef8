package bench

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/standin"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/scope"
	"github.com/tokenwright/tokenwright/internal/token"
)

// The budgets. Those of times are ratios to the bare function's.
const (
	maxCPU         = 0.7
	maxStart       = 1.2
	maxFirst       = 1.5
	maxBinary      = 8_000_000
	maxAllocations = 20
	maxGrowth      = 1.25
	maxRuled       = 1.2
	// share is what Lambda gives of a core at 256 MB: memory / 1,769 MB.
	share = 0.145
)

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
func us(d time.Duration) string { return fmt.Sprintf("%.0f µs", float64(d.Nanoseconds())/1000) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// with runs something on a fresh stand-in.
func (b *bench) with(name, program string, world *standin.World, secure bool, do func(*subject) error, extra ...string) error {
	authority := b.authority
	if !secure {
		authority = nil
	}
	aws := standin.Listen(authority, world, standin.Keyring)
	defer aws.Close()
	aws.Delay = b.Delay
	return do(&subject{name: name, program: program, aws: aws, world: world, roots: b.authority.File, extra: extra})
}

// validations: requests and processor time of a warm one, over TLS.
func (b *bench) validations() error {
	b.say("warm validations")
	var ours, bare []warmth
	for range b.Rounds {
		for _, s := range []struct {
			name, program string
			into          *[]warmth
		}{{"authorizer", b.programs.authorizer, &ours}, {"bare", b.programs.bare, &bare}} {
			err := b.with(s.name, s.program, b.small, true, func(s2 *subject) error {
				w, err := s2.warm(b.Invocations/5, b.Invocations)
				*s.into = append(*s.into, w)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	most := func(of func(warmth) float64) (n float64) {
		for _, w := range ours {
			n = max(n, of(w))
		}
		return n
	}
	requests, secrets := most(func(w warmth) float64 { return w.dynamodb }), most(func(w warmth) float64 { return w.secrets })
	b.judge("DynamoDB requests per validation, warm", fmt.Sprintf("%g", requests), "1", requests == 1)
	b.judge("Secrets Manager requests per validation, warm", fmt.Sprintf("%g", secrets), "0", secrets == 0)
	cpu := func(w warmth) time.Duration { return w.cpu }
	r := ratios(ours, bare)
	b.judge("CPU per warm validation, TLS, whole process", fmt.Sprintf("%.2f × bare (%s, bare %s)", r, us(medianOf(ours, cpu)), us(medianOf(bare, cpu))),
		fmt.Sprintf("≤ %g ×", maxCPU), r <= maxCPU)
	for _, of := range []struct {
		what string
		take func(warmth) time.Duration
	}{{"p50", func(w warmth) time.Duration { return w.p50 }}, {"p99", func(w warmth) time.Duration { return w.p99 }}} {
		b.info("  time per warm validation, "+of.what, fmt.Sprintf("%s, bare %s", us(medianOf(ours, of.take)), us(medianOf(bare, of.take))))
	}
	b.info("  validations per second, one process", fmt.Sprintf("%.0f, bare %.0f",
		medianOf(ours, func(w warmth) float64 { return w.perSecond }), medianOf(bare, func(w warmth) float64 { return w.perSecond })))
	return nil
}

// ratios returns the median of the rounds' ratios: what slows the machine for a while slows both of a round.
func ratios(a, b []warmth) float64 {
	rounds := make([]float64, len(a))
	for i := range a {
		rounds[i] = ratio(a[i].cpu, b[i].cpu)
	}
	return median(rounds)
}

func medianOf[T int | time.Duration | float64](all []warmth, of func(warmth) T) T {
	values := make([]T, len(all))
	for i, w := range all {
		values[i] = of(w)
	}
	return median(values)
}

// starts: exec to first poll. Judged is the start on stand-ins that answer plain HTTP at once: everything the function
// does to be ready, but the handshakes, which the bare function leaves for its first event.
func (b *bench) starts() error {
	b.say("starts")
	took := map[string][]time.Duration{}
	for range b.Rounds * 4 {
		for _, s := range []struct {
			name, program string
			secure        bool
		}{{"ours", b.programs.authorizer, false}, {"bare", b.programs.bare, false}, {"ours, TLS", b.programs.authorizer, true}} {
			err := b.with(s.name, s.program, b.small, s.secure, func(sub *subject) error {
				p, err := sub.start()
				if err != nil {
					return err
				}
				took[s.name] = append(took[s.name], p.Started)
				p.Stop()
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	mine, theirs := median(took["ours"]), median(took["bare"])
	b.judge("start to ready, without TLS", fmt.Sprintf("%.2f × bare (%s, bare %s)", ratio(mine, theirs), ms(mine), ms(theirs)),
		fmt.Sprintf("≤ %g ×", maxStart), ratio(mine, theirs) <= maxStart)
	b.info("  the same with its two TLS handshakes", ms(median(took["ours, TLS"])))
	return nil
}

// firsts: the first validation after ready against a warm one, TLS, at 0.145 of a core from then on. Where no cgroup can
// be written the processor times of both are compared instead, and the row says so.
func (b *bench) firsts() error {
	b.say("first validations")
	var ours, bare firstAndWarm
	how := fmt.Sprintf("TLS, %g of a core", share)
	for round := range b.Rounds * 4 {
		subjects := map[string]*firstAndWarm{b.programs.authorizer: &ours}
		if round%4 == 0 { // it is there for comparison
			subjects[b.programs.bare] = &bare
		}
		for program, into := range subjects {
			err := b.with(program, program, b.small, true, func(s *subject) error {
				held, err := s.first(into, b.NoQuota)
				if !held {
					how = fmt.Sprintf("TLS, by CPU time, as no cgroup holds it to %g of a core", share)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	// Under a quota a busy machine adds whole periods of waiting to some of them, never takes any away: quartiles.
	first, warm := quartile(ours.first), quartile(ours.warm)
	b.judge("first validation after ready, "+how, fmt.Sprintf("%.2f × a warm one (%s, %s)", ratio(first, warm), ms(first), ms(warm)),
		fmt.Sprintf("≤ %g ×", maxFirst), ratio(first, warm) <= maxFirst)
	first, warm = quartile(bare.first), quartile(bare.warm)
	b.info("  the bare function's, which connects then", fmt.Sprintf("%.2f × (%s, %s)", ratio(first, warm), ms(first), ms(warm)))
	return nil
}

type firstAndWarm struct{ first, warm []time.Duration }

// first starts a process, holds it once it polls, and takes the first validation and some later ones, each after a pause
// in which the process earns its share again. held says whether it was held; else the times are processor times.
func (s *subject) first(into *firstAndWarm, without bool) (held bool, err error) {
	limit, noQuota := (*quota)(nil), errors.New("not wanted")
	if !without {
		limit, noQuota = newQuota(share)
	}
	if noQuota == nil {
		defer limit.remove()
	}
	p, err := s.start()
	if err != nil {
		return false, err
	}
	defer p.Stop()
	if noQuota == nil {
		if err := limit.hold(p.PID); err != nil {
			noQuota = err
		}
	}
	const later, settled = 20, 8
	for i := range later {
		time.Sleep(2 * quotaPeriod)
		took, err := s.one(p, noQuota != nil)
		switch {
		case err != nil:
			return false, err
		case i == 0:
			into.first = append(into.first, took)
		case i >= settled:
			into.warm = append(into.warm, took)
		}
	}
	return noQuota == nil, nil
}

// one takes one validation, by the clock or by the processor time it cost until the process polls again.
func (s *subject) one(p *standin.Process, cpu bool) (time.Duration, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	a, err := p.Invoke(s.event())
	if err == nil {
		err = check(a)
	}
	if err != nil || !cpu {
		return a.Took, err
	}
	after, err := p.CPU()
	return after - before, err
}

// sizes: the program as deployed.
func (b *bench) sizes() error {
	arm, err := os.Stat(b.programs.arm64)
	if err != nil {
		return fmt.Errorf("reading a size: %w", err)
	}
	bare, err := os.Stat(b.programs.bare)
	if err != nil {
		return fmt.Errorf("reading a size: %w", err)
	}
	b.judge("function binary, arm64, stripped", fmt.Sprintf("%.2f MB", float64(arm.Size())/1e6), fmt.Sprintf("≤ %d MB", maxBinary/1_000_000), arm.Size() <= maxBinary)
	b.info("  the bare function's, "+runtime.GOARCH, fmt.Sprintf("%.2f MB", float64(bare.Size())/1e6))
	return nil
}

// core: one validation with the store in memory.
func (b *bench) core() error {
	validate, err := Core()
	if err != nil {
		return err
	}
	if err := validate(); err != nil {
		return fmt.Errorf("the core refuses: %w", err)
	}
	n := testing.AllocsPerRun(1000, func() { _ = validate() })
	b.judge("allocations per validation in the core", fmt.Sprintf("%.0f", n), fmt.Sprintf("< %d", maxAllocations), n < maxAllocations)
	return nil
}

// scale: tables and owners of very different sizes, by turns.
func (b *bench) scale() error {
	b.say("tables of 10 to 1,000,000 tokens")
	type size struct {
		name               string
		owners, tokensEach int
		world              *standin.World
		warm               []warmth
	}
	sizes := []*size{
		{name: "10 tokens of 10 owners", owners: 10, tokensEach: 1}, {name: "1,000,000 of 100,000", owners: 100_000, tokensEach: 10},
		{name: "1 of one owner", owners: 1, tokensEach: 1}, {name: "10,000 of one owner", owners: 1, tokensEach: 10_000},
	}
	var err error
	for _, s := range sizes {
		if s.world, err = standin.NewWorld(s.owners, s.tokensEach, nil); err != nil {
			return err
		}
	}
	for range b.Rounds {
		for _, s := range sizes {
			err := b.with(s.name, b.programs.authorizer, s.world, true, func(sub *subject) error {
				w, err := sub.warm(b.Invocations/5, b.Invocations/2)
				s.warm = append(s.warm, w)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	// The least of the rounds: a busy machine only ever adds.
	least := func(s *size) time.Duration {
		return slices.MinFunc(s.warm, func(a, b warmth) int { return cmp.Compare(a.cpu, b.cpu) }).cpu
	}
	same, most := true, 0.0
	for _, s := range sizes {
		same, most = same && medianOf(s.warm, func(w warmth) float64 { return w.dynamodb }) == 1, max(most, ratio(least(s), least(sizes[0])))
	}
	b.judge("the same for a larger table or owner: CPU, requests", fmt.Sprintf("%.2f × at most, 1 request", most),
		fmt.Sprintf("≤ %g ×, 1", maxGrowth), same && most <= maxGrowth)
	for _, s := range sizes {
		b.info("  "+s.name, us(least(s)))
	}
	return nil
}

// rules: what they add to a validation, of an API with thirty of which the caller may use all.
func (b *bench) rules() error {
	b.say("with rules of the API")
	ruled, err := standin.NewWorld(10, 1, nil)
	if err != nil {
		return err
	}
	rules, err := thirtyRules()
	if err != nil {
		return err
	}
	ruled.Rules.Store(rules)
	var with, without []time.Duration
	var requests float64
	for range b.Rounds {
		for world, into := range map[*standin.World]*[]time.Duration{b.small: &without, ruled: &with} {
			err := b.with("rules", b.programs.authorizer, world, true, func(s *subject) error {
				w, err := s.warm(b.Invocations/5, b.Invocations)
				*into, requests = append(*into, w.cpu), max(requests, w.dynamodb)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	b.judge("DynamoDB requests per validation, 30 rules", fmt.Sprintf("%g", requests), "1", requests == 1)
	most := ratio(slices.Min(with), slices.Min(without))
	b.judge("CPU per validation, 30 rules against none", fmt.Sprintf("%.2f × (%s, %s)", most, us(slices.Min(with)), us(slices.Min(without))),
		fmt.Sprintf("≤ %g ×", maxRuled), most <= maxRuled)
	var times firstAndWarm
	for range b.Rounds * 2 {
		err := b.with("rules", b.programs.authorizer, ruled, true, func(s *subject) error {
			_, err := s.first(&times, b.NoQuota)
			return err
		})
		if err != nil {
			return err
		}
	}
	first, warm := quartile(times.first), quartile(times.warm)
	b.info("  the first validation with 30 rules, which it compiles", fmt.Sprintf("%.2f × a warm one (%s, %s)", ratio(first, warm), ms(first), ms(warm)))
	return nil
}

// thirtyRules are rules of the API that Event calls.
func thirtyRules() (*route.Rules, error) {
	rules := &route.Rules{API: "a1b2c3d4e5", Default: route.Deny, AnswersFor: route.WholeAPI, Version: 1, UpdatedAt: token.Millis(time.Now())}
	add := func(method, path string, needs scope.Scope) error {
		template, err := route.ParseTemplate(path)
		rules.Rules = append(rules.Rules, route.Rule{Method: method, Path: template, Scopes: scope.NewSet(needs), Match: route.All})
		return err
	}
	err := errors.Join(add("GET", "/orders", "orders:read"), add("POST", "/orders", "orders:write"))
	for i := range 7 {
		collection := fmt.Sprintf("/v1/things%d", i)
		err = errors.Join(err, add("GET", collection, "orders:read"), add("POST", collection, "orders:write"),
			add("GET", collection+"/{id}", "orders:read"), add("DELETE", collection+"/{id}", "orders:write"))
	}
	return rules, err
}

// cached: what CACHE_SECONDS buys where a deployer chooses it.
func (b *bench) cached() error {
	b.say("with the process cache")
	var cpu []time.Duration
	var requests float64
	for range b.Rounds {
		err := b.with("cached", b.programs.authorizer, b.small, true, func(s *subject) error {
			w, err := s.warm(b.Invocations/5, b.Invocations)
			cpu, requests = append(cpu, w.cpu), w.dynamodb
			return err
		}, "CACHE_SECONDS=300")
		if err != nil {
			return err
		}
	}
	b.info("  with CACHE_SECONDS=300: CPU, DynamoDB requests", fmt.Sprintf("%s, %g", us(median(cpu)), requests))
	return nil
}
