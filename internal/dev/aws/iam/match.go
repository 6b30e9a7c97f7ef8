package iam

import "strings"

// MatchWildcard reports whether s fits pattern, in which * stands for any run
// of characters (also an empty one, also across slashes) and ? for exactly one.
// The scan backtracks to the last star only, so a long pattern cannot make it
// take exponential time.
func MatchWildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// arnParts is how many colon-separated parts an ARN has: arn, partition,
// service, region, account, resource. Colons after that belong to the resource.
const arnParts = 6

// MatchARN reports whether an ARN fits the resource pattern of a policy. A
// wildcard does not reach over the colon between two parts, except that the
// pattern * alone fits everything and a pattern with fewer than six parts is
// completed with wildcards, as IAM does.
func MatchARN(pattern, arn string) bool {
	if pattern == "*" {
		return true
	}
	patterns := strings.SplitN(pattern, ":", arnParts)
	parts := strings.SplitN(arn, ":", arnParts)
	if len(parts) != arnParts {
		return MatchWildcard(pattern, arn)
	}
	for i, part := range parts {
		if i < len(patterns) && !MatchWildcard(patterns[i], part) {
			return false
		}
	}
	return true
}

// matchAction compares without regard to case, as IAM does for actions.
func matchAction(pattern, action string) bool {
	return MatchWildcard(strings.ToLower(pattern), strings.ToLower(action))
}
