package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tokenwright/tokenwright/internal/lifecycle"
	"github.com/tokenwright/tokenwright/internal/period"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// object is a JSON object being read member by member. Unlike decoding into a struct it tells absent from null, takes
// names in their exact case only, and names every unknown, doubled or ill-typed member at once.
type object struct {
	members map[string]json.RawMessage
	faults  []lifecycle.FieldError
}

func decodeObject(body []byte) (*object, error) {
	notAnObject := malformed("body", "not_json", "The body must be one JSON object.")
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') || !utf8.Valid(body) {
		return nil, notAnObject
	}
	o := &object{members: map[string]json.RawMessage{}}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, notAnObject
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, notAnObject
		}
		key, _ := name.(string)
		if _, double := o.members[key]; double {
			return nil, malformed(cut(key, lifecycle.MaxEcho), "repeated", "The member stands there more than once.")
		}
		o.members[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, notAnObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notAnObject
	}
	return o, nil
}

func (o *object) fault(field, code, format string, args ...any) {
	o.faults = append(o.faults, lifecycle.FieldError{Field: cut(field, lifecycle.MaxEcho), Code: code, Detail: fmt.Sprintf(format, args...)})
}

// nested reads an object within one. nil and a fault, which names the place within it: it is none, or has a member twice.
func nested(raw json.RawMessage, what string) (*object, []lifecycle.FieldError) {
	o, err := decodeObject(raw)
	var refusal *lifecycle.Refusal
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &refusal) && refusal.Fields[0].Code == "repeated":
		return nil, refusal.Fields
	}
	return nil, []lifecycle.FieldError{{Code: "wrong_type", Detail: "Want " + what + "."}}
}

// within puts faults under a field.
func (o *object) within(field string, faults []lifecycle.FieldError) {
	for _, f := range faults {
		f.Field = strings.TrimSuffix(field+"."+f.Field, ".")
		o.faults = append(o.faults, f)
	}
}

// take reads a member as T, null included. what says in a refusal what it should have been.
func take[T any](o *object, name, what string) lifecycle.Field[T] {
	raw, ok := o.members[name]
	if !ok {
		return lifecycle.Field[T]{}
	}
	delete(o.members, name)
	f := lifecycle.Field[T]{Set: true, Null: string(raw) == "null"}
	if !f.Null {
		if err := json.Unmarshal(raw, &f.Value); err != nil {
			o.fault(name, "wrong_type", "Want %s.", what)
		}
	}
	return f
}

// plain reads a member that may be absent but not null.
func plain[T any](o *object, name, what string) lifecycle.Field[T] {
	f := take[T](o, name, what)
	if f.Null {
		o.fault(name, "wrong_type", "Want %s, not null.", what)
	}
	return f
}

// whole reads a whole number, which may be written as 5.0 or 5e0: JSON has one kind of number. What is far over every bound
// here is as far as it can be.
func (o *object) whole(name, what string) lifecycle.Field[int] {
	number := take[float64](o, name, what)
	if number.Value != math.Trunc(number.Value) {
		o.fault(name, "wrong_type", "Want %s.", what)
		return lifecycle.Field[int]{}
	}
	const most = 1 << 30
	return lifecycle.Field[int]{Set: number.Set, Null: number.Null, Value: int(min(max(number.Value, -most), most))}
}

// instant reads an RFC 3339 time.
func (o *object) instant(name string) lifecycle.Field[time.Time] {
	text := take[string](o, name, "a time such as 2027-01-31T12:00:00Z")
	f := lifecycle.Field[time.Time]{Set: text.Set, Null: text.Null}
	if text.Value != "" || text.Set && !text.Null {
		t, ok := parseTime(text.Value)
		if !ok && !o.hasFault(name) {
			o.fault(name, "bad_time", wantTime)
		}
		f.Value = t
	}
	return f
}

// period reads an ISO 8601 duration; absent and null are none.
func (o *object) period(name string) period.Period {
	text := take[string](o, name, "a duration such as P90D")
	if !text.Set || text.Null || o.hasFault(name) {
		return period.Period{}
	}
	p, err := period.Parse(text.Value)
	if err != nil {
		o.fault(name, "bad_duration", "Want an ISO 8601 duration such as P90D, P1Y or PT24H.")
	}
	return p
}

// userID reads a member that must name a user.
func (o *object) userID(name string) user.ID {
	f := plain[string](o, name, "a user id")
	id, err := user.ParseID(f.Value)
	if err != nil && !o.hasFault(name) {
		o.fault(name, "bad_id", "A user id is usr_ and 11 letters or digits.")
	}
	return id
}

// reason reads why somebody does something, for the audit.
func (o *object) reason() string {
	s := plain[string](o, "reason", "text").Value
	if utf8.RuneCountInString(s) > maxText || containsControl(s) || token.InText(s) {
		o.fault("reason", "bad_text", "Want at most %d characters, none of them a control character, and no token.", maxText)
	}
	return s
}

func (o *object) hasFault(name string) bool {
	return slices.ContainsFunc(o.faults, func(f lifecycle.FieldError) bool { return f.Field == name })
}

// done refuses what was not read and returns all faults. fixed names members that exist in answers but cannot be sent.
func (o *object) done(fixed ...string) error {
	names := make([]string, 0, len(o.members))
	for name := range o.members {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		switch {
		case i == 20:
			o.fault(name, "unknown_field", "… and %d more.", len(names)-i-1)
			return lifecycle.Invalid(o.faults)
		case slices.Contains(fixed, name):
			o.fault(name, "read_only", "This cannot be set or changed here.")
		default:
			o.fault(name, "unknown_field", "There is no such field.%s", meant(name))
		}
	}
	return lifecycle.Invalid(o.faults)
}

// meant helps with the commonest slips.
func meant(name string) string {
	for _, known := range append(slices.Clone(tokenFields), "expiresIn", "gracePeriod") {
		if strings.EqualFold(known, strings.ReplaceAll(name, "_", "")) {
			return " Did you mean " + known + "?"
		}
	}
	return ""
}
