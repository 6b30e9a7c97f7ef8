package dynamodb

import (
	"math/big"
	"strconv"
	"strings"
)

const (
	maxDigits   = 38
	maxExponent = 125  // 9.99…E+125 is the largest magnitude
	minExponent = -130 // 1E-130 the smallest
)

// decimal is an exact number: digits without leading or trailing zeros, read
// as d.ddd × 10^exponent. Zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exponent int
}

// parseDecimal reads what DynamoDB accepts as a number and refuses, with the
// service's words, what it refuses.
func parseDecimal(s string) (decimal, error) {
	var d decimal
	rest := s
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	mantissa, exponent, ok := splitExponent(rest)
	if !ok {
		return d, errNotANumber()
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return d, errNotANumber()
	}
	return normalize(d.negative, whole+fraction, len(whole)-1+exponent)
}

func errNotANumber() error {
	return invalid("The parameter cannot be converted to a numeric value")
}

// splitExponent cuts "1.5E+3" into "1.5" and 3. Exponents beyond any legal
// one are clamped, so that they overflow later instead of here.
func splitExponent(s string) (mantissa string, exponent int, ok bool) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, true
	}
	mantissa, s = s[:i], s[i+1:]
	sign := 1
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if s == "" || !allDigits(s) {
		return "", 0, false
	}
	for _, c := range s {
		exponent = min(exponent*10+int(c-'0'), 1_000_000)
	}
	return mantissa, sign * exponent, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// normalize strips zeros and checks the range. exponent is the power of ten
// of the first character of digits.
func normalize(negative bool, digits string, exponent int) (decimal, error) {
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, "0")
	switch {
	case trimmed == "":
		return decimal{}, nil
	case exponent > maxExponent:
		return decimal{}, invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case exponent < minExponent:
		return decimal{}, invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(trimmed) > maxDigits:
		return decimal{}, invalid("Attempting to store more than 38 significant digits in a Number")
	}
	return decimal{negative, trimmed, exponent}, nil
}

// mustDecimal reads a number that was checked when it came in.
func mustDecimal(s string) decimal {
	d, err := parseDecimal(s)
	if err != nil {
		panic("dynamodb: stored number " + s + " is not one")
	}
	return d
}

// String is the canonical form: plain notation, no superfluous zeros. Equal
// numbers have equal strings.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	n := d.exponent + 1 // digits before the point
	switch {
	case n <= 0:
		return sign + "0." + strings.Repeat("0", -n) + d.digits
	case n >= len(d.digits):
		return sign + d.digits + strings.Repeat("0", n-len(d.digits))
	default:
		return sign + d.digits[:n] + "." + d.digits[n:]
	}
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

func (d decimal) compare(o decimal) int {
	if c := d.sign() - o.sign(); c != 0 || d.sign() == 0 {
		return c
	}
	c := d.exponent - o.exponent
	if c == 0 {
		c = strings.Compare(d.digits, o.digits) // no trailing zeros: a prefix is the smaller
	}
	return c * d.sign()
}

// add is exact; a sum that needs more than 38 digits is refused, not rounded.
func (d decimal) add(o decimal) (decimal, error) {
	if d.sign() == 0 {
		return o, nil
	}
	if o.sign() == 0 {
		return d, nil
	}
	scale := min(d.exponent-len(d.digits), o.exponent-len(o.digits)) + 1
	sum := new(big.Int).Add(d.scaled(scale), o.scaled(scale))
	negative := sum.Sign() < 0
	digits := sum.Abs(sum).String()
	return normalize(negative, digits, scale+len(digits)-1)
}

// scaled is the number as an integer in units of 10^scale.
func (d decimal) scaled(scale int) *big.Int {
	zeros := d.exponent - len(d.digits) + 1 - scale
	n, _ := new(big.Int).SetString(d.digits+strings.Repeat("0", zeros), 10)
	if d.negative {
		n.Neg(n)
	}
	return n
}

func (d decimal) negated() decimal {
	d.negative = !d.negative && d.digits != ""
	return d
}

func decimalOf(n int64) decimal { return mustDecimal(strconv.FormatInt(n, 10)) }
