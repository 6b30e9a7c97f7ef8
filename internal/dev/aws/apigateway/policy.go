package apigateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
)

// invoke is the action an authorizer's policy must allow.
const invoke = "execute-api:Invoke"

// verdict is an authorizer's answer, checked and ready to be applied to any
// route: this is what the cache keeps.
type verdict struct {
	principal  string
	statements []iam.Statement
	context    map[string]any
	simple     *bool // isAuthorized, of an HTTP API's simple response
}

// decide applies the verdict to one route.
func (v verdict) decide(arn, sourceIP string) iam.Decision {
	if v.simple != nil {
		if *v.simple {
			return iam.Allow
		}
		return iam.ImplicitDeny
	}
	decision, _ := iam.Decide(v.statements, iam.Request{
		Action: invoke, Resource: arn, Context: map[string][]string{"aws:SourceIp": {sourceIP}},
	})
	return decision
}

type rawVerdict struct {
	PrincipalID    string                     `json:"principalId"`
	PolicyDocument json.RawMessage            `json:"policyDocument"`
	Context        map[string]json.RawMessage `json:"context"`
}

// readPolicyVerdict reads an answer with an IAM policy. typed keeps context
// values as they are (HTTP APIs); otherwise they must be plain and become text.
func readPolicyVerdict(payload []byte, typed bool) (verdict, error) {
	var raw rawVerdict
	if len(payload) > maxAnswer {
		return verdict{}, fmt.Errorf("the answer has %d bytes, more than 8 KB", len(payload))
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return verdict{}, err
	}
	if raw.PrincipalID == "" {
		return verdict{}, errors.New("principalId is missing")
	}
	if len(raw.PolicyDocument) == 0 {
		return verdict{}, errors.New("policyDocument is missing")
	}
	if err := checkResources(raw.PolicyDocument); err != nil {
		return verdict{}, err
	}
	statements, err := iam.ParsePolicy(raw.PolicyDocument)
	if err != nil {
		return verdict{}, err
	}
	values, err := contextValues(raw.Context, typed)
	return verdict{principal: raw.PrincipalID, statements: statements, context: values}, err
}

func contextValues(raw map[string]json.RawMessage, typed bool) (map[string]any, error) {
	out := map[string]any{}
	for name, value := range raw {
		if !typed {
			text, err := plainText(value)
			if err != nil {
				return nil, fmt.Errorf("context.%s: %w", name, err)
			}
			out[name] = text
			continue
		}
		var decoded any
		if err := json.Unmarshal(value, &decoded); err != nil {
			return nil, fmt.Errorf("context.%s: %w", name, err)
		}
		out[name] = decoded
	}
	return out, nil
}

// plainText makes a string, number or boolean a text; anything else is refused,
// as a REST API does.
func plainText(raw json.RawMessage) (string, error) {
	trimmed := bytes.TrimSpace(raw)
	switch {
	case bytes.HasPrefix(trimmed, []byte("{")), bytes.HasPrefix(trimmed, []byte("[")), bytes.Equal(trimmed, []byte("null")):
		return "", errors.New("must be a string, a number or a boolean")
	case bytes.HasPrefix(trimmed, []byte(`"`)):
		var text string
		err := json.Unmarshal(trimmed, &text)
		return text, err
	default:
		return string(trimmed), nil
	}
}

// checkResources refuses what API Gateway does not accept of a policy.
func checkResources(document json.RawMessage) error {
	var policy struct {
		Statement json.RawMessage
	}
	if err := json.Unmarshal(document, &policy); err != nil {
		return fmt.Errorf("policyDocument: %w", err)
	}
	var texts []string
	collect(policy.Statement, &texts)
	for _, text := range texts {
		if strings.HasPrefix(text, "arn:") && len(text) > maxResource {
			return fmt.Errorf("a resource of the policy has %d characters, more than %d", len(text), maxResource)
		}
	}
	return nil
}

// collect gathers every text in a JSON value.
func collect(raw json.RawMessage, into *[]string) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			*into = append(*into, v)
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(value)
}
