package authorizer_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tokenwright/tokenwright/internal/authorizer"
)

// CloudWatch reads the line by its Embedded Metric Format: one line, _aws at the top, a dimension and a metric that stand
// beside it.
func TestACountIsOneLineOfEmbeddedMetricFormat(t *testing.T) {
	var out bytes.Buffer
	m := authorizer.Metrics{Writer: &out, Now: func() time.Time { return time.UnixMilli(1795348800123) }, Stack: "tokens-eu"}
	m.Validation(t.Context(), "unauthenticated", "wrong \"secret\"\n")
	if strings.Count(out.String(), "\n") != 1 || !strings.HasSuffix(out.String(), "\n") {
		t.Errorf("not one line: %q", out.String())
	}
	var got any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"_aws": map[string]any{
			"Timestamp": 1795348800123.0,
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": "Tokenwright", "Dimensions": []any{[]any{"Stack", "Outcome"}},
				"Metrics": []any{map[string]any{"Name": "Validations", "Unit": "Count"}},
			}},
		},
		"Stack": "tokens-eu", "Outcome": "unauthenticated", "Reason": "wrong \"secret\"\n", "Validations": 1.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- want, + got):\n%s", diff)
	}
	authorizer.Metrics{}.Validation(t.Context(), "allowed", "") // writes nowhere, and does not panic
}
