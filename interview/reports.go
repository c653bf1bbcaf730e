package interview

import (
	"context"

	"github.com/trivue/trivue/exam"
)

// Refused is a report that is not logged, and why.
type Refused struct {
	ID  string
	Why string
}

// Report logs what a browser reports, each report once however often it is sent. One bad report does not keep the others out. Neither
// those that were taken nor those that were refused need be sent again.
func (s Service) Report(ctx context.Context, attemptID, source string, reports []exam.Report) (taken []string, refused []Refused, err error) {
	taken = []string{}
	var events []exam.Event
	for _, r := range reports {
		if err := r.Validate(); err != nil {
			refused = append(refused, Refused{ID: r.ID, Why: err.Error()})
			continue
		}
		e := r.Event(source)
		// What cannot be made canonical (a number that is none, a lone surrogate) would keep all others out.
		if _, err := e.Follow(nil, s.Now()); err != nil {
			refused = append(refused, Refused{ID: r.ID, Why: err.Error()})
			continue
		}
		events, taken = append(events, e), append(taken, r.ID)
	}
	if len(events) == 0 {
		return taken, refused, nil
	}
	added, err := s.Store.Log(ctx, attemptID, events, s.Now())
	if err != nil {
		return nil, nil, err
	}
	if len(added) > 0 {
		s.Notifier.AttemptChanged(attemptID)
	}
	return taken, refused, nil
}
