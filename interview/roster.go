package interview

import (
	"context"
	"fmt"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Roster is how an exam's candidates are.
type Roster struct {
	Exam      exam.Exam
	Items     []exam.Item
	Standings []Standing // by ticket
	// Phones are what phones said when that was last written, by attempt.
	Phones map[string]store.PhoneStatus
}

// Standing is how one candidate is.
type Standing struct {
	Interview
	SignedIn     bool
	Conversation []Message
	Stills       []store.Still
	Takes        []exam.Take
	Gaps         []exam.Gap // as Service.Gaps gives them
}

// Roster reads how all candidates of an exam are. The error wraps store.ErrNotFound for an unknown exam.
func (s Service) Roster(ctx context.Context, examID string) (Roster, error) {
	e, err := s.Store.Exam(ctx, examID)
	if err != nil {
		return Roster{}, err
	}
	items, err := s.Store.QuestionItems(ctx, examID)
	if err != nil {
		return Roster{}, err
	}
	documents, err := s.Store.ExamAttachments(ctx, examID)
	if err != nil {
		return Roster{}, err
	}
	now := s.Now()
	rows, err := s.Store.Roster(ctx, examID, now, exam.EventHelpAsked, exam.EventHelpAnswered, exam.EventTakeBegan, exam.EventTakeEnded)
	if err != nil {
		return Roster{}, err
	}
	roster := Roster{Exam: e, Items: items, Phones: rows.Phones}
	for _, c := range rows.Candidates {
		a, ok := rows.Attempts[c.Ticket]
		if !ok {
			return Roster{}, fmt.Errorf("candidate %s has no attempt: %w", c.Ticket, store.ErrNotFound)
		}
		standing := Standing{Interview: withDocuments(exam.Interview{Exam: e, Items: items, Candidate: c, Attempt: a}, documents),
			SignedIn: rows.SignedIn[a.ID], Stills: rows.Stills[a.ID], Takes: rows.Takes[a.ID]}
		var helped, took []exam.Event
		for _, event := range rows.Events[a.ID] {
			if event.Kind == exam.EventHelpAsked || event.Kind == exam.EventHelpAnswered {
				helped = append(helped, event)
			} else {
				took = append(took, event)
			}
		}
		if standing.Conversation, err = conversationOf(helped); err != nil {
			return Roster{}, fmt.Errorf("attempt %s: %w", a.ID, err)
		}
		if standing.Gaps, err = gapsOf(standing.Interview, took, now); err != nil {
			return Roster{}, fmt.Errorf("attempt %s: %w", a.ID, err)
		}
		roster.Standings = append(roster.Standings, standing)
	}
	return roster, nil
}
