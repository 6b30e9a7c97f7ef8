package iam

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// condition is one key under one operator, e.g. ForAllValues:StringLike on
// dynamodb:LeadingKeys. All conditions of a statement must hold.
type condition struct {
	quantifier string // "", "ForAllValues" or "ForAnyValue"
	ifExists   bool
	negated    bool
	null       bool
	match      func(pattern, value string) bool
	key        string
	values     []string
}

// operators are those the local stack evaluates. A negated operator holds when
// no listed value matches, and also when the key is absent.
var operators = map[string]condition{
	"StringEquals":              {match: equal},
	"StringNotEquals":           {match: equal, negated: true},
	"StringEqualsIgnoreCase":    {match: strings.EqualFold},
	"StringNotEqualsIgnoreCase": {match: strings.EqualFold, negated: true},
	"StringLike":                {match: MatchWildcard},
	"StringNotLike":             {match: MatchWildcard, negated: true},
	"ArnEquals":                 {match: MatchARN},
	"ArnLike":                   {match: MatchARN},
	"ArnNotEquals":              {match: MatchARN, negated: true},
	"ArnNotLike":                {match: MatchARN, negated: true},
	"Bool":                      {match: strings.EqualFold},
	"IpAddress":                 {match: inNetwork},
	"NotIpAddress":              {match: inNetwork, negated: true},
	"Null":                      {null: true},
}

// keys are the condition keys the stand-ins fill in; true marks those that
// carry a set of values and so need ForAllValues or ForAnyValue.
var keys = map[string]bool{
	"dynamodb:leadingkeys":            true,
	"dynamodb:attributes":             true,
	"dynamodb:select":                 false,
	"dynamodb:returnvalues":           false,
	"dynamodb:returnconsumedcapacity": false,
	"dynamodb:enclosingoperation":     false,
	"secretsmanager:secretid":         false,
	"secretsmanager:versionid":        false,
	"secretsmanager:versionstage":     false,
	"aws:sourceip":                    false,
}

func parseConditions(raw any) ([]condition, error) {
	block, ok := raw.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("Condition must be an object of operators")
	}
	var out []condition
	for _, operator := range slices.Sorted(maps.Keys(block)) {
		byKey, ok := block[operator].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("Condition %s must be an object of condition keys", operator)
		}
		for _, key := range slices.Sorted(maps.Keys(byKey)) {
			c, err := parseCondition(operator, key, byKey[key])
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func parseCondition(operator, key string, raw any) (condition, error) {
	quantifier, name, quantified := strings.Cut(operator, ":")
	if !quantified {
		quantifier, name = "", operator
	}
	base, ifExists := strings.CutSuffix(name, "IfExists")
	c, known := operators[base]
	if !known || (quantified && quantifier != "ForAllValues" && quantifier != "ForAnyValue") {
		return condition{}, fmt.Errorf("the condition operator %s cannot be enforced locally", operator)
	}
	set, known := keys[strings.ToLower(key)]
	if !known {
		return condition{}, fmt.Errorf("the condition key %s cannot be enforced locally", key)
	}
	if set && !quantified && !c.null {
		return condition{}, fmt.Errorf("%s holds several values: use ForAllValues:%s or ForAnyValue:%s", key, name, name)
	}
	values, err := texts("Condition "+operator+" "+key, raw)
	c.quantifier, c.ifExists, c.key, c.values = quantifier, ifExists, strings.ToLower(key), values
	return c, err
}

func (c condition) holds(r Request) bool {
	values := lookup(r, c.key)
	if c.null {
		return slices.Contains(c.values, "true") == (len(values) == 0)
	}
	switch {
	case c.quantifier == "ForAllValues":
		return !slices.ContainsFunc(values, func(v string) bool { return !c.fits(v) })
	case c.quantifier == "ForAnyValue":
		return slices.ContainsFunc(values, c.fits)
	case len(values) == 0:
		return c.ifExists || c.negated
	default:
		return c.fits(values[0])
	}
}

func (c condition) fits(value string) bool {
	listed := slices.ContainsFunc(c.values, func(p string) bool { return c.match(p, value) })
	return listed != c.negated
}

func lookup(r Request, key string) []string {
	for name, values := range r.Context {
		if strings.EqualFold(name, key) && has(r.Action, key) {
			return values
		}
	}
	return nil
}

func equal(pattern, value string) bool { return pattern == value }

func inNetwork(network, value string) bool {
	address, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if single, err := netip.ParseAddr(network); err == nil {
		return single == address
	}
	prefix, err := netip.ParsePrefix(network)
	return err == nil && prefix.Contains(address)
}
