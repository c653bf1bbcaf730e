package store

import (
	"context"
	"errors"
	"fmt"
)

// candidates adds, changes and removes candidates, with an attempt for each.
func (i *importing) candidates(ctx context.Context) error {
	var before []candidateRow
	if err := i.tx.NewSelect().Model(&before).Where("exam_id = ?", i.Exam.ID).OrderExpr("ticket").Scan(ctx); err != nil {
		return err
	}
	left := make(map[string]candidateRow, len(before))
	for _, r := range before {
		left[r.Ticket] = r
		i.dropped = append(i.dropped, r.Photo)
	}
	d := &i.changes.Candidates
	var write []candidateRow
	for _, p := range i.Candidates {
		row := candidateRow{ExamID: i.Exam.ID, Ticket: p.Ticket, Name: p.Name, IDTail: p.IDTail, Photo: p.Photo}
		old, was := left[p.Ticket]
		delete(left, p.Ticket)
		d.note(p.Ticket, was, old == row)
		if old != row {
			write = append(write, row)
		}
	}
	if len(write) > 0 {
		_, err := i.tx.NewInsert().Model(&write).On("CONFLICT (exam_id, ticket) DO UPDATE").
			Set("name = EXCLUDED.name, id_tail = EXCLUDED.id_tail, photo = EXCLUDED.photo").Exec(ctx)
		if err != nil {
			return err
		}
	}
	for _, r := range before {
		if _, gone := left[r.Ticket]; !gone {
			continue
		}
		d.Removed = append(d.Removed, r.Ticket)
		if i.entered[r.Ticket] {
			i.refuse("candidate %s cannot be removed: they have entered already", r.Ticket)
			continue
		}
		if err := i.removeCandidate(ctx, r.Ticket); err != nil {
			return err
		}
	}
	return i.addAttempts(ctx)
}

// removeCandidate removes a candidate who has not entered, with the attempt.
func (i *importing) removeCandidate(ctx context.Context, ticket string) error {
	attempt := i.tx.NewSelect().Model((*attemptRow)(nil)).Column("id").Where("exam_id = ? AND ticket = ?", i.Exam.ID, ticket)
	for _, of := range []any{(*uploadTokenRow)(nil), (*stageRow)(nil)} {
		if _, err := i.tx.NewDelete().Model(of).Where("attempt_id IN (?)", attempt).Exec(ctx); err != nil {
			return err
		}
	}
	for _, of := range []any{(*attemptRow)(nil), (*candidateRow)(nil)} {
		_, err := i.tx.NewDelete().Model(of).Where("exam_id = ? AND ticket = ?", i.Exam.ID, ticket).Exec(ctx)
		if err = translate(err); errors.Is(err, ErrNotFound) {
			// Something that must not go with them refers to the attempt: pictures, a log, a recording that has just begun.
			return fmt.Errorf("candidate %s cannot be removed: they have begun already: %w", ticket, ErrState)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// addAttempts gives an attempt to every candidate who has none.
func (i *importing) addAttempts(ctx context.Context) error {
	var tickets []string
	if err := i.tx.NewSelect().Model((*attemptRow)(nil)).Column("ticket").Where("exam_id = ?", i.Exam.ID).Scan(ctx, &tickets); err != nil {
		return err
	}
	has := make(map[string]bool, len(tickets))
	for _, t := range tickets {
		has[t] = true
	}
	var rows []attemptRow
	for _, p := range i.Candidates {
		if !has[p.Ticket] {
			rows = append(rows, attemptRow{ID: i.NewID(), ExamID: i.Exam.ID, Ticket: p.Ticket, CreatedAt: instant{i.Now}})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := i.tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}
