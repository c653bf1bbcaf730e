// Package review gives reviewers what they watch: an attempt's timeline and media, out of the archive, whatever it is kept on.
package review

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/store"
	"github.com/trivue/trivue/timeline"
)

// Store is what review needs of the database.
type Store interface {
	Object(ctx context.Context, attemptID, name string) (store.Object, error)
}

// Archive is what review needs of the object store.
type Archive interface {
	Open(ctx context.Context, key string) (archive.Object, error)
}

// Service opens archived files by the names that the timeline uses.
type Service struct {
	Store   Store
	Archive Archive
}

// timelineFile is the name under which an attempt's timeline is archived.
const timelineFile = "timeline.json"

// largestTimeline bounds what is read of a timeline, in bytes; one of a day of takes has some hundred thousand.
const largestTimeline = 16 << 20

// Open gives a file of an attempt to read from any place, and what is recorded of it. Errors wrap store.ErrNotFound or
// archive.ErrNotFound where there is none.
func (s Service) Open(ctx context.Context, attemptID, name string) (io.ReadSeekCloser, store.Object, error) {
	row, err := s.Store.Object(ctx, attemptID, name)
	if err != nil {
		return nil, row, err
	}
	content, err := s.Archive.Open(ctx, row.Key)
	if err != nil {
		return nil, row, fmt.Errorf("archived file %s: %w", name, err)
	}
	return content, row, nil
}

// Timeline gives an attempt's timeline, checked.
func (s Service) Timeline(ctx context.Context, attemptID string) (json.RawMessage, error) {
	content, _, err := s.Open(ctx, attemptID, timelineFile)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	data, err := io.ReadAll(io.LimitReader(content, largestTimeline))
	if err != nil {
		return nil, fmt.Errorf("read the timeline: %w", err)
	}
	if _, err := timeline.Decode(data); err != nil {
		return nil, err
	}
	return data, nil
}
