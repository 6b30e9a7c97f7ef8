package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/tokenwright/tokenwright/internal/audit"
	"github.com/tokenwright/tokenwright/internal/job"
	"github.com/tokenwright/tokenwright/internal/retry"
	"github.com/tokenwright/tokenwright/internal/route"
	"github.com/tokenwright/tokenwright/internal/store"
	"github.com/tokenwright/tokenwright/internal/token"
	"github.com/tokenwright/tokenwright/internal/user"
)

// refused notes in the audit that somebody tried to change something of their account and was not let, and returns err. What
// could not be read or makes no sense is no attempt and leaves no trace. An attempt that cannot be noted stays refused: the
// caller is told of the outage.
func (m *Manager) refused(ctx context.Context, c Caller, action audit.Action, target string, err error) error {
	return m.noted(ctx, c, action, target, err, func() (bool, error) { return true, nil })
}

// refusedUnread is refused for what has not been read, because the caller may not change it whosever it is. It is read now,
// when that cannot change the answer any more, to tell whether the account has it at all: what is noted of another account's
// token must not lie where the events of that token lie, and who makes ids up must not fill the audit with them.
func (m *Manager) refusedUnread(ctx context.Context, c Caller, action audit.Action, target string, err error) error {
	return m.noted(ctx, c, action, target, err, func() (bool, error) { return m.has(ctx, c, target) })
}

func (m *Manager) noted(ctx context.Context, c Caller, action audit.Action, target string, err error, ours func() (bool, error)) error {
	var r *Refusal
	if !errors.As(err, &r) || !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrConflict) {
		return err
	}
	event, fault := m.event(c, m.now(), action, target)
	if fault != nil {
		return fault
	}
	known, fault := ours()
	event.Refused, event.Stray = r.Code, !known
	if fault == nil {
		fault = m.note(ctx, event)
	}
	if fault != nil {
		return fmt.Errorf("noting a refused attempt: %w", fault)
	}
	return err
}

// note counts an attempt in the event that tells of its like within the minute, or writes the first one.
func (m *Manager) note(ctx context.Context, event audit.Event) error {
	err := retry.Do(ctx, retry.Ending, inTheirWay, func(ctx context.Context) error {
		tally, err := m.Store.Tally(ctx, event.Account, event.Actor.User, audit.MinuteOf(event.Time))
		if err != nil {
			return err
		}
		told := event
		kind, id := tally.Place(&told)
		if id != "" {
			return m.Store.Count(ctx, event.Account, id)
		}
		return m.Store.Note(ctx, tally, kind, told)
	})
	if inTheirWay(err) { // and no reason to try the change itself again
		return fmt.Errorf("%w: %s", token.ErrUnavailable, err.Error())
	}
	return err
}

func isChanged(err error) bool { return errors.Is(err, store.ErrChanged) }

// inTheirWay says whether a write was turned down for what others write.
func inTheirWay(err error) bool { return isChanged(err) || errors.Is(err, store.ErrBusy) }

// has says whether the caller's account has what an id names: a token, a user, or the rules of an API.
func (m *Manager) has(ctx context.Context, c Caller, target string) (bool, error) {
	var err error
	if id, bad := token.ParseID(target); bad == nil {
		_, err = m.find(ctx, c, id, m.now())
	} else if id, bad := user.ParseID(target); bad == nil {
		_, err = m.findUser(ctx, c, id)
	} else if id, bad := job.ParseID(target); bad == nil {
		_, err = m.Store.Job(ctx, c.Account, id)
	} else if err = route.ErrNotFound; m.isOperator(c) {
		_, err = m.rulesOf(ctx, route.APIID(target))
	}
	switch {
	case errors.Is(err, token.ErrNotFound), errors.Is(err, user.ErrNotFound), errors.Is(err, job.ErrNotFound), errors.Is(err, route.ErrNotFound):
		return false, nil
	default:
		return err == nil, err
	}
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
