package dynamodb

import (
	"encoding/binary"
	"errors"
)

// How keys are stored, so that bytes sort as DynamoDB sorts:
//
//	S, B   the bytes, 00 written as 00 FF, ended by 00 01
//	N      sign (01 negative, 02 zero, 03 positive), exponent + 130, digits, 00;
//	       all after the sign inverted when negative
//
// Every element ends itself, so concatenated elements sort element by element
// and no element is a prefix of another.

func appendKey(dst []byte, v value) []byte {
	if v.kind == "N" {
		return appendNumberKey(dst, mustDecimal(v.str))
	}
	return append(appendKeyPrefix(dst, v), 0x00, 0x01)
}

// appendKeyPrefix writes a string without its end: the common beginning of
// all that begin with it.
func appendKeyPrefix(dst []byte, v value) []byte {
	for i := range len(v.str) {
		dst = append(dst, v.str[i])
		if v.str[i] == 0 {
			dst = append(dst, 0xff)
		}
	}
	return dst
}

func appendNumberKey(dst []byte, d decimal) []byte {
	if d.sign() == 0 {
		return append(dst, 0x02)
	}
	start := len(dst) + 1
	dst = append(dst, 0x03, byte(d.exponent-minExponent)) //nolint:gosec // 0 to 255: numbers are parsed within these exponents
	dst = append(dst, d.digits...)
	dst = append(dst, 0x00)
	if d.negative {
		dst[start-1] = 0x01
		for i := start; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	return dst
}

// successor is the first key after all that begin with prefix; nil when there
// is none.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			next := append([]byte(nil), prefix[:i+1]...)
			next[i]++
			return next
		}
	}
	return nil
}

// Items are stored as a sequence of (name, value); a value is one letter for
// its kind and then a string, a flag, or a count and its elements.
var kindLetter = map[string]byte{"S": 's', "N": 'n', "B": 'b', "BOOL": 't', "NULL": '0', "SS": 'S', "NS": 'N', "BS": 'B', "L": 'l', "M": 'm'}

var letterKind = func() map[byte]string {
	m := map[byte]string{}
	for kind, letter := range kindLetter {
		m[letter] = kind
	}
	return m
}()

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendItem(dst []byte, it item) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(it)))
	for name, v := range it {
		dst = appendValue(appendString(dst, name), v)
	}
	return dst
}

func appendValue(dst []byte, v value) []byte {
	dst = append(dst, kindLetter[v.kind])
	switch v.kind {
	case "BOOL":
		if v.flag {
			return append(dst, 1)
		}
		return append(dst, 0)
	case "NULL":
		return dst
	case "L":
		dst = binary.AppendUvarint(dst, uint64(len(v.list)))
		for _, e := range v.list {
			dst = appendValue(dst, e)
		}
		return dst
	case "M":
		return appendItem(dst, v.doc)
	case "SS", "NS", "BS":
		dst = binary.AppendUvarint(dst, uint64(len(v.set)))
		for _, s := range v.set {
			dst = appendString(dst, s)
		}
		return dst
	default:
		return appendString(dst, v.str)
	}
}

var errCorrupt = errors.New("a stored item cannot be read: the data file is damaged")

// itemReader walks over stored bytes; after the first damage it answers
// nothing but zero values, and bad stays true.
type itemReader struct {
	rest []byte
	bad  bool
}

func readItem(b []byte) (item, error) {
	r := itemReader{rest: b}
	it := r.item()
	if r.bad {
		return nil, errCorrupt
	}
	return it, nil
}

func (r *itemReader) count() int {
	n, used := binary.Uvarint(r.rest)
	if used <= 0 || n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[used:]
	return int(n) //nolint:gosec // at most the length of a slice
}

func (r *itemReader) take(n int) string {
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *itemReader) string() string { return r.take(r.count()) }

func (r *itemReader) item() item {
	n := r.count()
	it := make(item, n)
	for ; n > 0 && !r.bad; n-- {
		name := r.string()
		it[name] = r.value()
	}
	return it
}

func (r *itemReader) value() value {
	letter := r.take(1)
	if r.bad {
		return value{}
	}
	v := value{kind: letterKind[letter[0]]}
	switch v.kind {
	case "":
		r.bad = true
	case "BOOL":
		v.flag = r.take(1) == "\x01"
	case "NULL":
	case "L":
		v.list = []value{}
		for n := r.count(); n > 0 && !r.bad; n-- {
			v.list = append(v.list, r.value())
		}
	case "M":
		v.doc = r.item()
	case "SS", "NS", "BS":
		for n := r.count(); n > 0 && !r.bad; n-- {
			v.set = append(v.set, r.string())
		}
	default:
		v.str = r.string()
	}
	return v
}
