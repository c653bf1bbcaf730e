package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/trivue/trivue/exam"
)

// RehearsedTakes gives the takes of rehearsals that were begun before a time, in whatever state, the oldest first.
func (s *Store) RehearsedTakes(ctx context.Context, before time.Time) ([]exam.Take, error) {
	var rows []takeRow
	err := s.list(ctx, &rows, "takes of rehearsals", "created_at, id",
		"created_at < ? AND attempt_id IN (SELECT a.id FROM attempts a JOIN exams e ON e.id = a.exam_id WHERE e.rehearsal)", instant{before})
	return convert(rows, takeRow.take), err
}

// ForgetTake deletes everything that the database knows of a take, as if it had never been; its attempt's revision grows. The log keeps
// what was said of it. A take that does not exist is no error.
func (s *Store) ForgetTake(ctx context.Context, takeID string) error {
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := bumpRevision(ctx, tx, takeID); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM stages WHERE take_id = ?",
			"DELETE FROM chains WHERE take_id = ?",
			"DELETE FROM upload_infos WHERE upload_id = (SELECT upload_id FROM takes WHERE id = ?)",
			"DELETE FROM takes WHERE id = ?",
		} {
			if _, err := tx.ExecContext(ctx, statement, takeID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget take %s: %w", takeID, translate(err))
	}
	return nil
}

// ForgetResults deletes what the database knows of an attempt's results: its own stages, objects and stills, and what its phone said last. The objects themselves are
// the caller's to delete before.
func (s *Store) ForgetResults(ctx context.Context, attemptID string) error {
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, statement := range []string{
			"DELETE FROM stages WHERE attempt_id = ? AND take_id = ''",
			"DELETE FROM objects WHERE attempt_id = ?",
			"DELETE FROM stills WHERE attempt_id = ?",
			"DELETE FROM phone_status WHERE attempt_id = ?",
		} {
			if _, err := tx.ExecContext(ctx, statement, attemptID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget results of attempt %s: %w", attemptID, translate(err))
	}
	return nil
}
