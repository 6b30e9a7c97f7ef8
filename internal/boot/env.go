package boot

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Env reads settings and collects what is wrong with them.
type Env struct {
	lookup func(string) (string, bool)
	errs   []error
}

// NewEnv returns an Env over a look-up function such as os.LookupEnv.
func NewEnv(lookup func(string) (string, bool)) *Env { return &Env{lookup: lookup} }

// Err returns everything that was wrong so far; nil when nothing was.
func (e *Env) Err() error { return errors.Join(e.errs...) }

// Required returns a setting that must not be empty.
func (e *Env) Required(name string) string {
	s := e.Optional(name, "")
	if s == "" {
		e.Fail(name, "it is not set")
	}
	return s
}

// Optional returns a setting, or another value when it is not set or empty.
func (e *Env) Optional(name, otherwise string) string {
	if s, ok := e.lookup(name); ok && s != "" {
		return s
	}
	return otherwise
}

// Days returns a whole number of days within bounds as a duration.
func (e *Env) Days(name string, otherwise, least, most int) time.Duration {
	n := otherwise
	if s := e.Optional(name, ""); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < least || n > most {
			e.Fail(name, fmt.Sprintf("want a whole number from %d to %d", least, most))
		}
	}
	return time.Duration(n) * 24 * time.Hour
}

// Fail notes that a setting makes no sense.
func (e *Env) Fail(name, why string) {
	e.errs = append(e.errs, fmt.Errorf("environment variable %s: %s", name, why))
}
