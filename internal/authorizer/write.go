package authorizer

import (
	"maps"
	"slices"
	"strconv"

	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// The answers are written by hand, byte for byte as encoding/json writes the types of aws-lambda-go (a test compares).

// appendPolicy writes the answer of REST, WebSocket and HTTP APIs: what is allowed and what is denied of a stage.
func appendPolicy(b []byte, principal, stage string, allow, deny []string, context map[string]string) []byte {
	b = jsonread.AppendString(append(b, `{"principalId":`...), principal)
	b = append(b, `,"policyDocument":{"Version":"2012-10-17","Statement":[`...)
	b = appendStatement(b, "Allow", stage, allow)
	if len(allow) > 0 && len(deny) > 0 {
		b = append(b, ',')
	}
	b = append(appendStatement(b, "Deny", stage, deny), `]}`...)
	if len(context) > 0 {
		b = appendTexts(append(b, `,"context":`...), context)
	}
	return append(b, '}')
}

// appendStatement writes nothing for no resources.
func appendStatement(b []byte, effect, stage string, resources []string) []byte {
	if len(resources) == 0 {
		return b
	}
	b = jsonread.AppendString(append(b, `{"Action":["execute-api:Invoke"],"Effect":`...), effect)
	b = append(b, `,"Resource":[`...)
	opened := jsonread.AppendString(make([]byte, 0, 128), stage)
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
	return append(b, `]}`...)
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
