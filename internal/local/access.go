package local

import (
	"fmt"
	"strings"
	"sync"

	"github.com/tokenwright/tokenwright/internal/local/dynamodb"
	"github.com/tokenwright/tokenwright/internal/local/iam"
	"github.com/tokenwright/tokenwright/internal/local/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/local/template"
)

// AdminAccessKeyID may do anything: the stack itself uses it to make tables,
// and tests to look into them.
const AdminAccessKeyID = "LOCALadministrator"

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
	log       *log

	mu    sync.Mutex
	calls map[string]int // of each function, by logical id
}

func newAccess(functions []template.Function, log *log) *access {
	a := &access{functions: map[string]template.Function{}, log: log, calls: map[string]int{}}
	for _, f := range functions {
		a.functions[accessKeyID(f)] = f
	}
	return a
}

func (a *access) dynamodb(c dynamodb.Call) error {
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
	return a.decide(c.AccessKeyID, iam.Request{Action: "dynamodb:" + c.Operation, Resource: resource, Context: context})
}

func (a *access) secrets(c secretsmanager.Call) error {
	return a.decide(c.AccessKeyID, iam.Request{Action: "secretsmanager:" + c.Operation, Resource: c.ARN, Context: c.Context})
}

// made returns how often a function has called a store.
func (a *access) made(logicalID string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls[logicalID]
}

// decide says no in AWS's words. The log gets the condition keys too: without
// them it is hard to see which condition of a statement did not hold.
func (a *access) decide(key string, r iam.Request) error {
	if key == AdminAccessKeyID {
		return nil
	}
	f, ok := a.functions[key]
	if !ok {
		return fmt.Errorf("the access key %q belongs to no function of the stack", key)
	}
	a.mu.Lock()
	a.calls[f.LogicalID]++
	a.mu.Unlock()
	var because string
	switch iam.Decide(f.Statements, r) {
	case iam.Allow:
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
