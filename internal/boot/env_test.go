package boot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenwright/tokenwright/internal/boot"
)

func env(values map[string]string) *boot.Env {
	return boot.NewEnv(func(name string) (string, bool) { s, ok := values[name]; return s, ok })
}

func TestEverythingWrongIsNamedAtOnce(t *testing.T) {
	e := env(map[string]string{"EMPTY": "", "DAYS": "ten", "MANY": "9999"})
	e.Required("EMPTY")
	e.Required("ABSENT")
	e.Days("DAYS", 1, 1, 3650)
	e.Days("MANY", 1, 1, 3650)
	e.Fail("OTHER", "just so")
	for _, name := range []string{"EMPTY", "ABSENT", "DAYS", "MANY", "OTHER"} {
		if err := e.Err(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestDefaultsStandInForWhatIsEmpty(t *testing.T) {
	e := env(map[string]string{"EMPTY": "", "SET": "x", "DAYS": "30"})
	if e.Optional("EMPTY", "d") != "d" || e.Optional("ABSENT", "d") != "d" || e.Optional("SET", "d") != "x" || e.Required("SET") != "x" {
		t.Error("wrong strings")
	}
	if e.Days("DAYS", 1, 1, 60) != 30*24*time.Hour || e.Days("ABSENT", 2, 1, 60) != 48*time.Hour {
		t.Error("wrong days")
	}
	if e.Err() != nil {
		t.Error(e.Err())
	}
}
