package acceptance_test

import (
	"regexp"
	"strings"
	"testing"
)

// An AWS account may hold several stacks of this template, and second authorizers beside them.
func TestAnAlarmLooksAtItsOwnStackAlone(t *testing.T) {
	dimensions := regexp.MustCompile(`Dimensions:(?: \[.*\]|(?:\n +- \{.*\})+)`)
	for _, file := range []string{"template.yaml", "examples/second-authorizer/template.yaml"} {
		for name, alarm := range resources(t, readFile(t, file), "AWS::CloudWatch::Alarm") {
			metrics := strings.Count(alarm, "MetricName:")
			found := dimensions.FindAllString(alarm, -1)
			if len(found) != metrics {
				t.Errorf("%s: %s has %d metrics, and dimensions of %d", file, name, metrics, len(found))
			}
			for _, d := range found {
				if !strings.Contains(d, "!Ref AWS::StackName") && !regexp.MustCompile(`!(Ref|GetAtt) [A-Z]\w+(Function|Table|Failures)\b`).MatchString(d) {
					t.Errorf("%s: %s counts for other stacks as well: %s", file, name, d)
				}
			}
		}
	}
}
