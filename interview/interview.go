// Package interview runs interviews: it applies the rules of exam to the rows of the database, one attempt at a time, and keeps the
// log of what happened. It knows no HTTP and no files.
package interview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Store is what interviews need of the database.
type Store interface {
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	AttemptOf(ctx context.Context, examID, ticket string) (exam.Attempt, error)
	Exam(ctx context.Context, id string) (exam.Exam, error)
	Candidate(ctx context.Context, examID, ticket string) (exam.Candidate, error)
	QuestionItems(ctx context.Context, examID string) ([]exam.Item, error)
	Questions(ctx context.Context, examID string, ids []string) ([]exam.Question, error)
	ExamAttachments(ctx context.Context, examID string) ([]exam.Attachment, error)
	ChangeCourse(ctx context.Context, next exam.Attempt, events []exam.Event, now time.Time) error
	Log(ctx context.Context, attemptID string, events []exam.Event, now time.Time) ([]exam.Event, error)
	EventsOf(ctx context.Context, attemptID string, kinds ...exam.EventKind) ([]exam.Event, error)
	OngoingAttempts(ctx context.Context) ([]string, error)
	PhoneCode(ctx context.Context, code string, now time.Time) (store.PhoneCode, error)
	BindPhone(ctx context.Context, code string, session store.PhoneSession, next exam.Attempt, events []exam.Event) error
}

// Notifier is told which attempt has changed. It must not block.
type Notifier interface{ AttemptChanged(attemptID string) }

// Service runs interviews. Its methods are safe for concurrent use, also by several processes on one database.
type Service struct {
	Store    Store
	Notifier Notifier
	Now      func() time.Time
}

// Interview is an attempt's interview with the documents that belong to it.
type Interview struct {
	exam.Interview
	Documents []exam.Attachment
}

// Document gives an attachment by its identifier.
func (i Interview) Document(id string) (exam.Attachment, bool) {
	for _, d := range i.Documents {
		if d.ID == id {
			return d, true
		}
	}
	return exam.Attachment{}, false
}

// Load reads an interview. The error wraps store.ErrNotFound for an unknown attempt, and for one that has no candidate: such an attempt
// was made by staff for recordings that come from elsewhere.
func (s Service) Load(ctx context.Context, attemptID string) (Interview, error) {
	a, err := s.Store.Attempt(ctx, attemptID)
	if err != nil {
		return Interview{}, err
	}
	i := Interview{Interview: exam.Interview{Attempt: a}}
	if i.Exam, err = s.Store.Exam(ctx, a.ExamID); err != nil {
		return Interview{}, err
	}
	if i.Candidate, err = s.Store.Candidate(ctx, a.ExamID, a.Ticket); err != nil {
		return Interview{}, err
	}
	if i.Items, err = s.Store.QuestionItems(ctx, a.ExamID); err != nil {
		return Interview{}, err
	}
	if i.Documents, err = s.Store.ExamAttachments(ctx, a.ExamID); err != nil {
		return Interview{}, err
	}
	for _, d := range i.Documents {
		i.Attachments = append(i.Attachments, d.ID)
	}
	return i, nil
}

// mostTries bounds how often a command is applied anew because somebody else was faster.
const mostTries = 20

// Do applies a command to an attempt, and gives the interview after it. An exam.Refusal says that it is not possible now.
func (s Service) Do(ctx context.Context, attemptID string, command exam.Command) (Interview, error) {
	return s.do(ctx, attemptID, command, func(next exam.Attempt, events []exam.Event, now time.Time) error {
		return s.Store.ChangeCourse(ctx, next, events, now)
	})
}

// do applies a command to an attempt, and keeps what has become of it; store.ErrConflict has it applied to what is there now.
func (s Service) do(ctx context.Context, attemptID string, command exam.Command, keep func(next exam.Attempt, events []exam.Event, now time.Time) error) (Interview, error) {
	for try := 0; ; try++ {
		i, err := s.Load(ctx, attemptID)
		if err != nil {
			return Interview{}, err
		}
		now := s.Now()
		next, happened, err := i.Apply(command, now)
		if err != nil {
			return Interview{}, err
		}
		if len(happened) == 0 {
			return i, nil
		}
		events, err := eventsOf(happened)
		if err != nil {
			return Interview{}, err
		}
		err = keep(next, events, now)
		switch {
		case err == nil:
			i.Attempt = next
			s.Notifier.AttemptChanged(attemptID)
			return i, nil
		case !errors.Is(err, store.ErrConflict) || try == mostTries:
			return Interview{}, err
		}
	}
}

func eventsOf(happened []exam.Happening) ([]exam.Event, error) {
	events := make([]exam.Event, len(happened))
	for n, h := range happened {
		var err error
		if events[n], err = h.Event(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// Note adds to an attempt's log what changes nothing of its course.
func (s Service) Note(ctx context.Context, attemptID string, happened ...exam.Happening) error {
	events, err := eventsOf(happened)
	if err != nil {
		return err
	}
	if _, err := s.Store.Log(ctx, attemptID, events, s.Now()); err != nil {
		return err
	}
	s.Notifier.AttemptChanged(attemptID)
	return nil
}

// AdvanceAll notes, for every attempt whose candidate has entered and which has not ended, what has come by the time alone, also where
// nobody asks for it any more.
func (s Service) AdvanceAll(ctx context.Context) error {
	ids, err := s.Store.OngoingAttempts(ctx)
	if err != nil {
		return fmt.Errorf("ongoing attempts: %w", err)
	}
	var errs []error
	for _, id := range ids {
		if _, err := s.Do(ctx, id, exam.Advance{}); err != nil {
			errs = append(errs, fmt.Errorf("attempt %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}
