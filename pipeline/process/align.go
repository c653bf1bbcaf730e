package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

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

	takes := []*Take{
		{Name: filepath.Base(reference), Path: reference, Dir: filepath.Join(dir, "reference")},
		{Name: filepath.Base(other), Path: other, Dir: filepath.Join(dir, "other")},
	}
	const share = 0.9 // of the whole; the rest is comparing
	if err := (Steps{Runner: runner}).listenToAll(ctx, takes, dir, func(done float64) { progress(share * done) }); err != nil {
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

// listenToAll decodes the sound of files as they came, in one child together. Where that fails each of them is tried alone, to find out
// which it is: a child that has died does not say. Whichever is bad ends the other's decoding.
func (s Steps) listenToAll(ctx context.Context, takes []*Take, dir string, progress func(float64)) error {
	for _, t := range takes {
		if err := readable(t.Path); err != nil {
			return &FileError{File: t.Name, Err: err}
		}
	}
	err := s.listenTogether(ctx, takes, filepath.Join(dir, "together"), progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	group, within := errgroup.WithContext(ctx)
	for _, t := range takes {
		group.Go(func() error { return s.listenToReceived(within, t) })
	}
	return group.Wait()
}

func (s Steps) listenTogether(ctx context.Context, takes []*Take, dir string, progress func(float64)) error {
	job := stage.Job{Stage: exam.Sound, Output: dir}
	for _, t := range takes {
		path, err := filepath.Abs(t.Path)
		if err != nil {
			return fmt.Errorf("path of %s: %w", t.Name, err)
		}
		job.Inputs = append(job.Inputs, path)
	}
	err := os.MkdirAll(dir, 0o750)
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	if job.Params, err = json.Marshal(stage.SoundParams{Received: true}); err != nil {
		return fmt.Errorf("parameters of %s: %w", job.Stage, err)
	}
	answer, err := s.Runner.Run(ctx, job, progress)
	if err != nil {
		return err
	}
	heard := make([]stage.Heard, len(takes))
	if err := json.Unmarshal(answer, &heard); err != nil {
		return fmt.Errorf("result of %s: %w", job.Stage, err)
	}
	for i, t := range takes {
		t.Heard = &heard[i]
		if err := os.MkdirAll(t.Dir, 0o750); err != nil {
			return fmt.Errorf("make a work folder: %w", err)
		}
		if err := os.Rename(stage.SoundFolder(dir, i), t.StageDir(exam.Sound)); err != nil {
			return fmt.Errorf("put the sound of %s in its place: %w", t.Name, err)
		}
	}
	return nil
}

// listenToReceived decodes the sound of a file as it came.
func (s Steps) listenToReceived(ctx context.Context, t *Take) error {
	t.Heard = new(stage.Heard)
	if err := s.run(ctx, t, exam.Sound, t.Path, stage.SoundParams{Received: true}, t.Heard, func(float64) {}); err != nil {
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
