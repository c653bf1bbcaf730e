package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

type candidateRow struct {
	bun.BaseModel `bun:"table:candidates"`

	ExamID string `bun:",pk"`
	Ticket string `bun:",pk"`
	Name   string
	IDTail string
	Photo  string
}

func (r candidateRow) candidate() exam.Candidate {
	return exam.Candidate{ExamID: r.ExamID, Ticket: r.Ticket, Name: r.Name, IDTail: r.IDTail, Photo: r.Photo}
}

// itemRow is a question without its text: no statement that is made from it can read one.
type itemRow struct {
	bun.BaseModel `bun:"table:questions"`

	ID       string `bun:",pk"`
	Position int64
	Prepare  int64 // microseconds
	Answer   int64 // microseconds
}

func (r itemRow) item() exam.Item {
	return exam.Item{ID: r.ID, Prepare: time.Duration(r.Prepare) * time.Microsecond, Answer: time.Duration(r.Answer) * time.Microsecond}
}

type attachmentRow struct {
	bun.BaseModel `bun:"table:attachments"`

	ExamID    string `bun:",pk"`
	ID        string `bun:",pk"`
	Position  int64
	Title     string
	MIME      string `bun:"mime"`
	Size      int64
	SHA256    string `bun:"sha256"`
	ObjectKey string
}

func (r attachmentRow) attachment() exam.Attachment {
	return exam.Attachment{ID: r.ID, Title: r.Title, MIME: r.MIME, Size: r.Size, SHA256: r.SHA256, Key: r.ObjectKey}
}

// Candidates gives an exam's candidates by ticket; none for an unknown exam.
func (s *Store) Candidates(ctx context.Context, examID string) ([]exam.Candidate, error) {
	var rows []candidateRow
	err := s.list(ctx, &rows, "candidates of exam "+examID, "ticket", "exam_id = ?", examID)
	return convert(rows, candidateRow.candidate), err
}

// Candidate gives the candidate who has a ticket in an exam, or ErrNotFound.
func (s *Store) Candidate(ctx context.Context, examID, ticket string) (exam.Candidate, error) {
	var row candidateRow
	err := s.get(ctx, &row, fmt.Sprintf("candidate %s of exam %s", ticket, examID), "exam_id = ? AND ticket = ?", examID, ticket)
	return row.candidate(), err
}

// AttemptOf gives the attempt of the candidate who has a ticket in an exam, or ErrNotFound.
func (s *Store) AttemptOf(ctx context.Context, examID, ticket string) (exam.Attempt, error) {
	var row attemptRow
	err := s.get(ctx, &row, fmt.Sprintf("attempt of candidate %s of exam %s", ticket, examID), "exam_id = ? AND ticket = ?", examID, ticket)
	return row.attempt(), err
}

// QuestionItems gives what the rules need to know of an exam's questions, in their order: never a text.
func (s *Store) QuestionItems(ctx context.Context, examID string) ([]exam.Item, error) {
	var rows []itemRow
	err := s.list(ctx, &rows, "questions of exam "+examID, "position", "exam_id = ?", examID)
	return convert(rows, itemRow.item), err
}

// ExamAttachments gives an exam's documents in their order.
func (s *Store) ExamAttachments(ctx context.Context, examID string) ([]exam.Attachment, error) {
	var rows []attachmentRow
	err := s.list(ctx, &rows, "attachments of exam "+examID, "position", "exam_id = ?", examID)
	return convert(rows, attachmentRow.attachment), err
}
