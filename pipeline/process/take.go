// Package process makes a synchronised playback out of an interview's recordings: it runs the stages, places the takes on
// the timeline and puts everything that a player needs into one folder.
//
// The stages of one take are methods of Steps, so that a queue can run them one by one; Run does them all for files on disk.
package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// Take is one received file and what the stages have made of it so far.
type Take struct {
	Kind      exam.Kind
	Name      string    // as its sender called it
	Path      string    // where it lies
	StartedAt time.Time // by the server's clock; zero where it is not known
	// EndReason is why its recorder ended, as the recorder told it: the cause of a gap after it. Empty where it is not known.
	EndReason string
	Dir       string // work folder of this take; each stage has a folder of its name in it

	Inspection stage.Inspection
	Playback   stage.PlaybackFile
	Heard      *stage.Heard      // nil where there is no sound, or it could not be decoded
	Thumbnails *stage.Thumbnails // nil where there is no picture, or it could not be decoded
}

// StageDir is the folder that a stage of the take writes into.
func (t *Take) StageDir(name exam.StageName) string { return filepath.Join(t.Dir, string(name)) }

// PlaybackPath is where the playback file lies.
func (t *Take) PlaybackPath() string {
	return filepath.Join(t.StageDir(exam.Playback), t.Playback.File)
}

// seconds is how long the playback file is.
func (t *Take) seconds() float64 { return t.Playback.Duration.Seconds() }

// Steps runs single stages of takes. Each can be run again at any time: its folder is emptied first.
type Steps struct {
	Runner stage.Runner
}

// Inspect finds out what is in the file.
func (s Steps) Inspect(ctx context.Context, t *Take, progress func(float64)) error {
	if err := readable(t.Path); err != nil {
		return err
	}
	return s.run(ctx, t, exam.Inspect, t.Path, nil, &t.Inspection, progress)
}

// readable says why a received file cannot be read, as a *stage.Failure. A stage's child cannot tell: it sees nothing but its inputs,
// and a missing file looks to it like one that it may not read.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return stage.Explain(stage.Unreadable(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return stage.Explain(stage.Unreadable(err))
	}
	if info.IsDir() {
		return stage.Explain(&container.UnusableError{Reason: container.Unreadable, Detail: "it is a folder"})
	}
	return nil
}

// MakePlayback makes the file that browsers play.
func (s Steps) MakePlayback(ctx context.Context, t *Take, progress func(float64)) error {
	return s.run(ctx, t, exam.Playback, t.Path, stage.PlaybackParams{Inspection: t.Inspection}, &t.Playback, progress)
}

// Listen decodes the sound for the waveform and for alignment. A take without sound is done at once.
func (s Steps) Listen(ctx context.Context, t *Take, progress func(float64)) error {
	if t.Playback.Audio == nil {
		t.Heard = nil
		return nil
	}
	t.Heard = new(stage.Heard)
	return s.run(ctx, t, exam.Sound, t.PlaybackPath(), nil, t.Heard, progress)
}

// Look makes thumbnails. A take without a picture is done at once.
func (s Steps) Look(ctx context.Context, t *Take, progress func(float64)) error {
	if t.Playback.Video == nil {
		t.Thumbnails = nil
		return nil
	}
	t.Thumbnails = new(stage.Thumbnails)
	return s.run(ctx, t, exam.Frames, t.PlaybackPath(), stage.FramesParams{Video: *t.Playback.Video}, t.Thumbnails, progress)
}

func (s Steps) run(ctx context.Context, t *Take, name exam.StageName, input string, params, result any, progress func(float64)) error {
	dir := t.StageDir(name)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("empty the folder of %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the folder of %s: %w", name, err)
	}
	job := stage.Job{Stage: name}
	var err error
	if job.Output, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if input, err = filepath.Abs(input); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	job.Inputs = []string{input}
	if params != nil {
		if job.Params, err = json.Marshal(params); err != nil {
			return fmt.Errorf("parameters of %s: %w", name, err)
		}
	}
	answer, err := s.Runner.Run(ctx, job, progress)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", name, t.Name, err)
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("result of %s: %w", name, err)
	}
	return nil
}
