package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/trivue/trivue/exam"
	"github.com/uptrace/bun"
)

type examRow struct {
	bun.BaseModel `bun:"table:exams"`

	ID           string `bun:",pk"`
	Title        string
	StartsAt     instant
	CreatedAt    instant
	Rehearsal    bool
	Policy       policy
	Pledge       string
	PledgeSHA256 string `bun:"pledge_sha256"`
}

func newExamRow(e exam.Exam) examRow {
	return examRow{ID: e.ID, Title: e.Title, StartsAt: instant{e.StartsAt}, CreatedAt: instant{e.CreatedAt}, Rehearsal: e.Rehearsal, Policy: policy(e.Policy),
		Pledge: e.Pledge.Text, PledgeSHA256: e.Pledge.SHA256}
}

func (r examRow) exam() exam.Exam {
	return exam.Exam{ID: r.ID, Title: r.Title, StartsAt: r.StartsAt.Time, CreatedAt: r.CreatedAt.Time, Rehearsal: r.Rehearsal, Policy: exam.Policy(r.Policy),
		Pledge: exam.Pledge{Text: r.Pledge, SHA256: r.PledgeSHA256}}
}

// policy is an exam's policy as it is kept: JSON. Exams from before there was one are kept without, and have the default.
type policy exam.Policy

func (p policy) Value() (driver.Value, error) {
	b, err := json.Marshal(exam.Policy(p))
	return string(b), err
}

func (p *policy) Scan(src any) error {
	var kept []byte
	switch v := src.(type) {
	case string:
		kept = []byte(v)
	case []byte:
		kept = v
	default:
		return fmt.Errorf("a policy is kept as text, not as %T", src)
	}
	if len(kept) == 0 {
		*p = policy(exam.DefaultPolicy())
		return nil
	}
	*p = policy{Phone: exam.DefaultPolicy().Phone} // of exams from before phones had one
	if err := json.Unmarshal(kept, (*exam.Policy)(p)); err != nil {
		return fmt.Errorf("decode policy: %w", err)
	}
	return nil
}

type attemptRow struct {
	bun.BaseModel `bun:"table:attempts"`

	ID        string `bun:",pk"`
	ExamID    string
	Ticket    string
	CreatedAt instant
	Revision  int64
	Course    exam.Course `bun:"type:text"` // JSON
	Version   int64
	Ongoing   bool
}

func (r attemptRow) attempt() exam.Attempt {
	return exam.Attempt{ID: r.ID, ExamID: r.ExamID, Ticket: r.Ticket, CreatedAt: r.CreatedAt.Time, Revision: r.Revision, Course: r.Course, Version: r.Version}
}

// CreateExam adds an exam; one without any policy gets the default. An ID that exists is ErrConflict.
func (s *Store) CreateExam(ctx context.Context, e exam.Exam) error {
	if reflect.ValueOf(e.Policy).IsZero() {
		e.Policy = exam.DefaultPolicy()
	}
	if err := checkExam(e); err != nil {
		return fmt.Errorf("create exam: %w", err)
	}
	row := newExamRow(e)
	return s.insert(ctx, &row, "exam "+e.ID)
}

func checkExam(e exam.Exam) error {
	if err := identified("exam ID", e.ID, "title", e.Title, "support", e.Policy.Support, "pledge", e.Pledge.Text, "SHA-256 of the pledge", e.Pledge.SHA256); err != nil {
		return err
	}
	if err := e.Policy.Validate(); err != nil {
		return fmt.Errorf("policy of exam %s: %w (%w)", e.ID, err, ErrInvalid)
	}
	return nil
}

// Exam gives an exam, or ErrNotFound.
func (s *Store) Exam(ctx context.Context, id string) (exam.Exam, error) {
	var row examRow
	err := s.get(ctx, &row, "exam "+id, "id = ?", id)
	return row.exam(), err
}

// Exams gives all exams, the latest start first.
func (s *Store) Exams(ctx context.Context) ([]exam.Exam, error) {
	var rows []examRow
	err := s.list(ctx, &rows, "exams", "COALESCE(starts_at, 0) DESC, created_at DESC, id", "TRUE")
	return convert(rows, examRow.exam), err
}

// CreateAttempt adds an attempt. A ticket that the exam already has is ErrConflict, an unknown exam ErrNotFound.
func (s *Store) CreateAttempt(ctx context.Context, a exam.Attempt) error {
	if err := identified("attempt ID", a.ID, "exam ID", a.ExamID, "ticket", a.Ticket); err != nil {
		return fmt.Errorf("create attempt: %w", err)
	}
	row := attemptRow{ID: a.ID, ExamID: a.ExamID, Ticket: a.Ticket, CreatedAt: instant{a.CreatedAt}, Revision: a.Revision,
		Course: a.Course, Version: a.Version, Ongoing: a.Course.Ongoing()}
	return s.insert(ctx, &row, fmt.Sprintf("attempt %s of exam %s", a.ID, a.ExamID))
}

// Attempt gives an attempt, or ErrNotFound.
func (s *Store) Attempt(ctx context.Context, id string) (exam.Attempt, error) {
	var row attemptRow
	err := s.get(ctx, &row, "attempt "+id, "id = ?", id)
	return row.attempt(), err
}

// Attempts gives the attempts of an exam in the order in which they were created; none for an unknown exam.
func (s *Store) Attempts(ctx context.Context, examID string) ([]exam.Attempt, error) {
	var rows []attemptRow
	err := s.list(ctx, &rows, "attempts of exam "+examID, "created_at, id", "exam_id = ?", examID)
	return convert(rows, attemptRow.attempt), err
}

func convert[Row, T any](rows []Row, f func(Row) T) []T {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = f(r)
	}
	return list
}
