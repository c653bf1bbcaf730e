package interview

import (
	"context"

	"github.com/trivue/trivue/exam"
)

// Gaps gives the times of answering in which a recording was missing that there should have been, with their causes; none before
// answering has begun. The phone's is one of those where there was a phone.
func (s Service) Gaps(ctx context.Context, i Interview) ([]exam.Gap, error) {
	now, from, to := s.Now(), i.Start(), i.End()
	entered := i.Attempt.Course.Done[exam.Entry]
	if entered.IsZero() || now.Before(from) {
		return nil, nil
	}
	// Who entered late had nothing to record before.
	if entered.After(from) {
		from = entered
	}
	if ended := i.Attempt.Course.Ended; ended != nil {
		to = ended.At
	}
	if now.Before(to) {
		to = now
	}
	log, err := s.Store.EventsOf(ctx, i.Attempt.ID, exam.EventTakeBegan, exam.EventTakeEnded)
	if err != nil {
		return nil, err
	}
	kinds := []exam.Kind{exam.Camera, exam.Screen}
	if i.Attempt.Course.Phone.Bound() {
		kinds = append(kinds, exam.Phone)
	}
	return exam.Gaps(log, kinds, from, to)
}
