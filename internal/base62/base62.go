// Package base62 writes numbers and randomness in the 62 ASCII letters and digits. The alphabet is in ASCII order, so
// strings of one width sort as the numbers they stand for: DynamoDB sorts sort keys by bytes.
package base62

import (
	"fmt"
	"io"
	"strings"
)

// Alphabet holds the digits in ascending order of value and of byte.
const Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Encode writes v in exactly width digits, the most significant first. A v that needs more digits loses its highest
// ones: callers choose a width that fits.
func Encode(v uint64, width int) string {
	out := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		out[i] = Alphabet[v%62]
		v /= 62
	}
	return string(out)
}

// Random returns n digits, each uniform and independent. It takes single bytes from r and throws away those of 248
// and more, since 256 is no multiple of 62 and a plain remainder would favour the first eight digits.
func Random(r io.Reader, n int) (string, error) {
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/8+1)
	for len(out) < n {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("reading randomness: %w", err)
		}
		for _, b := range buf {
			if b < 248 && len(out) < n {
				out = append(out, Alphabet[b%62])
			}
		}
	}
	return string(out), nil
}

// Valid says whether s holds digits of the alphabet only. The empty string is valid.
func Valid(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// TimeWidth is how many digits TimeOrdered spends on the time: enough for the milliseconds of the years 1970 to 2081.
const TimeWidth = 7

// TimeOrdered returns a string of n digits that sorts by the given milliseconds since 1970; what follows the time is
// random, so two made in the same millisecond differ but are in no order.
func TimeOrdered(r io.Reader, ms int64, n int) (string, error) {
	tail, err := Random(r, n-TimeWidth)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(Encode(uint64(max(ms, 0)), TimeWidth))
	b.WriteString(tail)
	return b.String(), nil
}

func isDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
