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

// PhoneCode binds a phone to an attempt while it is valid.
type PhoneCode struct {
	AttemptID string
	Code      string
	ExpiresAt time.Time
}

type phoneCodeRow struct {
	bun.BaseModel `bun:"table:phone_codes,alias:p"`

	AttemptID string `bun:",pk"`
	Code      string
	ExpiresAt instant
}

// EnsurePhoneCode gives the code of an attempt that is still valid at now, or keeps the offered one in its place. An offered code
// that another attempt has is ErrConflict: offer another one.
func (s *Store) EnsurePhoneCode(ctx context.Context, offered PhoneCode, now time.Time) (PhoneCode, error) {
	if err := identified("attempt ID", offered.AttemptID, "code", offered.Code); err != nil {
		return PhoneCode{}, fmt.Errorf("phone code: %w", err)
	}
	row := phoneCodeRow{AttemptID: offered.AttemptID, Code: offered.Code, ExpiresAt: instant{offered.ExpiresAt}}
	_, err := s.write.NewInsert().Model(&row).On("CONFLICT (attempt_id) DO UPDATE").Set("code = EXCLUDED.code, expires_at = EXCLUDED.expires_at").
		Where("p.expires_at <= ?", instant{now}).Exec(ctx)
	if err != nil {
		return PhoneCode{}, fmt.Errorf("phone code of attempt %s: %w", offered.AttemptID, translate(err))
	}
	if err := s.get(ctx, &row, "phone code of attempt "+offered.AttemptID, "attempt_id = ?", offered.AttemptID); err != nil {
		return PhoneCode{}, err
	}
	return PhoneCode{AttemptID: row.AttemptID, Code: row.Code, ExpiresAt: row.ExpiresAt.Time}, nil
}
