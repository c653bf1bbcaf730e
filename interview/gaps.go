package interview

import (
	"context"
	"slices"
	"time"

	"github.com/trivue/trivue/exam"
)

// Gaps gives the times of answering in which a recording was missing that there should have been, with their causes; none before
// answering has begun. The phone's is one of those where there was a phone.
func (s Service) Gaps(ctx context.Context, i Interview) ([]exam.Gap, error) {
	now := s.Now()
	if _, _, any := answered(i, now); !any {
		return nil, nil
	}
	log, err := s.Store.EventsOf(ctx, i.Attempt.ID, exam.EventTakeBegan, exam.EventTakeEnded)
	if err != nil {
		return nil, err
	}
	return gapsOf(i, log, now)
}

func gapsOf(i Interview, log []exam.Event, now time.Time) ([]exam.Gap, error) {
	from, to, any := answered(i, now)
	if !any {
		return nil, nil
	}
	kinds := slices.Clone(exam.LaptopKinds)
	if i.Attempt.Course.Phone.Bound() {
		kinds = append(kinds, exam.Phone)
	}
	return exam.Gaps(log, kinds, from, to)
}

// answered is the time in which the candidate has answered up to now, if there is any.
func answered(i Interview, now time.Time) (from, to time.Time, any bool) {
	from, to = i.Start(), i.End()
	entered := i.Attempt.Course.Done[exam.Entry]
	if entered.IsZero() || now.Before(from) {
		return from, to, false
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
	return from, to, true
}
