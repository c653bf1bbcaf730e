package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// UploadToken lets its bearer upload recordings to one attempt.
type UploadToken struct {
	TokenHash string // of the secret, which itself is not kept
	AttemptID string
	CreatedAt time.Time
	ExpiresAt time.Time
}

type uploadTokenRow struct {
	bun.BaseModel `bun:"table:upload_tokens"`

	TokenHash string `bun:",pk"`
	AttemptID string
	CreatedAt instant
	ExpiresAt instant
}

// CreateUploadToken adds an upload token. An unknown attempt is ErrNotFound.
func (s *Store) CreateUploadToken(ctx context.Context, t UploadToken) error {
	if err := identified("token hash", t.TokenHash, "attempt ID", t.AttemptID); err != nil {
		return fmt.Errorf("create upload token: %w", err)
	}
	row := uploadTokenRow{TokenHash: t.TokenHash, AttemptID: t.AttemptID, CreatedAt: instant{t.CreatedAt}, ExpiresAt: instant{t.ExpiresAt}}
	return s.insert(ctx, &row, "upload token of attempt "+t.AttemptID)
}

// UploadToken gives an upload token that has not expired at now, or ErrNotFound.
func (s *Store) UploadToken(ctx context.Context, tokenHash string, now time.Time) (UploadToken, error) {
	var row uploadTokenRow
	err := s.get(ctx, &row, "upload token", "token_hash = ? AND expires_at > ?", tokenHash, instant{now})
	if err != nil {
		return UploadToken{}, err
	}
	return UploadToken{TokenHash: row.TokenHash, AttemptID: row.AttemptID, CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time}, nil
}

// DeleteExpired deletes the sessions, upload tokens and phone codes that have expired at now.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) error {
	for _, model := range []any{(*sessionRow)(nil), (*uploadTokenRow)(nil), (*candidateSessionRow)(nil), (*phoneCodeRow)(nil), (*phoneSessionRow)(nil)} {
		if _, err := s.write.NewDelete().Model(model).Where("expires_at <= ?", instant{now}).Exec(ctx); err != nil {
			return fmt.Errorf("delete what has expired: %w", err)
		}
	}
	return nil
}
