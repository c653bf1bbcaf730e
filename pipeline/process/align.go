package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/pipeline/stage"
)

// Align finds where one media file lies on another's clock, by their sound. Work files go into a folder of their own under the
// system's for temporary ones and are removed. A file that cannot be read is a *FileError.
func Align(ctx context.Context, runner stage.Runner, reference, other string, progress func(float64)) (align.Answer, error) {
	dir, err := os.MkdirTemp("", "trivue-align-")
	if err != nil {
		return align.Answer{}, fmt.Errorf("make a work folder: %w", err)
	}
	defer os.RemoveAll(dir)

	takes := [2]*Take{
		{Name: filepath.Base(reference), Path: reference, Dir: filepath.Join(dir, "reference")},
		{Name: filepath.Base(other), Path: other, Dir: filepath.Join(dir, "other")},
	}
	var both bothSides
	group, within := errgroup.WithContext(ctx)
	for i, t := range takes {
		group.Go(func() error {
			return Steps{Runner: runner}.listenToReceived(within, t, func(done float64) { both.note(i, done, progress) })
		})
	}
	if err := group.Wait(); err != nil {
		return align.Answer{}, err
	}
	for _, t := range takes {
		if t.Heard.Samples == 0 {
			return align.Answer{Verdict: align.CannotAlign, Reason: t.Name + " has no sound"}, nil
		}
	}
	answer, err := compare(ctx, takes[0], takes[1], align.Prior{})
	progress(1)
	return answer, err
}

// bothSides is the progress of decoding, which goes on for both files at once.
type bothSides struct {
	mu   sync.Mutex
	done [2]float64
}

// note reports under the lock: nobody who is told of progress expects to be told twice at a time.
func (b *bothSides) note(i int, done float64, progress func(float64)) {
	const share = 0.9 // of the whole; the rest is comparing
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done[i] = done
	progress(share * (b.done[0] + b.done[1]) / 2)
}

// listenToReceived decodes the sound of a file as it came.
func (s Steps) listenToReceived(ctx context.Context, t *Take, progress func(float64)) error {
	if err := readable(t.Path); err != nil {
		return &FileError{File: t.Name, Err: err}
	}
	t.Heard = new(stage.Heard)
	if err := s.run(ctx, t, exam.Sound, t.Path, stage.SoundParams{Received: true}, t.Heard, progress); err != nil {
		return &FileError{File: t.Name, Err: err}
	}
	return nil
}

// FileError is what is wrong with one of the files.
type FileError struct {
	File string
	Err  error // wraps a *stage.Failure where the cause is known
}

func (e *FileError) Error() string { return e.File + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }
