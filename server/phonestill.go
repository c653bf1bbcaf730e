package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// Previews keeps what attempts' phones see, in a folder: the last picture of each, which is no evidence and may be lost.
type Previews struct{ Folder string }

// previewsKept is how long a preview is kept that no newer one replaces: its attempt is over, or its phone is gone.
const previewsKept = time.Hour

func (p Previews) path(attemptID string) string {
	return filepath.Join(p.Folder, filepath.Base(attemptID)+".jpg")
}

// Save keeps a picture in the place of the one before.
func (p Previews) Save(attemptID string, picture []byte, at time.Time) (err error) {
	if err := os.MkdirAll(p.Folder, 0o750); err != nil {
		return fmt.Errorf("folder of previews: %w", err)
	}
	f, err := os.CreateTemp(p.Folder, ".new-*")
	if err != nil {
		return fmt.Errorf("keep a preview: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("keep a preview: %w", err), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(picture)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Chtimes(f.Name(), at, at); err != nil {
		return err
	}
	return os.Rename(f.Name(), p.path(attemptID))
}

// At is when an attempt's preview was made; zero where there is none.
func (p Previews) At(attemptID string) (time.Time, error) {
	info, err := os.Stat(p.path(attemptID))
	if errors.Is(err, os.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look for a preview: %w", err)
	}
	return info.ModTime(), nil
}

// Remove deletes an attempt's preview; where there is none, that is no error.
func (p Previews) Remove(attemptID string) error {
	if err := os.Remove(p.path(attemptID)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove a preview: %w", err)
	}
	return nil
}

// Sweep deletes previews that nothing replaces any more.
func (p Previews) Sweep(_ context.Context, now time.Time) error {
	entries, err := os.ReadDir(p.Folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("previews: %w", err)
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && now.Sub(info.ModTime()) > previewsKept {
			err = os.Remove(filepath.Join(p.Folder, e.Name()))
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Bounds of a preview.
const (
	largestPreview = 100_000
	widestPreview  = 640
	tallestPreview = 1280
)

// phoneStill keeps what a phone sees.
func (s *Server) phoneStill(w http.ResponseWriter, r *http.Request) {
	if err := s.savePreview(r.Context(), http.MaxBytesReader(w, r.Body, largestPreview)); err != nil {
		s.writeError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) savePreview(ctx context.Context, picture io.Reader) error {
	session, err := filming(ctx)
	if err != nil {
		return err
	}
	if wait := s.phones.news.take(session.AttemptID, 1); wait > 0 {
		return slowDown(wait, "the phone says too much at once")
	}
	attempt, err := s.opts.Store.Attempt(ctx, session.AttemptID)
	if err != nil {
		return err
	}
	if !attempt.Course.Phone.EndedAt.IsZero() || !attempt.Course.Done[exam.Sending].IsZero() {
		return exam.Refusal{Code: exam.TooLate, Detail: "the phone has ended; no pictures are kept"}
	}
	data, err := io.ReadAll(picture)
	if err != nil {
		return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the picture could not be read, or has more than %d bytes", largestPreview))
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width > widestPreview || size.Height > tallestPreview {
		return newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("it is not a JPEG of at most %d by %d", widestPreview, tallestPreview))
	}
	if err := s.opts.Previews.Save(session.AttemptID, data, s.opts.Now()); err != nil {
		return err
	}
	s.phones.told.AttemptChanged(session.AttemptID)
	return nil
}

// ownPreview shows a candidate what the phone sees.
func (s *Server) ownPreview(w http.ResponseWriter, r *http.Request) {
	session, _ := candidateOf(r.Context())
	s.preview(w, r, session.AttemptID)
}

// preview serves what an attempt's phone saw last.
func (s *Server) preview(w http.ResponseWriter, r *http.Request, attemptID string) {
	f, err := os.Open(s.opts.Previews.path(attemptID))
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("preview: %w", store.ErrNotFound)
	}
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", noStore)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(w, r, "", info.ModTime(), f)
}
