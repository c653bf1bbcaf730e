package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// CandidateSession is a candidate who is signed in on one screen.
type CandidateSession struct {
	AttemptID string
	TokenHash string // of the secret in the cookie, which itself is not kept
	CreatedAt time.Time
	ExpiresAt time.Time
}

type candidateSessionRow struct {
	bun.BaseModel `bun:"table:candidate_sessions"`

	AttemptID string `bun:",pk"`
	TokenHash string
	CreatedAt instant
	ExpiresAt instant
}

func (r candidateSessionRow) session() CandidateSession {
	return CandidateSession{AttemptID: r.AttemptID, TokenHash: r.TokenHash, CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time}
}

// OpenCandidateSession signs a candidate in. Where the attempt has a session that has not expired, it is ErrConflict: one that is
// forgotten must be closed by support.
func (s *Store) OpenCandidateSession(ctx context.Context, c CandidateSession) error {
	if err := identified("attempt ID", c.AttemptID, "token hash", c.TokenHash); err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	row := candidateSessionRow{AttemptID: c.AttemptID, TokenHash: c.TokenHash, CreatedAt: instant{c.CreatedAt}, ExpiresAt: instant{c.ExpiresAt}}
	err := s.write.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*candidateSessionRow)(nil)).Where("attempt_id = ? AND expires_at <= ?", c.AttemptID, instant{c.CreatedAt}).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("open session of attempt %s: %w", c.AttemptID, translate(err))
	}
	return nil
}

// CandidateSession gives a session that has not expired at now, or ErrNotFound.
func (s *Store) CandidateSession(ctx context.Context, tokenHash string, now time.Time) (CandidateSession, error) {
	var row candidateSessionRow
	err := s.get(ctx, &row, "candidate's session", "token_hash = ? AND expires_at > ?", tokenHash, instant{now})
	return row.session(), err
}

// CandidateSessionOf gives the open session of an attempt, or ErrNotFound.
func (s *Store) CandidateSessionOf(ctx context.Context, attemptID string, now time.Time) (CandidateSession, error) {
	var row candidateSessionRow
	err := s.get(ctx, &row, "session of attempt "+attemptID, "attempt_id = ? AND expires_at > ?", attemptID, instant{now})
	return row.session(), err
}

// CloseCandidateSession signs a candidate out, wherever that is. No session is no error.
func (s *Store) CloseCandidateSession(ctx context.Context, attemptID string) error {
	if _, err := s.write.NewDelete().Model((*candidateSessionRow)(nil)).Where("attempt_id = ?", lookup(attemptID)...).Exec(ctx); err != nil {
		return fmt.Errorf("close session of attempt %s: %w", attemptID, err)
	}
	return nil
}
