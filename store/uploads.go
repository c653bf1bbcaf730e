package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// uploadInfoRow mirrors what tusd keeps of an upload in its .info file, which it rewrites in place: a crash can leave it cut.
type uploadInfoRow struct {
	bun.BaseModel `bun:"table:upload_infos"`

	UploadID string `bun:",pk"`
	Info     []byte
}

// SaveUploadInfo keeps what is known of an upload, in place of what was kept before.
func (s *Store) SaveUploadInfo(ctx context.Context, uploadID string, info []byte) error {
	if err := identified("upload ID", uploadID); err != nil {
		return fmt.Errorf("save upload: %w", err)
	}
	if info == nil {
		info = []byte{}
	}
	_, err := s.write.NewInsert().Model(&uploadInfoRow{UploadID: uploadID, Info: info}).
		On("CONFLICT (upload_id) DO UPDATE").Set("info = EXCLUDED.info").Exec(ctx)
	if err != nil {
		return fmt.Errorf("save upload %s: %w", uploadID, translate(err))
	}
	return nil
}

// UploadInfo gives what SaveUploadInfo kept, or ErrNotFound.
func (s *Store) UploadInfo(ctx context.Context, uploadID string) ([]byte, error) {
	var row uploadInfoRow
	err := s.get(ctx, &row, "upload "+uploadID, "upload_id = ?", uploadID)
	return row.Info, err
}

// DeleteUploadInfo forgets an upload. One that does not exist is no error.
func (s *Store) DeleteUploadInfo(ctx context.Context, uploadID string) error {
	if _, err := s.write.NewDelete().Model((*uploadInfoRow)(nil)).Where("upload_id = ?", lookup(uploadID)...).Exec(ctx); err != nil {
		return fmt.Errorf("forget upload %s: %w", uploadID, err)
	}
	return nil
}
