package jsonread_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// anything reads a value into what encoding/json would make of it.
func anything(r *jsonread.Reader) any {
	switch r.Next() {
	case jsonread.Object:
		out := map[string]any{}
		for name := range r.Members() {
			out[name] = anything(r)
		}
		return out
	case jsonread.Array:
		out := []any{}
		for range r.Elements() {
			out = append(out, anything(r))
		}
		return out
	case jsonread.String:
		return r.String()
	case jsonread.Number:
		return json.Number(r.Number())
	case jsonread.Bool:
		return r.Bool()
	case jsonread.Null:
		r.Null()
	case jsonread.Invalid:
		r.Skip()
	}
	return nil
}

// compare holds the reader to encoding/json.
func compare(t *testing.T, text string) {
	t.Helper()
	r := jsonread.New(text)
	got := anything(r)
	ok := r.End() == nil
	skipping := jsonread.New(text)
	skipping.Skip()
	if skipped := skipping.End() == nil; skipped != ok {
		t.Fatalf("%q: read %v, skipped %v", text, ok, skipped)
	}
	if ok != json.Valid([]byte(text)) {
		if !ok && deep(text) {
			return
		}
		t.Fatalf("%q: accepted %v, encoding/json says otherwise", text, ok)
	}
	if !ok {
		return
	}
	var want any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%q reads as %#v, want %#v", text, got, want)
	}
}

// deep says whether brackets alone may make a text too deep for the reader.
func deep(text string) bool {
	return strings.Count(text, "[")+strings.Count(text, "{") > jsonread.MaxDepth
}

var seeds = []string{
	`{}`, `[]`, `null`, `true`, `false`, `0`, `-0.5e+7`, `""`, `"a"`, ` { "a" : [ 1 , "b\n\"\\\/\u00e4\ud83d\udd11" , null ] } `,
	`{"a":{"b":{"c":[[[]]]}}}`, `{"a":1,"a":2}`, `"\ud83d"`, `"\ud83d\u0041"`, `"\udd11\ud83d"`, "\"\xff\"", "\"\xff\\n\xfe\"", `"ü🔑"`,
	``, ` `, `{`, `}`, `[`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a":1 "b":2}`, `[1 2]`, `01`, `-`, `1.`, `.5`, `1e`, `+1`, `tru`,
	`nul`, `"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\x01\"", "\"\\n\x01\"", `"a" "b"`, `1 1`, `{} {}`, "\ufeff{}", `[[[[[[[[`, `"a`, `truefalse`, `nullnull`,
	strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65),
}

func TestItReadsWhatEncodingJSONReads(t *testing.T) {
	for _, text := range seeds {
		compare(t, text)
	}
}

func TestItGoesNoDeeperThanItSays(t *testing.T) {
	for depth, want := range map[int]bool{jsonread.MaxDepth: true, jsonread.MaxDepth + 1: false, 1_000_000: false} {
		r := jsonread.New(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		r.Skip()
		if got := r.End() == nil; got != want {
			t.Errorf("depth %d: accepted %v", depth, got)
		}
	}
}

func TestAnotherTypeIsAnError(t *testing.T) {
	for name, read := range map[string]func(*jsonread.Reader){
		"object": func(r *jsonread.Reader) {
			for range r.Members() {
				r.Skip()
			}
		},
		"array": func(r *jsonread.Reader) {
			for range r.Elements() {
				r.Skip()
			}
		},
		"string": func(r *jsonread.Reader) { _ = r.String() },
		"number": func(r *jsonread.Reader) { r.Number() },
		"bool":   func(r *jsonread.Reader) { r.Bool() },
	} {
		for _, text := range []string{`{"a":1}`, `[1]`, `"a"`, `1`, `true`, `null`} {
			r := jsonread.New(text)
			is := map[jsonread.Kind]string{jsonread.Object: "object", jsonread.Array: "array", jsonread.String: "string", jsonread.Number: "number", jsonread.Bool: "bool"}[r.Next()]
			read(r)
			if ok := r.End() == nil; ok != (is == name) {
				t.Errorf("%s read as %s: accepted %v", text, name, ok)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range seeds {
		f.Add(text)
	}
	f.Fuzz(compare)
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\\n\x00\x7f", "ü🔑", "\xff\xfe", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := jsonread.AppendString(nil, s)
		var back string
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatalf("%q is written %s: %v", s, text, err)
		}
		if want := string([]rune(s)); back != want { // each byte that is no UTF-8 is replaced
			t.Fatalf("%q comes back as %q, want %q", s, back, want)
		}
	})
}
