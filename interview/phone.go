package interview

import (
	"context"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// BindPhone binds a phone to the attempt that a code belongs to, and gives its session. Session says token and expiry; the rest comes
// from the attempt. Whoever films meanwhile is replaced. The error wraps store.ErrNotFound where the code is wrong, used or too old.
func (s Service) BindPhone(ctx context.Context, code, agent string, session store.PhoneSession) (store.PhoneSession, error) {
	found, err := s.Store.PhoneCode(ctx, code, s.Now())
	if err != nil {
		return store.PhoneSession{}, err
	}
	session.AttemptID = found.AttemptID
	_, err = s.do(ctx, found.AttemptID, exam.Bind{Agent: agent}, func(next exam.Attempt, events []exam.Event, now time.Time) error {
		session.Binding, session.CreatedAt = next.Course.Phone.Bindings, now
		return s.Store.BindPhone(ctx, code, session, next, events)
	})
	return session, err
}
