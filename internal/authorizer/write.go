package authorizer

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// The answers are written by hand, byte for byte as encoding/json writes the types of aws-lambda-go (a test compares).

// appendPolicy writes the answer of REST, WebSocket and HTTP APIs: what is allowed and what is denied of a stage, and what
// is denied wherever it stands, which takes a third of the room.
func appendPolicy(b []byte, principal, stage string, allow, deny, anywhere []string, context map[string]string) []byte {
	b = jsonread.AppendString(append(b, `{"principalId":`...), principal)
	b = append(b, `,"policyDocument":{"Version":"2012-10-17","Statement":[`...)
	b = appendStatement(b, "Allow", stage, allow, nil)
	if len(allow) > 0 && len(deny) > 0 {
		b = append(b, ',')
	}
	b = append(appendStatement(b, "Deny", stage, deny, anywhere), `]}`...)
	if len(context) > 0 {
		b = appendTexts(append(b, `,"context":`...), context)
	}
	return append(b, '}')
}

// appendStatement writes nothing for no resources.
func appendStatement(b []byte, effect, stage string, resources, anywhere []string) []byte {
	if len(resources) == 0 {
		return b
	}
	b = jsonread.AppendString(append(b, `{"Action":["execute-api:Invoke"],"Effect":`...), effect)
	b = append(b, `,"Resource":[`...)
	b = appendResources(b, stage, resources)
	if len(anywhere) > 0 {
		b = appendResources(append(b, ','), everywhere(stage), anywhere)
	}
	return append(b, `]}`...)
}

func appendResources(b []byte, prefix string, resources []string) []byte {
	opened := jsonread.AppendString(make([]byte, 0, 128), prefix)
	opened = opened[:len(opened)-1]
	for i, rest := range resources {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, opened...)
		quote := len(b)
		b = jsonread.AppendString(b, rest)
		b = slices.Delete(b, quote, quote+1)
	}
	return b
}

// everywhere is the beginning of a resource of any region, account and API: arn:aws:execute-api:*:*:
func everywhere(stage string) string {
	parts := strings.SplitN(stage, ":", 4)
	return strings.Join(parts[:min(len(parts), 3)], ":") + ":*:*:"
}

// appendSimple writes an HTTP API's simple answer.
func appendSimple(b []byte, allowed bool, context map[string]string) []byte {
	b = strconv.AppendBool(append(b, `{"isAuthorized":`...), allowed)
	if len(context) > 0 {
		b = appendTexts(append(b, `,"context":`...), context)
	}
	return append(b, '}')
}

// appendAppSync writes AppSync's answer.
func appendAppSync(b []byte, allowed bool, context map[string]string, ttl int) []byte {
	b = strconv.AppendBool(append(b, `{"isAuthorized":`...), allowed)
	if len(context) > 0 {
		b = appendTexts(append(b, `,"resolverContext":`...), context)
	}
	b = strconv.AppendInt(append(b, `,"ttlOverride":`...), int64(ttl), 10)
	return append(b, '}')
}

// appendTexts writes an object of strings in the order of their names.
func appendTexts(b []byte, object map[string]string) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonread.AppendString(b, name), ':')
		b = jsonread.AppendString(b, object[name])
	}
	return append(b, '}')
}
