package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Pattern is an event pattern as FilterCriteria have it: objects lead to lists of the values that pass.
//
//	{"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"purge": {"S": ["pending"]}}}}
//
// Exact values are understood, and {"exists": true}, which any value passes and, as on AWS, no object does. What else AWS
// matches with ("prefix", "anything-but", …) is refused, so that nothing passes here that would not pass there.
type Pattern struct{ fields map[string]any }

// ParsePattern reads a pattern.
func ParsePattern(text string) (Pattern, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var p Pattern
	if err := decoder.Decode(&p.fields); err != nil || len(p.fields) == 0 {
		return Pattern{}, fmt.Errorf("want a JSON object with at least one member")
	}
	return p, checkPattern(p.fields, "")
}

func checkPattern(fields map[string]any, path string) error {
	for name, value := range fields {
		at := path + name
		switch value := value.(type) {
		case map[string]any:
			if err := checkPattern(value, at+"."); err != nil {
				return err
			}
		case []any:
			if err := checkValues(value, at); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s: want an object, or a list of values", at)
		}
	}
	return nil
}

// anyValue stands for every value.
var anyValue any = map[string]any{"exists": true}

func checkValues(values []any, at string) error {
	if len(values) == 0 {
		return fmt.Errorf("%s: an empty list lets nothing pass", at)
	}
	for _, v := range values {
		switch v.(type) {
		case map[string]any, []any:
			if !reflect.DeepEqual(v, anyValue) {
				return fmt.Errorf("%s: the local stack compares with exact values alone, and knows exists", at)
			}
		}
	}
	return nil
}

// matches says whether a decoded event passes.
func (p Pattern) matches(event map[string]any) bool { return matches(p.fields, event) }

func matches(pattern, event map[string]any) bool {
	for name, want := range pattern {
		have, ok := event[name]
		if !ok {
			return false
		}
		switch want := want.(type) {
		case map[string]any:
			inner, ok := have.(map[string]any)
			if !ok || !matches(want, inner) {
				return false
			}
		case []any:
			if !contains(want, have) {
				return false
			}
		}
	}
	return true
}

func contains(values []any, have any) bool {
	_, inner := have.(map[string]any)
	for _, v := range values {
		if reflect.DeepEqual(v, have) || !inner && reflect.DeepEqual(v, anyValue) {
			return true
		}
	}
	return false
}
