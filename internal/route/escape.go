package route

import (
	"fmt"
	"slices"
	"strings"
)

// This file is about escaped characters. A gateway that decodes a path before it routes takes /%61dmin for /admin, while a
// policy's resources match it as it was sent: a wildcard admits it, and the Deny for admin does not meet it. So escapes that
// could spell a dot, a slash or a character of some rule's literal are refused: by the rules and, in the same words, by a
// Deny of the policy. Others, such as the @ or | in an id, make no difference to either.

// separators spell the segments themselves.
const separators = `./\`

// escapes are the escapes that could spell something else, as a policy's resource has them: "%2e", or "%6?" for all that
// begin with %6. A to O and a to o are told together, because a resource of each costs more of a policy than the few other
// characters there are worth.
func (rs *Rules) escapes() (out []string) {
	spelled := rs.spelled()
	for c := range byte(128) {
		switch high := c >> 4; {
		case !spelled[c]:
		case high == 4 || high == 6:
			out = append(out, fmt.Sprintf("%%%x?", high))
		default:
			out = append(out, fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c))
		}
	}
	return slices.Compact(out) // of digits alone both cases are one
}

// spelled says of each character of ASCII, which literals consist of, whether one has it, or it is a separator.
func (rs *Rules) spelled() (out [128]bool) {
	note := func(s string) {
		for _, c := range []byte(s) {
			out[c&0x7f] = true
		}
	}
	note(separators)
	for i := range rs.Rules {
		for _, e := range rs.Rules[i].Path.elements {
			note(e.literal)
		}
	}
	return out
}

// disguised says whether a path has one of some escapes, exactly as a policy's "*%6?*" matches it.
func disguised(path string, escapes []string) bool {
	if strings.IndexByte(path, '%') < 0 {
		return false
	}
	return slices.ContainsFunc(escapes, func(e string) bool { return indexOf(path, e) >= 0 })
}
