package acceptance_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// Where a page has a figure, and the line that makes it so. Whoever changes one meets the other here.
var figures = []struct{ page, says, source, because string }{
	{"README.md", "A token lives 90 days if you say nothing", "internal/settings/settings.go", `DefaultLifetime: period.MustParse("P90D")`},
	{"README.md", "`gracePeriod` (at most `P7D`)", "internal/lifecycle/end.go", `maxGrace = period.MustParse("P7D")`},
	{"README.md", "can still be read for 30 days", "internal/token/token.go", "const Retention = 30 * 24 * time.Hour"},
	{"README.md", "are noted at most once a minute", "internal/token/token.go", "const TouchInterval = time.Minute"},
	{"README.md", "`revoke-issued-before` for the whole account | 1 second more |", "internal/validate/policy.go", "const PolicyAge = time.Second"},
	{"README.md", "a change of an API's rules | 5 seconds more |", "internal/validate/rules.go", "const RulesAge = 5 * time.Second"},
	{"docs/attaching.md", "takes up a change within five seconds", "internal/validate/rules.go", "const RulesAge = 5 * time.Second"},
	{"docs/attaching.md", "the policy would be over API Gateway's 8 KB", "internal/authorizer/answer.go", "const maxAnswer = 8 << 10"},
	{"docs/api.md", "25 a page. `limit` may be up to 100", "internal/api/list.go", "defaultLimit = 25 maxLimit = 100"},
	{"docs/api.md", "One page looks at 1,000 items at most", "internal/lifecycle/read.go", "const maxExamined = 1000"},
	{"docs/api.md", "safe to repeat for 24 hours", "internal/lifecycle/replay.go", "const ReplayLife = 24 * time.Hour"},
	{"docs/security.md", "is kept for 24 hours, encrypted", "internal/lifecycle/replay.go", "const ReplayLife = 24 * time.Hour"},
	{"docs/api.md", "an ending tries for 7 seconds", "internal/retry/retry.go", "Ending = Patience{Total: 7 * time.Second,"},
	{"docs/api.md", "a change gives up after 6 tries", "internal/retry/retry.go", "Changing = Patience{Tries: 6,"},
	{"docs/api.md", "a body over 64 KiB; over 1 MiB for rules", "internal/api/request.go", "maxBody = 64 << 10 maxDocument = 1 << 20"},
	{"docs/people.md", "takes up to 1,000 `ids`", "internal/lifecycle/bulk.go", "const MaxBulk = 1000"},
	{"docs/people.md", "revokes in the background, 40 tokens a step", "internal/lifecycle/job.go", "const jobStep = 40"},
	{"docs/people.md", "the job says for 30 days", "internal/job/job.go", "const Retention = 30 * 24 * time.Hour"},
	{"docs/people.md", "at most 50 such events", "internal/audit/tally.go", "const MaxKinds = 50"},
	{"docs/people.md", "Your provider's clock may be up to 60 seconds ahead", "internal/user/user.go", "const IssuerAhead = time.Minute"},
	{"docs/people.md", "Of a person's role names 50 are kept", "internal/oidc/roles.go", "const maxRoles = 50"},
	{"docs/people.md", "A JWT may be up to 8 KB long", "internal/authorizer/credential.go", "const maxCredential = 8192"},
	{"docs/people.md", "keys are fetched again every 30 minutes", "internal/oidc/keys.go", "keysYouth = 30 * time.Minute"},
	{"docs/people.md", "the keys in hand count for an hour in all", "internal/oidc/keys.go", "keysLife = time.Hour"},
	{"docs/people.md", "after 1, 2, 4 seconds and so on, at most 30", "internal/oidc/keys.go", "retryPause = time.Second"},
	{"docs/operating.md", "notice within 15 minutes", "internal/keyring/keyring.go", "maxAge = 15 * time.Minute"},
	{"docs/costs.md", "every 15 minutes by those that issue tokens", "internal/keyring/keyring.go", "maxAge = 15 * time.Minute"},
	{"docs/operating.md", "is tried again 10 times, within 6 hours", "template.yaml", "MaximumRetryAttempts: 10 MaximumRecordAgeInSeconds: 21600"},
	{"docs/operating.md", "without reading it again, up to 300 |", "template.yaml", "CacheSeconds: Type: Number Default: 0 MinValue: 0 MaxValue: 300"},
	{"docs/operating.md", "how long AppSync reuses an answer, up to 3600 |", "template.yaml", "AppSyncCacheSeconds: Type: Number Default: 0 MinValue: 0 MaxValue: 3600"},
	{"docs/operating.md", "the slowest hundredth of validations takes over a second", "template.yaml", "ExtendedStatistic: p99 Threshold: 1000"},
	{"docs/operating.md", "the slowest hundredth of management requests takes over three seconds", "template.yaml", "ExtendedStatistic: p99 Threshold: 3000"},
	{"docs/operating.md", "over one in a hundred management requests ends in a 5xx", "template.yaml", "Threshold: 0.01"},
	{"docs/operating.md", "purges are more than an hour behind the stream", "template.yaml", "Threshold: 3600000"},
	{"docs/operating.md", "bulk revocations are more than ten minutes behind the stream", "template.yaml", "Threshold: 600000"},
	{"docs/costs.md", "against the bare function's | 0.54 and 0.53 times | 0.7 |", "internal/dev/bench/measures.go", "maxCPU = 0.7"},
	{"docs/costs.md", "| 0.91 and 0.94 times | 1.2 |", "internal/dev/bench/measures.go", "maxStart = 1.2"},
	{"docs/costs.md", "| 1.33 and 1.39 times | 1.5 |", "internal/dev/bench/measures.go", "maxFirst = 1.5"},
	{"docs/costs.md", "| 1.12 and 1.06 times | 1.2 |", "internal/dev/bench/measures.go", "maxRuled = 1.2"},
	{"docs/costs.md", "program for arm64 | 7.1 MB | 8 MB |", "internal/dev/bench/measures.go", "maxBinary = 8_000_000"},
	{"docs/costs.md", "without AWS and JSON | 14 | under 20 |", "internal/dev/bench/measures.go", "maxAllocations = 20"},
	{"docs/costs.md", "| 1.06 and 1.01 times at most | 1.25 |", "internal/dev/bench/measures.go", "maxGrowth = 1.25"},
}

func TestTheFiguresOfThePagesAreThoseOfTheSources(t *testing.T) {
	flat := func(name string) string {
		withoutComments := regexp.MustCompile(`(?m)[ \t]+//.*$`).ReplaceAllString(readFile(t, name), "")
		return strings.Join(strings.Fields(withoutComments), " ")
	}
	for _, f := range figures {
		if !strings.Contains(flat(f.page), f.says) {
			t.Errorf("%s does not say %q, as %s has it: %s", f.page, f.says, f.source, f.because)
		}
		if !strings.Contains(flat(f.source), f.because) {
			t.Errorf("%s does not have %q any more, by which %s says: %s", f.source, f.because, f.page, f.says)
		}
	}
}

// What a month costs is worked out here of the prices and counts that stand beside it.
func TestMoneyIsReckonedOfWhatIsCounted(t *testing.T) {
	money := section(t, readFile(t, "docs/operating.md"), "## What it costs in money")
	number := func(pattern string) float64 {
		t.Helper()
		found := regexp.MustCompile(pattern).FindStringSubmatch(money)
		if found == nil {
			t.Fatalf("no %s", pattern)
		}
		n, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	deployed, err := template.Load(root+"/template.yaml", template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	alarms := 0
	for _, alarm := range resources(t, readFile(t, "template.yaml"), "AWS::CloudWatch::Alarm") {
		alarms += strings.Count(alarm, "MetricName:")
	}
	perMillion := number(`a call \| ([\d.]+) a million`) +
		number(`([\d.]+) a GB-second`)*1e6*number(`(\d+) MB for`)/1024*number(`for (\d+) ms`)/1000 +
		number(`a read unit \| ([\d.]+) a million`)*number(`(\d+) a validation \|\n\| DynamoDB, a write`) +
		number(`a write unit \| ([\d.]+) a million`)/number(`one in (\d+) validations`) +
		number(`([\d.]+) a GB \|`)*number(`([\d.]+) KB a validation`)
	outcomes := number(`a metric \| [\d.]+ a month \| (\d+),`)
	for _, says := range []string{
		fmt.Sprintf("| nobody calls | %.2f |", number(`an alarm \| ([\d.]+) a`)*float64(alarms)+number(`a secret \| ([\d.]+) a`)),
		fmt.Sprintf("| the metric of outcomes, when all of them occur | %.2f more |", number(`a metric \| ([\d.]+) a month`)*outcomes),
		fmt.Sprintf("| 1 million validations | %.2f more |", perMillion),
		fmt.Sprintf("| 100 million validations | %.0f more |", perMillion*100),
		fmt.Sprintf("a metric and month | %d metrics |", alarms),
		fmt.Sprintf("a month | %d |\n", len(deployed.Secrets)),
	} {
		if !strings.Contains(money, says) {
			t.Errorf("the page lacks %q", says)
		}
	}
	if row := "| validate a token | BatchGetItem (2) |"; !strings.Contains(readFile(t, "docs/costs.md"), row) {
		t.Errorf("a validation is not %s: another number of read units is to be reckoned with", row)
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`a\.note\(ctx, r, start, p, "(\w+)"`).FindAllStringSubmatch(readFile(t, "internal/authorizer/authorizer.go"), -1) {
		said[m[1]] = true
	}
	if float64(len(said)) != outcomes {
		t.Errorf("there are the outcomes %v, not %g", said, outcomes)
	}
}
