package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aws_dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

// URL is where the API answers, without a slash at the end.
func (s *Stack) URL() string { return s.main.url }

// Issuer is the identity provider; its tokens are what sign-in gives.
func (s *Stack) Issuer() *oidc.Issuer { return s.issuer }

// Secrets is the Secrets Manager, to rotate the keyring with Put.
func (s *Stack) Secrets() *secretsmanager.Server { return s.secrets }

// Template is the template that is served on Port, resolved.
func (s *Stack) Template() *template.Template { return s.main.template }

// Logged returns the latest of what was logged, at least the last 4 MB.
func (s *Stack) Logged() string { return s.log.String() }

// Invoke runs a function of any template by its logical id, with an event
// as API Gateway would hand it over.
func (s *Stack) Invoke(ctx context.Context, logicalID string, event []byte) (lambda.Result, error) {
	for _, f := range s.allFunctions() {
		if f.LogicalID == logicalID {
			return s.functions.Invoke(ctx, f.ARN, event)
		}
	}
	return lambda.Result{}, fmt.Errorf("%w: %s", lambda.ErrNotFound, logicalID)
}

// Calls returns how often a function of either template has called DynamoDB and Secrets Manager; the members of a
// transaction count one by one.
func (s *Stack) Calls(logicalID string) int { return s.access.made(logicalID) }

// Asking returns credentials for asking the stand-ins what a function of the template on Port may do: they are judged as the
// function's own and do not count as its calls. It is nil for what is no function.
func (s *Stack) Asking(logicalID string) aws.CredentialsProvider {
	for _, f := range s.main.template.Functions {
		if f.LogicalID == logicalID {
			return credentials(accessKeyID(f) + asked)
		}
	}
	return nil
}

// Unneeded lists what the template allows its functions and no call of theirs has needed so far: "function: statement: part".
func (s *Stack) Unneeded() (parts []string) {
	for _, f := range s.main.template.Functions {
		for i := range f.Statements {
			statement := &f.Statements[i]
			if statement.Deny {
				continue
			}
			for _, part := range s.access.usage.Unneeded(statement) {
				parts = append(parts, f.LogicalID+": "+strings.Join(statement.Actions(), " ")+": "+part)
			}
		}
	}
	return parts
}

// Dump returns every item of every table.
func (s *Stack) Dump(ctx context.Context) ([]map[string]types.AttributeValue, error) {
	var items []map[string]types.AttributeValue
	client := s.DynamoDB()
	for _, t := range s.templates() {
		for _, table := range t.Tables {
			pages := aws_dynamodb.NewScanPaginator(client, &aws_dynamodb.ScanInput{TableName: &table.Name})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, fmt.Errorf("reading %s: %w", table.LogicalID, err)
				}
				items = append(items, page.Items...)
			}
		}
	}
	return items, nil
}

// Ready says what runs where, and what to type next.
func (s *Stack) Ready() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nTokenwright is ready (%.1f s).\n\n  API             %s\n", s.started.Seconds(), s.URL())
	for _, d := range s.downstreams {
		fmt.Fprintf(&b, "  %-15s %s  (API id %s)\n", d.label, d.url, d.apiID())
	}
	fmt.Fprintf(&b, "  data            %s\n\nType in another terminal:\n\n", s.options.DataDir)
	fmt.Fprintf(&b, `  # sign in as somebody
  JWT=$(curl -s %s%s -d account=acc_demo -d subject=ada -d roles=admin | %s)

  # create a token; its secret is in this one answer
  TOKEN=$(curl -s %s/v1/tokens -H "Authorization: Bearer $JWT" -H 'Content-Type: application/json' \
    -d '{"name":"my first token","scopes":["orders:read"],"expiresIn":"P30D"}' | %s)

`, s.URL(), signInPath, pick("access_token"), s.URL(), pick("token"))
	for _, d := range s.downstreams {
		fmt.Fprintf(&b, "  # call the %s with it\n  curl -s %s%s -H \"Authorization: Bearer $TOKEN\"\n\n", d.label, d.url, d.path)
	}
	b.WriteString("Ctrl-C stops everything.\n")
	return b.String()
}

// apiID is the id of the one API that the template has; serve has seen to that.
func (d *downstream) apiID() string {
	if apis := d.template.HTTPAPIs; len(apis) > 0 {
		return apis[0].ID
	}
	return d.template.RestAPIs[0].ID
}

// pick is a command that takes one text out of a JSON answer; sed, because
// every machine has it.
func pick(member string) string {
	return `sed 's/.*"` + member + `":"\([^"]*\)".*/\1/'`
}
