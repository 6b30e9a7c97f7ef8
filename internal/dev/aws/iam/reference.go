package iam

import "strings"

// actionKeys are the condition keys of each action of the stand-ins, as the Service Authorization Reference has them under
// "Actions, resources, and condition keys for Amazon DynamoDB" and "… for AWS Secrets Manager". What is not listed for an
// action is absent from its requests, whatever else is known of them.
var actionKeys = map[string][]string{
	"dynamodb:batchgetitem":       {"dynamodb:attributes", "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity", "dynamodb:select"},
	"dynamodb:batchwriteitem":     {"dynamodb:attributes", "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity"},
	"dynamodb:conditioncheckitem": {"dynamodb:attributes", "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity", "dynamodb:returnvalues"},
	"dynamodb:deleteitem":         writeKeys,
	"dynamodb:getitem":            {"dynamodb:attributes", enclosing, "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity", "dynamodb:select"},
	"dynamodb:putitem":            writeKeys,
	"dynamodb:query":              {"dynamodb:attributes", "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity", "dynamodb:returnvalues", "dynamodb:select"},
	"dynamodb:scan":               {"dynamodb:attributes", "dynamodb:returnconsumedcapacity", "dynamodb:returnvalues", "dynamodb:select"},
	"dynamodb:updateitem":         writeKeys,
	"secretsmanager:getsecretvalue": {
		"secretsmanager:secretid", "secretsmanager:versionid", "secretsmanager:versionstage",
	},
}

const enclosing = "dynamodb:enclosingoperation"

var writeKeys = []string{"dynamodb:attributes", enclosing, "dynamodb:leadingkeys", "dynamodb:returnconsumedcapacity", "dynamodb:returnvalues"}

// has reports whether requests for an action carry a condition key at all. Keys of aws: are every request's.
func has(action, key string) bool {
	key = strings.ToLower(key)
	if strings.HasPrefix(key, "aws:") {
		return true
	}
	for _, known := range actionKeys[strings.ToLower(action)] {
		if known == key {
			return true
		}
	}
	return false
}

// Missing lists the condition keys of a statement that one of its actions does not have, as "action: key". Under a plain
// operator such a statement never applies to the action; under ForAllValues it applies to every request.
func (s *Statement) Missing() (missing []string) {
	for _, action := range s.actions {
		for _, c := range s.conditions {
			if !has(action, c.key) {
				missing = append(missing, action+": "+c.key)
			}
		}
	}
	return missing
}
