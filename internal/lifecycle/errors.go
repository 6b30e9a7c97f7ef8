package lifecycle

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tokenwright/tokenwright/internal/scope"
)

// The roots of every refusal. One table in the api package gives each its status.
var (
	// ErrInvalid: the request is understood but a field of it cannot be accepted.
	ErrInvalid = errors.New("invalid")
	// ErrMalformed: the request makes no sense for this caller or cannot be read.
	ErrMalformed = errors.New("malformed")
	// ErrForbidden: the caller is known and may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: the state of the token does not allow this.
	ErrConflict = errors.New("conflict")
	// ErrPrecondition: the token changed since the caller last saw it.
	ErrPrecondition = errors.New("precondition failed")
	// ErrVersionRequired: the change has to say which version it is meant for.
	ErrVersionRequired = errors.New("version required")
)

// MaxEcho is how many characters of a caller's own text a refusal repeats. Whoever pastes a token where something else
// belongs gets back at most its prefix and id: its secret begins behind them.
const MaxEcho = 30

// FieldError says what is wrong with one field.
type FieldError struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Refusal is a refusal with what a person needs to act on it.
type Refusal struct {
	Root   error  // one of the roots above
	Code   string // for machines
	Detail string // for people
	Fields []FieldError
	Scopes scope.Set // what the caller lacks
}

// Error reads like the problem document made of it.
func (r *Refusal) Error() string {
	parts := []string{r.Code}
	if r.Detail != "" {
		parts = append(parts, r.Detail)
	}
	for _, f := range r.Fields {
		parts = append(parts, f.Field+": "+f.Detail)
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the root.
func (r *Refusal) Unwrap() error { return r.Root }

// Invalid collects field errors into one refusal; nil when there are none.
func Invalid(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Refusal{Root: ErrInvalid, Code: "invalid_fields", Detail: "Some fields cannot be accepted; see errors.", Fields: fields}
}

func conflict(code, format string, args ...any) error {
	return &Refusal{Root: ErrConflict, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func forbidden(code, format string, args ...any) error {
	return &Refusal{Root: ErrForbidden, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func isRefusal(err error, code string) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}

// lacking names the scopes that the caller would need, as RFC 6750 section 3.1 has it.
func lacking(scopes ...scope.Scope) error {
	set := scope.NewSet(scopes...)
	return &Refusal{Root: ErrForbidden, Code: "insufficient_scope", Detail: "This needs the scope " + set.String() + ".", Scopes: set}
}
