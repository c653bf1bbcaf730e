package interview

import (
	"context"

	"github.com/trivue/trivue/exam"
)

// Gaps gives the times of answering in which the candidate's camera or screen was not recorded, with their causes; none before
// answering has begun.
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
	return exam.Gaps(log, []exam.Kind{exam.Camera, exam.Screen}, from, to)
}
