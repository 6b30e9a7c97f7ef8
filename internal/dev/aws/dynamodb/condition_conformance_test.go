package dynamodb_test

import (
	"strings"
	"testing"
)

const (
	holds = "holds"
	fails = "fails"
)

// conditionCases: an expression, its names and values, the attributes of the
// item besides its key, and whether the condition holds or what is wrong.
var conditionCases = []struct{ expression, names, values, item, want string }{
	{`a <> b`, "", "", "", holds},
	{`a = b`, "", "", "", fails},
	{`a < b`, "", "", "", fails},
	{`NOT a = b`, "", "", "", holds},
	{`a <> :v`, "", `{":v":{"N":"1"}}`, "", holds},
	{`a <> b`, "", "", `{"a":{"N":"1"}}`, holds},
	{`size(a) <> :v`, "", `{":v":{"N":"1"}}`, "", holds},
	{`size(a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"5"}}`, fails},
	{`size(a) <> :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"5"}}`, holds},
	{`size(a) = :v`, "", `{":v":{"N":"2"}}`, `{"a":{"S":"éé"}}`, holds},
	{`size(a) = :v`, "", `{":v":{"N":"4"}}`, `{"a":{"S":"éé"}}`, fails},
	{`size(a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"S":"😀"}}`, fails},
	{`size(a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"BOOL":true}}`, fails},
	{`size(a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"S":"x"}]}}`, holds},
	{`size(a) = :v`, "", `{":v":{"S":"1"}}`, `{"a":{"L":[{"S":"x"}]}}`, fails},
	{`a = :v`, "", `{":v":{"SS":["a","b"]}}`, `{"a":{"SS":["b","a"]}}`, holds},
	{`a = :v`, "", `{":v":{"L":[{"N":"1"}]}}`, `{"a":{"L":[{"N":"1.0"}]}}`, holds},
	{`a = :v`, "", `{":v":{"N":"1.0"}}`, `{"a":{"N":"1"}}`, holds},
	{`a < :v`, "", `{":v":{"S":"x"}}`, `{"a":{"N":"1"}}`, fails},
	{`a < :v`, "", `{":v":{"N":"10"}}`, `{"a":{"N":"9"}}`, holds},
	{`a > :v`, "", `{":v":{"N":"-10"}}`, `{"a":{"N":"-9"}}`, holds},
	{`a = :v`, "", `{":v":{"M":{"x":{"N":"1"}}}}`, `{"a":{"M":{"x":{"N":"1"}}}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"S":"b"}}`, `{"a":{"S":"abc"}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"S":"b"}}`, `{"a":{"SS":["b","c"]}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"N":"1.0"}}`, `{"a":{"L":[{"N":"1"}]}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"N":"1.0"}}`, `{"a":{"NS":["1"]}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"SS":["a"]}}`, `{"a":{"L":[{"SS":["a"]}]}}`, holds},
	{`contains(a,:v)`, "", `{":v":{"SS":["a"]}}`, `{"a":{"SS":["a"]}}`, fails},
	{`contains(:v,a)`, "", `{":v":{"S":"abc"}}`, `{"a":{"S":"b"}}`, holds},
	{`contains(:v,a)`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, fails},
	{`contains(a,:v)`, "", `{":v":{"S":""}}`, `{"a":{"S":"b"}}`, holds},
	{`contains(:v,:v)`, "", `{":v":{"S":"a"}}`, "", holds},
	{`contains(a,:v)`, "", `{":v":{"NULL":true}}`, `{"a":{"S":"b"}}`, fails},
	{`begins_with(a,:v)`, "", `{":v":{"S":""}}`, `{"a":{"S":"b"}}`, holds},
	{`begins_with(:v,a)`, "", `{":v":{"S":"bcd"}}`, `{"a":{"S":"b"}}`, holds},
	{`begins_with(a,:v)`, "", `{":v":{"S":"b"}}`, `{"a":{"N":"1"}}`, fails},
	{`begins_with(a,a)`, "", "", `{"a":{"S":"b"}}`, `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: begins_with, first operand: [a]`},
	{`begins_with(a,b)`, "", "", `{"a":{"S":"bc"},"b":{"S":"b"}}`, holds},
	{`begins_with(:v,:v)`, "", `{":v":{"S":"b"}}`, "", holds},
	{`begins_with(size(a),:v)`, "", `{":v":{"S":"b"}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`},
	{`attribute_type(a,:v)`, "", `{":v":{"S":"N"}}`, `{"a":{"N":"1"}}`, holds},
	{`attribute_type(:v,:v)`, "", `{":v":{"S":"S"}}`, "", holds},
	{`attribute_type(a,:v)`, "", `{":v":{"S":"NULL"}}`, `{"a":{"NULL":true}}`, holds},
	{`a IN (:v,:w)`, "", `{":v":{"N":"1"},":w":{"S":"x"}}`, `{"a":{"N":"1"}}`, holds},
	{`a IN (b)`, "", "", `{"a":{"N":"1"},"b":{"N":"1"}}`, holds},
	{`:v IN (a,b)`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"2"},"b":{"N":"1"}}`, holds},
	{`a IN (a)`, "", "", `{"a":{"N":"1"}}`, `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: IN, first operand: [a]`},
	{`a IN (b,a)`, "", "", `{"a":{"N":"1"}}`, `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: IN, first operand: [a]`},
	{`a BETWEEN a AND b`, "", "", `{"a":{"N":"1"}}`, `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: BETWEEN, first operand: [a]`},
	{`a BETWEEN b AND :v`, "", `{":v":{"N":"5"}}`, `{"a":{"N":"2"},"b":{"N":"1"}}`, holds},
	{`a BETWEEN b AND b`, "", "", `{"a":{"N":"2"},"b":{"N":"1"}}`, fails},
	{`a BETWEEN :v AND :w`, "", `{":v":{"SS":["a"]},":w":{"SS":["b"]}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: SS`},
	{`a BETWEEN :v AND :w`, "", `{":v":{"BOOL":true},":w":{"BOOL":false}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: BOOL`},
	{`(a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{`((a)) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, `ValidationException: Invalid ConditionExpression: The expression has redundant parentheses;`},
	{`(a = :v) AND ((b = :v) OR (a = :v))`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{`NOT (NOT (a = :v))`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{`NOT NOT a = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{`(a)`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: ")"`},
	{`(:v)`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: ")"`},
	{`a = :v AND b`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "b"`},
	{`a = b = c`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "=", near: "b = c"`},
	{`a AND b`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "AND", near: "a AND b"`},
	{`attribute_exists(a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a)`, "", "", "", `ValidationException: Invalid ConditionExpression: The document path has too many nesting levels; nesting levels: 33`},
	{`attribute_exists(a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a)`, "", "", "", fails},
	{`attribute_exists(a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0])`, "", "", "", `ValidationException: Invalid ConditionExpression: The document path has too many nesting levels; nesting levels: 33`},
	{`attribute_exists(a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0])`, "", "", "", fails},
	{`attribute_exists(a.b[0].c)`, "", "", `{"a":{"M":{"b":{"L":[{"M":{"c":{"N":"1"}}}]}}}}`, holds},
	{`a.b[0].c = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"M":{"b":{"L":[{"M":{"c":{"N":"1"}}}]}}}}`, holds},
	{`attribute_not_exists(a[1])`, "", "", `{"a":{"L":[{"N":"1"}]}}`, holds},
	{`attribute_exists(a[0])`, "", "", `{"a":{"M":{"x":{"N":"1"}}}}`, fails},
	{`attribute_exists(a[0][0])`, "", "", `{"a":{"L":[{"L":[{"N":"1"}]}]}}`, holds},
	{`a[01] = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"N":"5"},{"N":"1"}]}}`, `ValidationException: Invalid ConditionExpression: Syntax error; token: "1", near: "01]"`},
	{`a [0] = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"N":"1"}]}}`, holds},
	{`a[ 0 ] = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"N":"1"}]}}`, holds},
	{`Attribute_exists(a)`, "", "", "", `ValidationException: Invalid ConditionExpression: Invalid function name; function: Attribute_exists`},
	{`a=:v and b=:v or a=:v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{`size (a) = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"S":"x"}}`, holds},
	{`contains = :v`, "", `{":v":{"N":"1"}}`, `{"contains":{"N":"1"}}`, holds},
	{`contains(contains, :v)`, "", `{":v":{"S":"a"}}`, `{"contains":{"S":"a"}}`, holds},
	{`#a`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "#a"`},
	{`size(a) = :v`, "", `{":v":{"N":"2"}}`, `{"a":{"S":"😀"}}`, holds},
	{`foo(a) AND name = :v`, "", `{":v":{"N":"2"}}`, "", `ValidationException: Invalid ConditionExpression: Invalid function name; function: foo`},
	{`name = :v AND foo(a)`, "", `{":v":{"N":"2"}}`, "", `ValidationException: Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name`},
	{`name = :v AND #x = :z`, "", `{":v":{"N":"2"}}`, "", `ValidationException: Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name`},
	{`#x = :z`, "", `{":v":{"N":"2"}}`, "", `ValidationException: Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #x`},
	{`((a = :z)) AND name = :v`, "", `{":v":{"N":"2"}}`, "", `ValidationException: Invalid ConditionExpression: The expression has redundant parentheses;`},
	{`a = :v`, "", `{":v":{"N":"1"}}`, "", fails},
	{`a = a`, "", "", "", `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]`},
	{`:v = :v`, "", `{":v":{"N":"1"}}`, "", holds},
	{`a < b AND`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "AND"`},
	{`a = :v OR NOT`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "NOT"`},
	{`((a = :v))`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The expression has redundant parentheses;`},
	{`(a = :v) AND (b = :v)`, "", `{":v":{"N":"1"}}`, "", fails},
	{`a`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "a"`},
	{`attribute_exists(:v)`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists`},
	{`attribute_exists(a,b)`, "", "", "", `ValidationException: Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2`},
	{`attribute_exists()`, "", "", "", `ValidationException: Invalid ConditionExpression: Syntax error; token: ")", near: "()"`},
	{`ATTRIBUTE_EXISTS(a)`, "", "", "", `ValidationException: Invalid ConditionExpression: Invalid function name; function: ATTRIBUTE_EXISTS`},
	{`attribute_type(a, :v)`, "", `{":v":{"S":"x"}}`, "", `ValidationException`},
	{`attribute_type(a, :v)`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N`},
	{`begins_with(a, :v)`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`},
	{`contains(a, :v)`, "", `{":v":{"N":"1"}}`, "", fails},
	{`contains(a, a)`, "", "", "", `ValidationException: Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a]`},
	{`size(a) > :v`, "", `{":v":{"N":"1"}}`, "", fails},
	{`size(:v) > :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: size, operand type: N`},
	{`size(a)`, "", "", "", `ValidationException: Invalid ConditionExpression: The function is not allowed to be used this way in an expression; function: size`},
	{`a between :v and :v`, "", `{":v":{"N":"1"}}`, "", fails},
	{`a BETWEEN :v AND :w`, "", `{":v":{"N":"2"},":w":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}`},
	{`a BETWEEN :v AND :w`, "", `{":v":{"N":"2"},":w":{"S":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {S:1}`},
	{`a IN (:v, :v)`, "", `{":v":{"N":"1"}}`, "", fails},
	{`a IN ()`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: ")", near: "()"`},
	{`a < :v`, "", `{":v":{"BOOL":true}}`, "", `ValidationException: Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL`},
	{`a <> :v`, "", `{":v":{"BOOL":true}}`, "", holds},
	{`a != :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "!", near: "a !="`},
	{`a = 5`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "5", near: "= 5"`},
	{`a[x] = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "x", near: "[x]"`},
	{`a[-1] = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "-", near: "[-1"`},
	{`a..b = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: ".", near: "..b"`},
	{`a. b = :v`, "", `{":v":{"N":"1"}}`, "", fails},
	{`#a.#b = :v`, `{"#a":"x","#b":"y"}`, `{":v":{"N":"1"}}`, "", fails},
	{`#a-b = :v`, `{"#a":"x"}`, `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "-", near: "#a-b"`},
	{`not a = :v`, "", `{":v":{"N":"1"}}`, "", holds},
	{`and = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "and", near: "and ="`},
	{`status = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status`},
	{`a.status = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status`},
	{`_a = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: Syntax error; token: "_", near: "_a"`},
	{`if_not_exists(a,:v) = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The function is not allowed in a condition expression; function: if_not_exists`},
	{`attribute_exists(size(a))`, "", "", "", `ValidationException: Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists`},
	{`attribute_exists(a) = :v`, "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The function is not allowed to be used this way in an expression; function: attribute_exists`},
	{`size(a) = size(b)`, "", "", "", fails},
	{`contains(size(a), :v)`, "", `{":v":{"N":"1"}}`, "", fails},
	{"a IN (" + strings.Repeat(":v, ", 100) + ":v)", "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101`},
	{"a IN (" + strings.Repeat(":v, ", 99) + ":v)", "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{strings.Repeat("a = :v AND ", 150) + "a = :v", "", `{":v":{"N":"1"}}`, "", `ValidationException: Invalid ConditionExpression: The expression contains too many operators; operator count: 301`},
	{strings.Repeat("a = :v AND ", 149) + "a = :v", "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, holds},
	{"attribute_exists(a" + strings.Repeat(".a", 32) + ")", "", "", "", `ValidationException: Invalid ConditionExpression: The document path has too many nesting levels; nesting levels: 33`},
	{"attribute_exists(a" + strings.Repeat("[0]", 31) + ")", "", "", "", fails},
	{strings.Repeat("a", 4097), "", "", "", `ValidationException: Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097`},
	{"attribute_type(a, b)", "", "", `{"a":{"S":"x"},"b":{"S":"S"}}`, `ValidationException`},
}

func TestConditions(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range conditionCases {
			b.must(t, "PutItem", request(table, "Item", caseItem(c.item)))
			got := b.call(t, "DeleteItem", request(table, "Key", caseKey, "ConditionExpression", optional(c.expression),
				"ExpressionAttributeNames", c.names, "ExpressionAttributeValues", c.values))
			want := c.want
			switch want {
			case holds:
				want = "{}"
			case fails:
				want = "ConditionalCheckFailedException: The conditional request failed"
			}
			if !got.matches(want) {
				t.Errorf("%s with %s on %s:\n got  %v\n want %s", c.expression, c.values, c.item, got, want)
			}
		}
	})
}
