package dynamodb

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// MarshalJSON writes an item as the protocol does: {"name":{"S":"x"}}. It
// writes the whole item at once, because encoding/json would copy and check
// nested values again at every level.
func (it item) MarshalJSON() ([]byte, error) {
	return appendDocJSON(make([]byte, 0, 256), it), nil
}

func appendDocJSON(dst []byte, doc map[string]value) []byte {
	dst = append(dst, '{')
	first := true
	for name, v := range doc {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendStringJSON(dst, name), ':')
		dst = appendValueJSON(dst, v)
	}
	return append(dst, '}')
}

func appendValueJSON(dst []byte, v value) []byte {
	dst = append(dst, `{"`...)
	dst = append(dst, v.kind...)
	dst = append(dst, `":`...)
	switch v.kind {
	case "S":
		dst = appendStringJSON(dst, v.str)
	case "N", "B":
		dst = appendMemberJSON(dst, v.kind, v.str)
	case "NULL":
		dst = append(dst, "true"...)
	case "BOOL":
		if v.flag {
			dst = append(dst, "true"...)
		} else {
			dst = append(dst, "false"...)
		}
	case "M":
		dst = appendDocJSON(dst, v.doc)
	case "L":
		dst = appendListJSON(dst, len(v.list), func(dst []byte, i int) []byte { return appendValueJSON(dst, v.list[i]) })
	default:
		dst = appendListJSON(dst, len(v.set), func(dst []byte, i int) []byte { return appendMemberJSON(dst, v.kind[:1], v.set[i]) })
	}
	return append(dst, '}')
}

func appendListJSON(dst []byte, n int, element func([]byte, int) []byte) []byte {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, i)
	}
	return append(dst, ']')
}

func appendMemberJSON(dst []byte, kind, s string) []byte {
	switch kind {
	case "N": // digits, sign and point
		return append(append(append(dst, '"'), s...), '"')
	case "B":
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), []byte(s)), '"')
	default:
		return appendStringJSON(dst, s)
	}
}

func appendStringJSON(dst []byte, s string) []byte {
	if strings.IndexFunc(s, needsEscape) < 0 {
		return append(append(append(dst, '"'), s...), '"')
	}
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("dynamodb: a string cannot be marshalled: " + err.Error()) // encoding/json accepts every string
	}
	return append(dst, quoted...)
}

func needsEscape(r rune) bool {
	return r < 0x20 || r > 0x7e || r == '"' || r == '\\'
}
