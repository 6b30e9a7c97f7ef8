package direct

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
)

const whole = `{"Responses":{"tokens":[{"pk":{"S":"OWNER#a"},"sk":{"S":"TOKEN#b"},"n":{"N":"-1.5E+3"},"t":{"BOOL":true},"f":{"BOOL":false},` +
	`"b":{"B":"AAH+/w=="},"l":{"L":[{"S":"x"},{"M":{"y":{"N":"1"}}},{"L":[]}]},"null":{"NULL":true},"ss":{"SS":["a","b"]}}],"other":[{"bad":1}]},` +
	`"UnprocessedKeys":{"tokens":{"Keys":[{"pk":{"S":"OWNER#a"},"sk":{"S":"PROFILE"}}],"ConsistentRead":true},"other":{}},"ConsumedCapacity":[]}`

func TestAnAnswerIsReadWhole(t *testing.T) {
	items, unprocessed, err := decodeBatch(whole, "tokens")
	if err != nil {
		t.Fatal(err)
	}
	want := item.Item{
		"pk": item.String("OWNER#a"), "sk": item.String("TOKEN#b"), "n": {Kind: item.Number, Text: "-1.5E+3"}, "t": item.Bool(true), "f": item.Bool(false),
		"b": item.Bytes([]byte{0, 1, 0xfe, 0xff}), "null": {}, "ss": {},
		"l": {Kind: item.List, Elements: []item.Value{item.String("x"), item.MapOf(item.Item{"y": item.Int(1)}), {Kind: item.List}}},
	}
	if len(items) != 1 || !reflect.DeepEqual(items[0], want) {
		t.Errorf("read %#v, want %#v", items, want)
	}
	if !reflect.DeepEqual(unprocessed, []item.Key{{PK: "OWNER#a", SK: "PROFILE"}}) {
		t.Errorf("unprocessed %v", unprocessed)
	}
}

var bad = []string{
	``, `null`, `[]`, `{}`, `{"Responses":null}`, `{"Responses":[]}`, `{"Responses":{"tokens":{}}}`, `{"Responses":{"tokens":[1]}}`,
	`{"Responses":{"tokens":[{"pk":"x"}]}}`, `{"Responses":{"tokens":[{"pk":{}}]}}`, `{"Responses":{"tokens":[{"pk":{"S":"a","N":"1"}}]}}`,
	`{"Responses":{"tokens":[{"pk":{"S":1}}]}}`, `{"Responses":{"tokens":[{"pk":{"N":1}}]}}`, `{"Responses":{"tokens":[{"pk":{"B":"?"}}]}}`,
	`{"Responses":{"tokens":[{"pk":{"BOOL":"true"}}]}}`, `{"Responses":{"tokens":[{"pk":{"L":{}}}]}}`, `{"Responses":{"tokens":[{"pk":{"M":[]}}]}}`,
	`{"Responses":{"tokens":[]}} {}`, `{"Responses":{"tokens":[]}`, `{"UnprocessedKeys":{"tokens":{"Keys":[]}}}`, `{"responses":{"tokens":[]}}`,
}

func TestWhatIsNoAnswerIsAnError(t *testing.T) {
	for _, text := range bad {
		if items, unprocessed, err := decodeBatch(text, "tokens"); err == nil {
			t.Errorf("%s reads as %v, %v", text, items, unprocessed)
		}
	}
}

// Whatever the wire says, reading it ends without a panic; and what is accepted is JSON.
func FuzzDecodeBatch(f *testing.F) {
	f.Add(whole)
	for _, text := range bad {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		items, _, err := decodeBatch(text, "tokens")
		if err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%q is accepted", text)
		}
		for _, it := range items { // reading what came must not panic either
			_, _ = item.Token(it)
			_, _ = item.User(it)
		}
	})
}

func BenchmarkDecodeBatch(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeBatch(whole, "tokens"); err != nil {
			b.Fatal(err)
		}
	}
}
