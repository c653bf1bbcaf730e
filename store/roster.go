package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// Roster is what a list of an exam's candidates is made of. It takes as many statements for a thousand candidates as for one.
type Roster struct {
	Candidates []exam.Candidate        // by ticket
	Attempts   map[string]exam.Attempt // by ticket
	// The others are by attempt.
	SignedIn map[string]bool
	Stills   map[string][]Still      // by side
	Takes    map[string][]exam.Take  // in the order of exam.Kinds and then as they were made
	Events   map[string][]exam.Event // of the kinds that were asked for, in their order
	Phones   map[string]PhoneStatus
}

const ofExam = "attempt_id IN (SELECT id FROM attempts WHERE exam_id = ?)"

// Roster reads an exam's candidates, who of them is signed in at now, and the events of the kinds; nothing for an unknown exam. A candidate
// without an attempt has none in Attempts.
func (s *Store) Roster(ctx context.Context, examID string, now time.Time, kinds ...exam.EventKind) (Roster, error) {
	fail := func(err error) (Roster, error) { return Roster{}, fmt.Errorf("roster: %w", err) }
	what := " of exam " + examID
	candidates, err := s.Candidates(ctx, examID)
	if err != nil {
		return fail(err)
	}
	attempts, err := s.Attempts(ctx, examID)
	if err != nil {
		return fail(err)
	}
	var sessions []candidateSessionRow
	if err := s.list(ctx, &sessions, "sessions"+what, "attempt_id", ofExam+" AND expires_at > ?", examID, instant{now}); err != nil {
		return fail(err)
	}
	var stills []stillRow
	if err := s.list(ctx, &stills, "stills"+what, "attempt_id, side", ofExam, examID); err != nil {
		return fail(err)
	}
	var takes []takeRow
	if err := s.list(ctx, &takes, "takes"+what, takesInOrder, ofExam, examID); err != nil {
		return fail(err)
	}
	names := make([]string, len(kinds))
	for n, k := range kinds {
		names[n] = string(k)
	}
	var events []eventRow
	if err := s.list(ctx, &events, "events"+what, "attempt_id, n", ofExam+" AND kind IN (?)", examID, bun.List(names)); err != nil {
		return fail(err)
	}
	var phones []phoneStatusRow
	if err := s.list(ctx, &phones, "phones"+what, "attempt_id", ofExam, examID); err != nil {
		return fail(err)
	}
	r := Roster{Candidates: candidates, Attempts: map[string]exam.Attempt{}, SignedIn: map[string]bool{},
		Stills: map[string][]Still{}, Takes: map[string][]exam.Take{}, Events: map[string][]exam.Event{}, Phones: map[string]PhoneStatus{}}
	for _, a := range attempts {
		r.Attempts[a.Ticket] = a
	}
	for _, row := range sessions {
		r.SignedIn[row.AttemptID] = true
	}
	for _, row := range stills {
		r.Stills[row.AttemptID] = append(r.Stills[row.AttemptID], row.still())
	}
	for _, row := range takes {
		r.Takes[row.AttemptID] = append(r.Takes[row.AttemptID], row.take())
	}
	for _, row := range phones {
		r.Phones[row.AttemptID] = row.status()
	}
	for _, row := range events {
		r.Events[row.AttemptID] = append(r.Events[row.AttemptID], row.event())
	}
	return r, nil
}
