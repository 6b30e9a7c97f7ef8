package route

import "github.com/tokenwright/tokenwright/internal/scope"

// Fault says what is wrong with rules: which member of the JSON that API callers send, a code for machines and a
// sentence for people.
type Fault struct{ Field, Code, Detail string }

// Faults says why rules cannot be accepted; none = they can. known are the scopes there are.
func (rs *Rules) Faults(known scope.Set) []Fault {
	return nil
}
