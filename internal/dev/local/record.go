package local

import (
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// role is what Record writes of a function: its policy as the template has it, and what this stack decided by it.
type role struct {
	Function string   `json:"function"`
	Policy   policy   `json:"policy"`
	Decided  []judged `json:"decided"`
}

type policy struct {
	Version   string
	Statement []any
}

type judged struct {
	What     string              `json:"what"`
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context"`
	Allowed  bool                `json:"allowed"`
}

// Record writes the functions' policies and one of each kind of calls that they have allowed so far, with neighbours of these
// calls that nobody made, for another judge of policies to decide on.
func (s *Stack) Record(w io.Writer) error {
	var roles []role
	for _, f := range s.main.template.Functions {
		if len(f.Statements) == 0 {
			continue
		}
		r := role{Function: f.LogicalID, Policy: policy{Version: "2012-10-17"}, Decided: []judged{}}
		for i := range f.Statements {
			r.Policy.Statement = append(r.Policy.Statement, f.Statements[i].Source)
			for _, made := range s.access.usage.Examples(&f.Statements[i]) {
				r.Decided = append(r.Decided, judge("made", f, made))
				for _, n := range neighbours {
					next := made
					next.Context = maps.Clone(made.Context)
					if n.change(&next); !same(made, next) {
						r.Decided = append(r.Decided, judge(n.what, f, next))
					}
				}
			}
		}
		roles = append(roles, r)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(roles)
}

func judge(what string, f template.Function, r iam.Request) judged {
	decision, _ := iam.Decide(f.Statements, r)
	return judged{What: what, Action: r.Action, Resource: r.Resource, Context: r.Context, Allowed: decision == iam.Allow}
}

func same(a, b iam.Request) bool {
	return a.Action == b.Action && a.Resource == b.Resource && maps.EqualFunc(a.Context, b.Context, slices.Equal)
}

// neighbours change one thing of a call. Most make it one that nobody may make; what this stack decides is written down either way.
var neighbours = []struct {
	what   string
	change func(*iam.Request)
}{
	{"in another partition", func(r *iam.Request) { replace(r, "dynamodb:LeadingKeys", "OTHER#x") }},
	{"in another partition as well", func(r *iam.Request) {
		replace(r, "dynamodb:LeadingKeys", append([]string{"OTHER#x"}, r.Context["dynamodb:LeadingKeys"]...)...)
	}},
	{"with another attribute", func(r *iam.Request) {
		replace(r, "dynamodb:Attributes", append([]string{"other"}, r.Context["dynamodb:Attributes"]...)...)
	}},
	{"outside of a transaction", func(r *iam.Request) { delete(r.Context, "dynamodb:EnclosingOperation") }},
	{"returning what was there", func(r *iam.Request) { replace(r, "dynamodb:ReturnValues", "ALL_OLD") }},
	{"of another table or secret", func(r *iam.Request) { r.Resource += "2" }},
	{"under another action", func(r *iam.Request) { r.Action = otherAction[r.Action] }},
}

func replace(r *iam.Request, key string, values ...string) {
	if len(r.Context[key]) > 0 {
		r.Context[key] = values
	}
}

var otherAction = map[string]string{
	"dynamodb:BatchGetItem": "dynamodb:BatchWriteItem", "dynamodb:BatchWriteItem": "dynamodb:BatchGetItem",
	"dynamodb:ConditionCheckItem": "dynamodb:DeleteItem", "dynamodb:DeleteItem": "dynamodb:PutItem", "dynamodb:GetItem": "dynamodb:Query",
	"dynamodb:PutItem": "dynamodb:UpdateItem", "dynamodb:Query": "dynamodb:Scan", "dynamodb:UpdateItem": "dynamodb:DeleteItem",
	"secretsmanager:GetSecretValue": "secretsmanager:PutSecretValue",
}
