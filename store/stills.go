package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Still is a picture that a candidate's page took; the latest of its side counts.
type Still struct {
	AttemptID string
	Side      string // login, a4-front, a4-back
	Key       string // in the archive
	Size      int64  // bytes
	SHA256    string // lower-case hexadecimal
	CreatedAt time.Time
}

type stillRow struct {
	bun.BaseModel `bun:"table:stills"`

	AttemptID string `bun:",pk"`
	Side      string `bun:",pk"`
	ObjectKey string
	Size      int64
	SHA256    string `bun:"sha256"`
	CreatedAt instant
}

func (r stillRow) still() Still {
	return Still{AttemptID: r.AttemptID, Side: r.Side, Key: r.ObjectKey, Size: r.Size, SHA256: r.SHA256, CreatedAt: r.CreatedAt.Time}
}

// SaveStill keeps where a still is, in place of an earlier one of its side. An unknown attempt is ErrNotFound.
func (s *Store) SaveStill(ctx context.Context, still Still) error {
	if err := identified("attempt ID", still.AttemptID, "side", still.Side, "key", still.Key, "SHA-256", still.SHA256); err != nil {
		return fmt.Errorf("save still: %w", err)
	}
	row := stillRow{AttemptID: still.AttemptID, Side: still.Side, ObjectKey: still.Key, Size: still.Size, SHA256: still.SHA256, CreatedAt: instant{still.CreatedAt}}
	_, err := s.write.NewInsert().Model(&row).On("CONFLICT (attempt_id, side) DO UPDATE").
		Set("object_key = EXCLUDED.object_key, size = EXCLUDED.size, sha256 = EXCLUDED.sha256, created_at = EXCLUDED.created_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("save still %s of attempt %s: %w", still.Side, still.AttemptID, translate(err))
	}
	return nil
}

// Stills gives an attempt's stills by their sides' names.
func (s *Store) Stills(ctx context.Context, attemptID string) ([]Still, error) {
	var rows []stillRow
	err := s.list(ctx, &rows, "stills of attempt "+attemptID, "side", "attempt_id = ?", attemptID)
	return convert(rows, stillRow.still), err
}
