package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Archived is the result of the archive stage.
type Archived struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// item is a file to be archived.
type item struct {
	name, path, mime string
	key              string
	size             int64
}

// archive copies the attempt's raw takes, playback files and timeline to the object store, then forgets those of earlier
// revisions. Objects are recorded only after all of them are stored, timeline.json last: what review finds is complete.
func (w *Worker) archive(ctx context.Context, s exam.Stage, progress func(float64)) (any, error) {
	items, err := w.itemsOf(ctx, s)
	if err != nil {
		return nil, err
	}
	var total, done int64
	for _, it := range items {
		total += it.size
	}
	rows := make([]store.Object, 0, len(items))
	for _, it := range items {
		row, err := w.put(ctx, s.AttemptID, it)
		if err != nil {
			return nil, fmt.Errorf("archive %s: %w", it.name, err)
		}
		rows = append(rows, row)
		done += it.size
		progress(float64(done) / float64(max(total, 1)))
	}
	before, err := w.Store.Objects(ctx, s.AttemptID)
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for _, row := range rows {
		if err := w.Store.PutObject(ctx, row); err != nil {
			return nil, fmt.Errorf("record object %s: %w", row.Name, err)
		}
		kept[row.Key] = true
	}
	if err := w.forget(ctx, s.AttemptID, before, rows, kept); err != nil {
		return nil, err
	}
	return Archived{Objects: len(rows), Bytes: total}, nil
}

// itemsOf lists what is to be archived: raw takes, then derived files, timeline.json last.
func (w *Worker) itemsOf(ctx context.Context, s exam.Stage) ([]item, error) {
	takes, err := w.Store.Takes(ctx, s.AttemptID)
	if err != nil {
		return nil, err
	}
	var items []item
	for _, t := range takes {
		if t.State == exam.Received || t.State == exam.Replaced {
			items = append(items, item{name: "raw/" + t.ID, path: filepath.Join(w.Uploads, t.UploadID), mime: "application/octet-stream",
				key: fmt.Sprintf("attempts/%s/raw/%s", s.AttemptID, t.ID)})
		}
	}
	dir := w.timelineDir(s)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the timeline's folder: %w", err)
	}
	var last []item
	for _, e := range entries {
		it := item{name: e.Name(), path: filepath.Join(dir, e.Name()), mime: mimeOf(e.Name()),
			key: fmt.Sprintf("attempts/%s/rev%d/%s", s.AttemptID, s.Revision, e.Name())}
		if e.Name() == "timeline.json" {
			last = append(last, it)
			continue
		}
		items = append(items, it)
	}
	items = append(items, last...)
	for i := range items {
		info, err := os.Stat(items[i].path)
		if err != nil {
			return nil, err
		}
		items[i].size = info.Size()
	}
	return items, nil
}

func (w *Worker) put(ctx context.Context, attemptID string, it item) (store.Object, error) {
	f, err := os.Open(it.path)
	if err != nil {
		return store.Object{}, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return store.Object{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return store.Object{}, err
	}
	row := store.Object{AttemptID: attemptID, Name: it.name, Key: it.key, Size: it.size, MIME: it.mime,
		SHA256: hex.EncodeToString(sum.Sum(nil)), CreatedAt: w.Now()}
	return row, w.Objects.Put(ctx, it.key, f, it.size, row.SHA256)
}

// forget removes what an earlier revision left. Raw takes are never removed here.
func (w *Worker) forget(ctx context.Context, attemptID string, before, now []store.Object, kept map[string]bool) error {
	names := map[string]bool{}
	for _, row := range now {
		names[row.Name] = true
	}
	for _, old := range before {
		if !names[old.Name] {
			if err := w.Store.DeleteObject(ctx, attemptID, old.Name); err != nil {
				return fmt.Errorf("forget object %s: %w", old.Name, err)
			}
		}
		if !kept[old.Key] {
			if err := w.Objects.Delete(ctx, old.Key); err != nil && !errors.Is(err, archive.ErrNotFound) {
				return fmt.Errorf("delete object %s: %w", old.Key, err)
			}
		}
	}
	return nil
}

// types are those that a minimal machine's mime tables lack.
var types = map[string]string{
	".webm": "video/webm", ".mp4": "video/mp4", ".m4a": "audio/mp4", ".vtt": "text/vtt; charset=utf-8",
	".peaks": "application/octet-stream", ".json": "application/json", ".jpg": "image/jpeg", ".html": "text/html; charset=utf-8",
}

func mimeOf(name string) string {
	ext := filepath.Ext(name)
	if t, ok := types[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
