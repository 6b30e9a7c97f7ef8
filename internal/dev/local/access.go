package local

import (
	"fmt"
	"strings"
	"sync"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// adminAccessKeyID may do anything: the stack itself uses it to make tables,
// and tests to look into them.
const adminAccessKeyID = "LOCALadministrator"

// asked ends the access key of a test that asks what a function may do (see
// Stack.Asking).
const asked = "Asked"

// accessKeyID tells functions apart at the stand-ins; letters and digits only,
// as DynamoDB Local wants it too. The stack's name is in it because two stacks
// may have functions of one logical id.
func accessKeyID(f template.Function) string {
	return "LOCAL" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, f.Name)
}

// access decides on the calls of functions by the statements of the template.
type access struct {
	functions map[string]template.Function // by access key id
	reading   iam.Reading
	log       *log
	usage     iam.Usage

	mu    sync.Mutex
	calls map[string]int // of each function, by logical id
}

func newAccess(functions []template.Function, reading iam.Reading, log *log) *access {
	a := &access{functions: map[string]template.Function{}, reading: reading, log: log, calls: map[string]int{}}
	for _, f := range functions {
		a.functions[accessKeyID(f)] = f
	}
	return a
}

func (a *access) dynamodb(calls []dynamodb.Call) error {
	requests := make([]iam.Request, len(calls))
	for i, c := range calls {
		requests[i] = requestOf(c)
	}
	return a.allow(calls[0].AccessKeyID, requests)
}

func requestOf(c dynamodb.Call) iam.Request {
	resource := "arn:" + template.Partition + ":dynamodb:" + template.Region + ":" + template.AccountID + ":table/" + c.Table
	if c.Index != "" {
		resource += "/index/" + c.Index
	}
	context := map[string][]string{"dynamodb:LeadingKeys": c.LeadingKeys, "dynamodb:Attributes": c.Attributes}
	for key, value := range map[string]string{
		"dynamodb:Select": c.Select, "dynamodb:ReturnValues": c.ReturnValues, "dynamodb:EnclosingOperation": c.Enclosing,
	} {
		if value != "" {
			context[key] = []string{value}
		}
	}
	return iam.Request{Action: "dynamodb:" + c.Operation, Resource: resource, Context: context}
}

func (a *access) secrets(c secretsmanager.Call) error {
	return a.allow(c.AccessKeyID, []iam.Request{{Action: "secretsmanager:" + c.Operation, Resource: c.ARN, Context: c.Context}})
}

// made returns how often a function has called a store.
func (a *access) made(logicalID string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[logicalID]
}

// allow decides on one request, or on those of a transaction.
func (a *access) allow(key string, requests []iam.Request) error {
	if key == adminAccessKeyID {
		return nil
	}
	name, test := strings.CutSuffix(key, asked)
	f, ok := a.functions[name]
	if !ok {
		return fmt.Errorf("the access key %q belongs to no function of the stack", key)
	}
	if !test {
		a.mu.Lock()
		a.calls[f.LogicalID] += len(requests)
		a.mu.Unlock()
	}
	if len(requests) > 1 {
		requests = a.reading.Requests(requests)
	}
	for _, r := range requests {
		if err := a.decide(f, r, test); err != nil {
			return err
		}
	}
	return nil
}

// decide says no in AWS's words. The log gets the condition keys too: without
// them it is hard to see which condition of a statement did not hold.
func (a *access) decide(f template.Function, r iam.Request, test bool) error {
	decision, by := iam.Decide(f.Statements, r)
	var because string
	switch decision {
	case iam.Allow:
		if !test {
			a.usage.Note(by, r)
		}
		return nil
	case iam.ExplicitDeny:
		because = "with an explicit deny in an identity-based policy"
	default:
		because = fmt.Sprintf("because no identity-based policy allows the %s action", r.Action)
	}
	err := fmt.Errorf("User: arn:%s:sts::%s:assumed-role/%sRole/%s is not authorized to perform: %s on resource: %s %s",
		template.Partition, template.AccountID, f.Name, f.Name, r.Action, r.Resource, because)
	a.log.printf("%s was denied: %v (request: %v)", f.LogicalID, err, r.Context)
	return err
}
