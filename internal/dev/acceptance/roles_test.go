package acceptance

import (
	"slices"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
)

// TestARoleSaysAllOfAnActionInOneStatement: judged together, the items of a transaction have to fit one statement. What is
// written outside of transactions alone is never among them, and has another.
func TestARoleSaysAllOfAnActionInOneStatement(t *testing.T) {
	for _, f := range stack.Template().Functions {
		seen := map[string]bool{}
		for _, s := range f.Statements {
			for _, action := range s.Actions() {
				for _, resource := range s.Resources() {
					if on := action + " on " + resource + within(s); seen[on] {
						t.Errorf("%s has two statements of %s", f.LogicalID, on)
					} else {
						seen[on] = true
					}
				}
			}
		}
	}
}

func within(s iam.Statement) string {
	if slices.Contains(s.Values("dynamodb:EnclosingOperation"), "TransactWriteItems") {
		return " within a transaction"
	}
	return ""
}

func TestConditionsAskForKeysThatTheActionHas(t *testing.T) {
	for _, f := range stack.Template().Functions {
		for _, s := range f.Statements {
			for _, missing := range s.Missing() {
				t.Errorf("%s has a condition on a key that AWS does not know for the action: %s", f.LogicalID, missing)
			}
		}
	}
}

// TestListsOfAttributesNameTheKeys of the table, and of the index where a role reaches it: AWS says one must.
func TestListsOfAttributesNameTheKeys(t *testing.T) {
	for _, f := range stack.Template().Functions {
		keys := []string{"pk", "sk"}
		for _, s := range f.Statements {
			if slices.ContainsFunc(s.Resources(), func(r string) bool { return strings.HasSuffix(r, "/index/by-account") }) {
				keys = []string{"pk", "sk", "accountPk", "accountSk"}
			}
		}
		for _, s := range f.Statements {
			listed := s.Values("dynamodb:Attributes")
			for _, key := range keys {
				if len(listed) > 0 && !slices.Contains(listed, key) {
					t.Errorf("%s: the attributes of %v lack %s", f.LogicalID, s.Actions(), key)
				}
			}
		}
	}
}
