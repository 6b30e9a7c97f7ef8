package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenwright/tokenwright/internal/audit"
)

// refused notes in the audit that somebody tried to change something and was not let, and returns err. What could not
// be read or makes no sense is no attempt and leaves no trace. An attempt that cannot be noted stays refused: the caller
// is told of the outage.
func (m *Manager) refused(ctx context.Context, c Caller, action audit.Action, target string, err error) error {
	var r *Refusal
	if !errors.As(err, &r) || !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrConflict) {
		return err
	}
	event, fault := m.event(c, m.now(), action, target)
	if fault != nil {
		return fault
	}
	event.Refused = r.Code
	if fault := m.Store.Note(ctx, event); fault != nil {
		return fmt.Errorf("noting a refused attempt: %w", fault)
	}
	return err
}

// atVersion refuses a change meant for another version; 0 = any.
func atVersion(what string, is, want int64) error {
	if want == 0 || want == is {
		return nil
	}
	return &Refusal{
		Root: ErrPrecondition, Code: "version_mismatch",
		Detail: fmt.Sprintf("The %s is at version %d. Read it again and decide anew.", what, is),
	}
}
