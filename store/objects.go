package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Object says where a file of an attempt lies in the archive.
type Object struct {
	AttemptID string
	Name      string // the file's name as timeline.json and pages refer to it, unique in the attempt
	Key       string // in the archive
	Size      int64  // bytes
	SHA256    string // lower-case hexadecimal
	MIME      string
	CreatedAt time.Time
}

type objectRow struct {
	bun.BaseModel `bun:"table:objects"`

	AttemptID string `bun:",pk"`
	Name      string `bun:",pk"`
	ObjectKey string
	Size      int64
	SHA256    string `bun:"sha256"`
	MIME      string `bun:"mime"`
	CreatedAt instant
}

func (r objectRow) object() Object {
	return Object{AttemptID: r.AttemptID, Name: r.Name, Key: r.ObjectKey, Size: r.Size, SHA256: r.SHA256, MIME: r.MIME, CreatedAt: r.CreatedAt.Time}
}

// PutObject notes where a file lies, in place of what was noted under its name before. An unknown attempt is ErrNotFound.
func (s *Store) PutObject(ctx context.Context, o Object) error {
	what := fmt.Sprintf("object %s of attempt %s", o.Name, o.AttemptID)
	if err := identified("attempt ID", o.AttemptID, "name", o.Name, "key", o.Key, "SHA-256", o.SHA256, "media type", o.MIME); err != nil {
		return fmt.Errorf("note object: %w", err)
	}
	row := objectRow{AttemptID: o.AttemptID, Name: o.Name, ObjectKey: o.Key, Size: o.Size, SHA256: o.SHA256, MIME: o.MIME, CreatedAt: instant{o.CreatedAt}}
	_, err := s.write.NewInsert().Model(&row).
		On("CONFLICT (attempt_id, name) DO UPDATE").
		Set("object_key = EXCLUDED.object_key, size = EXCLUDED.size, sha256 = EXCLUDED.sha256, mime = EXCLUDED.mime, created_at = EXCLUDED.created_at").
		Exec(ctx)
	if err != nil {
		return fmt.Errorf("note %s: %w", what, translate(err))
	}
	return nil
}

// Object gives the object of that name, or ErrNotFound.
func (s *Store) Object(ctx context.Context, attemptID, name string) (Object, error) {
	var row objectRow
	err := s.get(ctx, &row, fmt.Sprintf("object %s of attempt %s", name, attemptID), "attempt_id = ? AND name = ?", attemptID, name)
	return row.object(), err
}

// Objects gives all objects of an attempt, by name.
func (s *Store) Objects(ctx context.Context, attemptID string) ([]Object, error) {
	var rows []objectRow
	err := s.list(ctx, &rows, "objects of attempt "+attemptID, "name", "attempt_id = ?", attemptID)
	return convert(rows, objectRow.object), err
}

// DeleteObject forgets an object. One that does not exist is no error.
func (s *Store) DeleteObject(ctx context.Context, attemptID, name string) error {
	_, err := s.write.NewDelete().Model((*objectRow)(nil)).Where("attempt_id = ? AND name = ?", lookup(attemptID, name)...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete object %s of attempt %s: %w", name, attemptID, err)
	}
	return nil
}
