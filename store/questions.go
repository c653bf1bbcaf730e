package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// questionRow is a question with its text. What lists questions has rows without: see itemRow.
type questionRow struct {
	bun.BaseModel `bun:"table:questions"`

	ExamID   string `bun:",pk"`
	ID       string `bun:",pk"`
	Position int64
	Prepare  int64 // microseconds
	Answer   int64 // microseconds
	Text     string
}

func (r questionRow) question() exam.Question {
	return exam.Question{ID: r.ID, Text: r.Text, Prepare: time.Duration(r.Prepare) * time.Microsecond, Answer: time.Duration(r.Answer) * time.Microsecond}
}

// Questions gives questions of an exam with their texts, in their order; identifiers that it does not have are left out.
//
// It is the only function that reads the texts, and only the server's code that releases questions may call it, with identifiers
// that exam.Interview.Released gave for a candidate at this moment: every other caller is a way on which a question gets out before
// its time. QuestionItems is for everybody else.
func (s *Store) Questions(ctx context.Context, examID string, ids []string) ([]exam.Question, error) {
	if len(ids) == 0 {
		return nil, nil // IN () is no SQL
	}
	for _, id := range ids {
		if text("identifier", id) != nil {
			return nil, nil
		}
	}
	var rows []questionRow
	err := s.list(ctx, &rows, "questions of exam "+examID, "position", "exam_id = ? AND id IN (?)", examID, bun.List(ids))
	return convert(rows, questionRow.question), err
}
