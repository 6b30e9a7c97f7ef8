package direct

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tokenwright/tokenwright/internal/dynamo/item"
	"github.com/tokenwright/tokenwright/internal/jsonread"
)

// errAnswer is returned for an answer that is not one of BatchGetItem.
var errAnswer = errors.New("not an answer to BatchGetItem")

// decodeBatch reads the answer to BatchGetItem:
//
//	{"Responses": {"<table>": [{"pk": {"S": "…"}, …}, …]}, "UnprocessedKeys": {"<table>": {"Keys": [{…}], …}}}
//
// An answer that says nothing of the table is an error: taken for "no such items", a broken proxy's "{}" would turn
// every token away as unknown.
func decodeBatch(text, table string) (items []item.Item, unprocessed []item.Key, err error) {
	d := decoder{Reader: jsonread.New(text)}
	answered := false
	for name := range d.Members() {
		switch name {
		case "Responses":
			for of := range d.Members() {
				if of != table {
					d.Skip()
					continue
				}
				answered = true
				items = d.items()
			}
		case "UnprocessedKeys":
			for of := range d.Members() {
				if of != table {
					d.Skip()
					continue
				}
				unprocessed = d.unprocessed()
			}
		default:
			d.Skip()
		}
	}
	if err := d.End(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	if d.err != nil || !answered && len(unprocessed) == 0 {
		return nil, nil, errors.Join(errAnswer, d.err)
	}
	return items, unprocessed, nil
}

// decoder reads items. Its own error is about what they mean, the reader's about what they are.
type decoder struct {
	*jsonread.Reader
	err error
}

func (d *decoder) items() []item.Item {
	items := make([]item.Item, 0, 3)
	for range d.Elements() {
		items = append(items, d.item(32))
	}
	return items
}

func (d *decoder) unprocessed() (keys []item.Key) {
	for name := range d.Members() {
		if name != "Keys" {
			d.Skip()
			continue
		}
		for range d.Elements() {
			keys = append(keys, item.KeyOf(d.item(2)))
		}
	}
	return keys
}

func (d *decoder) item(size int) item.Item {
	it := make(item.Item, size)
	for name := range d.Members() {
		it[name] = d.value()
	}
	return it
}

// value reads {"S": "…"} and its like: an object of exactly one member.
func (d *decoder) value() (v item.Value) {
	n := 0
	for kind := range d.Members() {
		n++
		switch kind {
		case "S":
			v = item.String(d.String())
		case "N":
			v = item.Value{Kind: item.Number, Text: d.String()}
		case "B":
			v = item.Value{Kind: item.Binary, Text: d.binary()}
		case "BOOL":
			v = item.Bool(d.Bool())
		case "L":
			v = item.Value{Kind: item.List}
			for range d.Elements() {
				v.Elements = append(v.Elements, d.value())
			}
		case "M":
			v = item.MapOf(d.item(4))
		default: // a type that no item of ours has
			d.Skip()
		}
	}
	if n != 1 {
		d.refuse(fmt.Errorf("a value of %d types", n))
	}
	return v
}

func (d *decoder) binary() string {
	b, err := base64.StdEncoding.DecodeString(d.String())
	if err != nil {
		d.refuse(fmt.Errorf("binary value: %w", err))
	}
	return string(b)
}

func (d *decoder) refuse(err error) {
	if d.err == nil {
		d.err = err
	}
}
