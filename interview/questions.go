package interview

import (
	"context"
	"fmt"
	"time"

	"github.com/trivue/trivue/exam"
)

// Released is a question whose time has come.
type Released struct {
	Number int // from 1 in the exam
	Text   string
	exam.Slot
}

// Paper is what a candidate may see of the questions.
type Paper struct {
	Total    int
	Released []Released
	Next     time.Time // when the next one is released; zero after the last
	Ends     time.Time // zero where a rehearsal has no start yet
}

// Questions gives the questions that are released for an attempt now. It is the only way on which a question's text leaves the database.
func (s Service) Questions(ctx context.Context, attemptID string) (Paper, error) {
	i, err := s.Load(ctx, attemptID)
	if err != nil {
		return Paper{}, err
	}
	now := s.Now()
	p := Paper{Total: len(i.Items), Ends: i.Times().End}
	slots := i.Released(now)
	if len(slots) == 0 {
		p.Next = i.Times().Start
		return p, nil
	}
	ids := make([]string, len(slots))
	for n, slot := range slots {
		ids[n] = slot.ID
	}
	questions, err := s.Store.Questions(ctx, i.Exam.ID, ids)
	if err != nil {
		return Paper{}, fmt.Errorf("released questions: %w", err)
	}
	texts := make(map[string]string, len(questions))
	for _, q := range questions {
		texts[q.ID] = q.Text
	}
	for n, slot := range slots {
		p.Released = append(p.Released, Released{Number: n + 1, Text: texts[slot.ID], Slot: slot})
	}
	if all := i.Slots(); len(slots) < len(all) && i.Attempt.Course.Ended == nil {
		p.Next = all[len(slots)].From
	}
	return p, nil
}
