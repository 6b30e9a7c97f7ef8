package dynamodb_test

import "testing"

// updateCases: an expression, its names and values, the attributes of the item
// besides its key, ReturnValues (empty is ALL_NEW), and the attributes that
// come back (without the key) or what is wrong.
var updateCases = []struct{ expression, names, values, item, returned, want string }{
	{`SET a = b`, "", "", `{"b":{"N":"1"}}`, "", `{"a":{"N":"1"},"b":{"N":"1"}}`},
	{`SET a = b, b = a`, "", "", `{"a":{"N":"1"},"b":{"N":"2"}}`, "", `{"a":{"N":"2"},"b":{"N":"1"}}`},
	{`SET a = a + :v, b = a`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, "", `{"a":{"N":"2"},"b":{"N":"1"}}`},
	{`SET a = :v - b`, "", `{":v":{"N":"1"}}`, `{"b":{"N":"3"}}`, "", `{"a":{"N":"-2"},"b":{"N":"3"}}`},
	{`SET a = (b + :v)`, "", `{":v":{"N":"1"}}`, `{"b":{"N":"3"}}`, "", `{"a":{"N":"4"},"b":{"N":"3"}}`},
	{`SET a = (b) + :v`, "", `{":v":{"N":"1"}}`, `{"b":{"N":"3"}}`, "", `{"a":{"N":"4"},"b":{"N":"3"}}`},
	{`SET a = ((b))`, "", "", `{"b":{"N":"1"}}`, "", `ValidationException: Invalid UpdateExpression: The expression has redundant parentheses;`},
	{`SET a = if_not_exists(a, if_not_exists(b, :v))`, "", `{":v":{"N":"1"}}`, "", "", `{"a":{"N":"1"}}`},
	{`SET a = if_not_exists(a, b)`, "", "", "", "", `ValidationException: The provided expression refers to an attribute that does not exist in the item`},
	{`SET a = list_append(if_not_exists(a, :e), :v)`, "", `{":e":{"L":[]},":v":{"L":[{"N":"1"}]}}`, "", "", `{"a":{"L":[{"N":"1"}]}}`},
	{`SET a = list_append(a, a)`, "", "", `{"a":{"L":[{"N":"1"}]}}`, "", `{"a":{"L":[{"N":"1"},{"N":"1"}]}}`},
	{`SET a = list_append(a, :v)`, "", `{":v":{"L":[{"N":"1"}]}}`, "", "", `ValidationException: The provided expression refers to an attribute that does not exist in the item`},
	{`SET a = list_append(b, :v)`, "", `{":v":{"L":[{"N":"1"}]}}`, `{"b":{"S":"x"}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`SET a = b + :v`, "", `{":v":{"N":"1"}}`, `{"b":{"S":"x"}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`SET a = b + :v`, "", `{":v":{"S":"x"}}`, `{"b":{"N":"1"}}`, "", `ValidationException: Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S`},
	{`SET a = if_not_exists(a, :v, :v)`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 3`},
	{`SET a = list_append(:v)`, "", `{":v":{"L":[]}}`, "", "", `ValidationException: Invalid UpdateExpression: Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1`},
	{`SET a = if_not_exists(a + :v, :v)`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "+", near: "a + :v"`},
	{`SET a = list_append(:v, :v) + :v`, "", `{":v":{"L":[]}}`, "", "", `ValidationException: Invalid UpdateExpression: The function is not allowed to be used this way in an expression; function: list_append`},
	{`SET a = a`, "", "", `{"a":{"N":"1"}}`, "", `{"a":{"N":"1"}}`},
	{`SET a = a`, "", "", "", "", `ValidationException: The provided expression refers to an attribute that does not exist in the item`},
	{`SET a[5] = :x, a[3] = :y`, "", `{":x":{"S":"x"},":y":{"S":"y"}}`, `{"a":{"L":[{"N":"0"}]}}`, "", `{"a":{"L":[{"N":"0"},{"S":"y"},{"S":"x"}]}}`},
	{`SET a[3] = :y, a[5] = :x, a[0] = :x`, "", `{":x":{"S":"x"},":y":{"S":"y"}}`, `{"a":{"L":[{"N":"0"}]}}`, "", `{"a":{"L":[{"S":"x"},{"S":"y"},{"S":"x"}]}}`},
	{`REMOVE a[0], a[1]`, "", "", `{"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, "", `{"a":{"L":[{"N":"2"}]}}`},
	{`SET a[0] = :v REMOVE a[1]`, "", `{":v":{"S":"x"}}`, `{"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, "", `{"a":{"L":[{"S":"x"},{"N":"2"}]}}`},
	{`SET a[9] = :v REMOVE a[0]`, "", `{":v":{"S":"x"}}`, `{"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, "", `{"a":{"L":[{"N":"1"},{"N":"2"},{"S":"x"}]}}`},
	{`REMOVE a[0], a[7]`, "", "", `{"a":{"L":[{"N":"0"}]}}`, "", `{"a":{"L":[]}}`},
	{`REMOVE a.b`, "", "", "", "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`REMOVE a.b`, "", "", `{"a":{"S":"x"}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`REMOVE a.b`, "", "", `{"a":{"M":{}}}`, "", `{"a":{"M":{}}}`},
	{`REMOVE a.b.c`, "", "", `{"a":{"M":{}}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`REMOVE a[0]`, "", "", `{"a":{"M":{}}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`REMOVE zz`, "", "", "", "", `{}`},
	{`SET a[0] = :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`SET a[0] = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"M":{}}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`SET a.b = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[]}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`SET a.b = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"M":{}}}`, "", `{"a":{"M":{"b":{"N":"1"}}}}`},
	{`SET a.b.c = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"M":{}}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`SET a[1].x = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"M":{}}]}}`, "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`REMOVE a[0].x, a[1]`, "", "", `{"a":{"L":[{"M":{"x":{"N":"1"}}},{"N":"1"}]}}`, "", `{"a":{"L":[{"M":{}}]}}`},
	{`ADD a :v`, "", `{":v":{"N":"1"}}`, "", "", `{"a":{"N":"1"}}`},
	{`ADD a :v`, "", `{":v":{"N":"1.5"}}`, `{"a":{"N":"-0.5"}}`, "", `{"a":{"N":"1.0"}}`},
	{`ADD a :v`, "", `{":v":{"SS":["x"]}}`, "", "", `{"a":{"SS":["x"]}}`},
	{`ADD a :v`, "", `{":v":{"SS":["x","y"]}}`, `{"a":{"SS":["y","z"]}}`, "", `{"a":{"SS":["x","y","z"]}}`},
	{`ADD a :v`, "", `{":v":{"SS":["x"]}}`, `{"a":{"N":"1"}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`ADD a :v`, "", `{":v":{"N":"1"}}`, `{"a":{"SS":["x"]}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`ADD a :v`, "", `{":v":{"N":"1"}}`, `{"a":{"S":"x"}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`ADD a.b :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`ADD a.b :v`, "", `{":v":{"N":"1"}}`, `{"a":{"M":{}}}`, "", `{"a":{"M":{"b":{"N":"1"}}}}`},
	{`ADD a[0] :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"N":"1"}]}}`, "", `{"a":{"L":[{"N":"2"}]}}`},
	{`ADD a[4] :v`, "", `{":v":{"N":"1"}}`, `{"a":{"L":[{"N":"1"}]}}`, "", `{"a":{"L":[{"N":"1"},{"N":"1"}]}}`},
	{`ADD a b`, "", "", `{"b":{"N":"1"}}`, "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "b", near: "a b"`},
	{`ADD a :v`, "", `{":v":{"L":[]}}`, "", "", `ValidationException: Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND`},
	{`ADD a :v, b :v`, "", `{":v":{"N":"1"}}`, "", "", `{"a":{"N":"1"},"b":{"N":"1"}}`},
	{`ADD a :v + :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "+", near: ":v + :v"`},
	{`ADD a (:v)`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "(", near: "a (:v"`},
	{`ADD a :v`, "", `{":v":{"NS":["1"]}}`, `{"a":{"SS":["1"]}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`DELETE a :v`, "", `{":v":{"SS":["x"]}}`, `{"a":{"SS":["x"]}}`, "", `{}`},
	{`DELETE a :v`, "", `{":v":{"SS":["x"]}}`, `{"a":{"SS":["x","y"]}}`, "", `{"a":{"SS":["y"]}}`},
	{`DELETE a :v`, "", `{":v":{"SS":["x"]}}`, "", "", `{}`},
	{`DELETE a :v`, "", `{":v":{"SS":["x"]}}`, `{"a":{"N":"1"}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`DELETE a :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND`},
	{`DELETE a :v`, "", `{":v":{"NS":["1"]}}`, `{"a":{"SS":["x"]}}`, "", `ValidationException: An operand in the update expression has an incorrect data type`},
	{`DELETE a.b :v`, "", `{":v":{"SS":["x"]}}`, "", "", `ValidationException: The document path provided in the update expression is invalid for update`},
	{`DELETE a.b :v`, "", `{":v":{"SS":["x"]}}`, `{"a":{"M":{}}}`, "", `{"a":{"M":{}}}`},
	{`DELETE a b`, "", "", "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "b", near: "a b"`},
	{`SET a = :v REMOVE b ADD c :n DELETE d :s`, "", `{":v":{"S":"1"},":n":{"N":"1"},":s":{"SS":["x"]}}`, `{"b":{"N":"1"},"c":{"N":"1"},"d":{"SS":["x","y"]}}`, "", `{"a":{"S":"1"},"c":{"N":"2"},"d":{"SS":["y"]}}`},
	{`remove b set a = :v`, "", `{":v":{"N":"1"}}`, `{"b":{"N":"1"}}`, "", `{"a":{"N":"1"}}`},
	{`SET a = :v,`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "<EOF>", near: ","`},
	{`SET a = :v REMOVE`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "REMOVE"`},
	{`SET a = :v; REMOVE b`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Syntax error; token: ";", near: ":v; REMOVE"`},
	{`SET a.b = :v REMOVE a`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]`},
	{`SET a[0] = :v, a[0].b = :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, [0]], path two: [a, [0], b]`},
	{`REMOVE a ADD a :v`, "", `{":v":{"N":"1"}}`, "", "", `ValidationException: Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]`},
	{`SET a = :v, b = :w`, "", `{":v":{"N":"1"},":w":{"SS":["x"]}}`, "", "", `{"a":{"N":"1"},"b":{"SS":["x"]}}`},
	{`SET a.b = :v, c = :v, l[1] = :v, m[7] = :v REMOVE d, e.f ADD n :v`, "", `{":v":{"N":"9"}}`, `{"a":{"M":{"b":{"N":"1"},"x":{"N":"1"}}},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"m":{"L":[{"N":"1"}]},"d":{"N":"1"},"e":{"M":{"f":{"N":"1"},"g":{"N":"1"}}}}`, `UPDATED_OLD`, `{"a":{"M":{"x":{"N":"1"},"b":{"N":"1"}}},"d":{"N":"1"},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"e":{"M":{"f":{"N":"1"},"g":{"N":"1"}}}}`},
	{`SET a.b = :v, c = :v, l[1] = :v, m[7] = :v REMOVE d, e.f ADD n :v`, "", `{":v":{"N":"9"}}`, `{"a":{"M":{"b":{"N":"1"},"x":{"N":"1"}}},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"m":{"L":[{"N":"1"}]},"d":{"N":"1"},"e":{"M":{"f":{"N":"1"},"g":{"N":"1"}}}}`, `UPDATED_NEW`, `{"a":{"M":{"x":{"N":"1"},"b":{"N":"9"}}},"c":{"N":"9"},"l":{"L":[{"N":"1"},{"N":"9"},{"N":"3"}]},"n":{"N":"9"}}`},
	{`SET a.b = :v, c = :v, l[1] = :v, m[7] = :v REMOVE d, e.f ADD n :v`, "", `{":v":{"N":"9"}}`, `{"a":{"M":{"b":{"N":"1"},"x":{"N":"1"}}},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"m":{"L":[{"N":"1"}]},"d":{"N":"1"},"e":{"M":{"f":{"N":"1"},"g":{"N":"1"}}}}`, `ALL_OLD`, `{"a":{"M":{"x":{"N":"1"},"b":{"N":"1"}}},"d":{"N":"1"},"e":{"M":{"f":{"N":"1"},"g":{"N":"1"}}},"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]},"m":{"L":[{"N":"1"}]}}`},
	{`REMOVE zz`, "", "", "", `UPDATED_NEW`, `{}`},
	{`REMOVE zz`, "", "", "", `UPDATED_OLD`, `{}`},
	{`SET a = :v`, "", `{":v":{"N":"1"}}`, "", `UPDATED_OLD`, `{}`},
	{`SET a = :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"1"}}`, `UPDATED_OLD`, `{"a":{"N":"1"}}`},
	{`REMOVE a`, "", "", `{"a":{"N":"1"}}`, `UPDATED_NEW`, `{}`},
	{`REMOVE a`, "", "", `{"a":{"N":"1"}}`, `UPDATED_OLD`, `{"a":{"N":"1"}}`},
	{`SET l[7]=:v, l[9]=:w`, "", `{":v":{"N":"1"},":w":{"N":"2"}}`, `{"l":{"L":[{"N":"0"}]}}`, `UPDATED_NEW`, `{}`},
	{`REMOVE l[0]`, "", "", `{"l":{"L":[{"N":"0"},{"N":"1"}]}}`, `UPDATED_NEW`, `{"l":{"L":[{"N":"1"}]}}`},
	{`REMOVE l[0]`, "", "", `{"l":{"L":[{"N":"0"},{"N":"1"}]}}`, `UPDATED_OLD`, `{"l":{"L":[{"N":"0"},{"N":"1"}]}}`},
	{`ADD a :v`, "", `{":v":{"N":"1"}}`, `{"a":{"N":"99999999999999999999999999999999999999"}}`, "", `{"a":{"N":"100000000000000000000000000000000000000"}}`},
	{`ADD a :v`, "", `{":v":{"N":"0.1"}}`, `{"a":{"N":"99999999999999999999999999999999999999"}}`, "", `ValidationException`},
	{`ADD a :v`, "", `{":v":{"N":"1e-100"}}`, `{"a":{"N":"1"}}`, "", `ValidationException`},
	{`ADD a :v`, "", `{":v":{"N":"9e125"}}`, `{"a":{"N":"9e125"}}`, "", `ValidationException: Number overflow. Attempting to store a number with magnitude larger than supported range`},
	{`ADD a :v`, "", `{":v":{"N":"-1e-130"}}`, `{"a":{"N":"1.5e-130"}}`, "", `ValidationException: Number underflow. Attempting to store a number with magnitude smaller than supported range`},
	{`ADD a :v`, "", `{":v":{"N":"5"}}`, `{"a":{"N":"12345678901234567890123456789012345678e1"}}`, "", `ValidationException`},
	{`ADD a :v`, "", `{":v":{"N":"4"}}`, `{"a":{"N":"12345678901234567890123456789012345678e1"}}`, "", `ValidationException`},
	{`SET a = :v`, "", `{":v":{"SS":["c","a","b"]}}`, "", "", `{"a":{"SS":["a","b","c"]}}`},
	{`SET a = :v`, "", `{":v":{"NS":["3","1.0","20"]}}`, "", "", `{"a":{"NS":["1.0","3","20"]}}`},
}

func TestUpdates(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range updateCases {
			b.must(t, "PutItem", request(table, "Item", caseItem(c.item)))
			mode := c.returned
			if mode == "" {
				mode = "ALL_NEW"
			}
			got := b.call(t, "UpdateItem", request(table, "Key", caseKey, "UpdateExpression", optional(c.expression),
				"ExpressionAttributeNames", c.names, "ExpressionAttributeValues", c.values, "ReturnValues", optional(mode)))
			if got.failure == "" {
				got.body, _ = got.body["Attributes"].(map[string]any)
				if got.body == nil {
					got.body = map[string]any{}
				}
				delete(got.body, "pk")
				delete(got.body, "sk")
			}
			if !got.matches(c.want) {
				t.Errorf("%s with %s on %s (%s):\n got  %v\n want %s", c.expression, c.values, c.item, mode, got, c.want)
			}
		}
	})
}

// A refused update leaves the item as it was, and its answer has no image.
func TestRefusedUpdateChangesNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		item := caseItem(`{"n":{"N":"1"},"l":{"L":[{"N":"1"}]}}`)
		for _, expression := range []string{"SET n = :v, l[0].x = :v", "SET n = :v, a = missing", "ADD n :v, l :v", "SET sk = :v, n = :v"} {
			b.must(t, "PutItem", request(table, "Item", item))
			got := b.call(t, "UpdateItem", request(table, "Key", caseKey, "UpdateExpression", optional(expression), "ExpressionAttributeValues", `{":v":{"N":"7"}}`))
			if got.failure != "ValidationException" {
				t.Errorf("%s: %v", expression, got)
			}
			if stored := b.must(t, "GetItem", request(table, "Key", caseKey))["Item"]; !sameJSON(stored, parse(item)) {
				t.Errorf("after %s: %v", expression, stored)
			}
		}
	})
}

// projectionCases: an expression, the attributes of the item, and what of
// them GetItem answers.
var projectionCases = []struct{ expression, item, want string }{
	{`a.b`, `{"a":{"M":{"b":{"N":"1"},"c":{"N":"2"}}}}`, `{"a":{"M":{"b":{"N":"1"}}}}`},
	{`a[1],a[0]`, `{"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, `{"a":{"L":[{"N":"0"},{"N":"1"}]}}`},
	{`a[2]`, `{"a":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]}}`, `{"a":{"L":[{"N":"2"}]}}`},
	{`a[7]`, `{"a":{"L":[{"N":"0"}]}}`, `{}`},
	{`a.x`, `{"a":{"M":{"b":{"N":"1"}}}}`, `{}`},
	{`a.x`, `{"a":{"N":"1"}}`, `{}`},
	{`a[0].b, a[1].c`, `{"a":{"L":[{"M":{"b":{"N":"1"},"c":{"N":"1"}}},{"M":{"c":{"N":"1"}}}]}}`, `{"a":{"L":[{"M":{"b":{"N":"1"}}},{"M":{"c":{"N":"1"}}}]}}`},
	{`a.b, a.c`, `{"a":{"M":{"b":{"N":"1"},"c":{"N":"2"},"d":{"N":"3"}}}}`, `{"a":{"M":{"b":{"N":"1"},"c":{"N":"2"}}}}`},
	{`zz`, "", `{}`},
	{`(a)`, "", `ValidationException: Invalid ProjectionExpression: Syntax error; token: "(", near: "(a"`},
	{`a, :v`, "", `ValidationException: Invalid ProjectionExpression: Syntax error; token: ":v", near: ", :v"`},
	{`pk`, "", `{"pk":{"S":"a"}}`},
	{`a.b.c, a.b.d[0]`, `{"a":{"M":{"b":{"M":{"c":{"N":"1"},"d":{"L":[{"N":"1"},{"N":"2"}]}}}}}}`, `{"a":{"M":{"b":{"M":{"d":{"L":[{"N":"1"}]},"c":{"N":"1"}}}}}}`},
	{`a.b,a[0]`, `{"a":{"M":{"b":{"N":"1"}}}}`, `ValidationException: Invalid ProjectionExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]`},
}

func TestProjections(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b backend) {
		table := b.newTable(t)
		for _, c := range projectionCases {
			b.must(t, "PutItem", request(table, "Item", caseItem(c.item)))
			got := b.call(t, "GetItem", request(table, "Key", caseKey, "ProjectionExpression", optional(c.expression)))
			if got.failure == "" {
				got.body, _ = got.body["Item"].(map[string]any)
			}
			if !got.matches(c.want) {
				t.Errorf("%s of %s:\n got  %v\n want %s", c.expression, c.item, got, c.want)
			}
		}
	})
}
