// Package worker does the work of one stage, from database rows to files and back: it finds a stage's inputs, has the pipeline
// do it, and keeps what came out. It decides nothing about what is due; package jobs does.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/store"
)

// Store is what the worker needs of the database.
type Store interface {
	Exam(ctx context.Context, id string) (exam.Exam, error)
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	Take(ctx context.Context, id string) (exam.Take, error)
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	SetSHA256(ctx context.Context, takeID, sum string) error
	Stage(ctx context.Context, key exam.StageKey) (exam.Stage, error)
	PutObject(ctx context.Context, o store.Object) error
	Objects(ctx context.Context, attemptID string) ([]store.Object, error)
	EventsOf(ctx context.Context, attemptID string, kinds ...exam.EventKind) ([]exam.Event, error)
	DeleteObject(ctx context.Context, attemptID, name string) error
}

// Objects is what the worker needs of the archive.
type Objects interface {
	Put(ctx context.Context, key string, r io.Reader, size int64, sha256 string) error
	Delete(ctx context.Context, key string) error
}

// Worker runs stages.
type Worker struct {
	Store   Store
	Objects Objects
	Steps   process.Steps
	// Uploads is the folder of received files, by upload; Work is where stages write. Both on this machine.
	Uploads, Work string
	Page          process.Page
	Now           func() time.Time
}

// Run does one stage's work. A problem with a nil error is a stage that is done, but had to leave something out. A failure that
// a person can act on is an error that wraps a *Problem.
func (w *Worker) Run(ctx context.Context, s exam.Stage, progress func(float64)) (result []byte, problem *exam.Problem, err error) {
	var answer any
	switch {
	case s.TakeID != "":
		answer, err = w.take(ctx, s, progress)
	case s.Name == exam.Timeline:
		answer, err = w.timeline(ctx, s, progress)
	case s.Name == exam.Archive:
		answer, err = w.archive(ctx, s, progress)
	default:
		err = fmt.Errorf("there is no stage %q", s.Name)
	}
	if err != nil {
		return nil, nil, asProblem(err)
	}
	result, err = json.Marshal(answer)
	return result, nil, err
}

// Problem is a failure with a cause that a person can act on; retrying by itself would not help.
type Problem struct {
	exam.Problem
	err error
}

func (p *Problem) Error() string { return p.err.Error() }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.err }

// Describe gives what the pages are to say.
func (p *Problem) Describe() exam.Problem { return p.Problem }

// asProblem marks the failures that trying again would not mend. A crash or a full disk may be gone the next time; a file that
// holds nothing stays so.
func asProblem(err error) error {
	var failure *stage.Failure
	if errors.As(err, &failure) && failure.Again {
		return &Problem{Problem: failure.Problem, err: err}
	}
	return err
}

func (w *Worker) take(ctx context.Context, s exam.Stage, progress func(float64)) (any, error) {
	row, err := w.Store.Take(ctx, s.TakeID)
	if err != nil {
		return nil, err
	}
	t := w.files(row)
	switch s.Name {
	case exam.Inspect:
		if err := w.Steps.Inspect(ctx, t, progress); err != nil {
			return nil, err
		}
		return t.Inspection, w.Store.SetSHA256(ctx, row.ID, t.Inspection.SHA256)
	case exam.Playback:
		if err := w.load(ctx, row, exam.Inspect, &t.Inspection); err != nil {
			return nil, err
		}
		return &t.Playback, w.Steps.MakePlayback(ctx, t, progress)
	}
	if err := w.load(ctx, row, exam.Playback, &t.Playback); err != nil {
		return nil, err
	}
	switch s.Name {
	case exam.Sound:
		err = w.Steps.Listen(ctx, t, progress)
		return t.Heard, err
	case exam.Frames:
		err = w.Steps.Look(ctx, t, progress)
		return t.Thumbnails, err
	default:
		return nil, fmt.Errorf("there is no stage %q of a take", s.Name)
	}
}

// files says where a take's files lie.
func (w *Worker) files(row exam.Take) *process.Take {
	return &process.Take{
		Kind: row.Kind, Name: row.Name, StartedAt: row.StartedAt,
		Path: filepath.Join(w.Uploads, row.UploadID), Dir: filepath.Join(w.attemptDir(row.AttemptID), row.ID),
	}
}

func (w *Worker) attemptDir(attemptID string) string { return filepath.Join(w.Work, attemptID) }

func (w *Worker) timelineDir(s exam.Stage) string {
	return filepath.Join(w.attemptDir(s.AttemptID), "timeline-"+strconv.FormatInt(s.Revision, 10))
}

// load reads the result of an earlier stage of the take.
func (w *Worker) load(ctx context.Context, row exam.Take, name exam.StageName, into any) error {
	s, err := w.Store.Stage(ctx, exam.StageKey{AttemptID: row.AttemptID, TakeID: row.ID, Name: name})
	if err != nil {
		return fmt.Errorf("result of %s: %w", name, err)
	}
	if s.State != exam.Done {
		return fmt.Errorf("result of %s: it is %s: %w", name, s.State, errNotReady)
	}
	if err := json.Unmarshal(s.Result, into); err != nil {
		return fmt.Errorf("result of %s: %w", name, err)
	}
	return nil
}

var errNotReady = errors.New("the stage before has not finished")

// timeline assembles all usable takes of the attempt.
func (w *Worker) timeline(ctx context.Context, s exam.Stage, progress func(float64)) (any, error) {
	attempt, err := w.Store.Attempt(ctx, s.AttemptID)
	if err != nil {
		return nil, err
	}
	e, err := w.Store.Exam(ctx, attempt.ExamID)
	if err != nil {
		return nil, err
	}
	takes, err := w.usable(ctx, s.AttemptID)
	if err != nil {
		return nil, err
	}
	if err := w.addEndReasons(ctx, s.AttemptID, takes); err != nil {
		return nil, err
	}
	dir := w.timelineDir(s)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return process.Assemble(ctx, takes, dir, process.Assembly{Zero: exam.Interview{Exam: e, Attempt: attempt}.Start(), Page: w.Page}, progress)
}

// addEndReasons adds what the browser that recorded the takes said of their ends. A take is called by its upload there.
func (w *Worker) addEndReasons(ctx context.Context, attemptID string, takes []*process.Take) error {
	log, err := w.Store.EventsOf(ctx, attemptID, exam.EventTakeEnded)
	if err != nil {
		return err
	}
	reasons := make(map[string]string, len(log))
	for _, e := range log {
		var ended exam.TakeEnded
		if err := json.Unmarshal(e.Data, &ended); err != nil {
			return fmt.Errorf("event %d: %w", e.N, err)
		}
		reasons[ended.Take] = ended.End.Reason
	}
	for _, t := range takes {
		t.EndReason = reasons[filepath.Base(t.Path)]
	}
	return nil
}

// usable gives the takes that can be played. A take whose sound or pictures could not be decoded is played without waveform or
// thumbnails.
func (w *Worker) usable(ctx context.Context, attemptID string) ([]*process.Take, error) {
	rows, err := w.Store.Takes(ctx, attemptID)
	if err != nil {
		return nil, err
	}
	var takes []*process.Take
	for _, row := range rows {
		if row.State != exam.Received {
			continue
		}
		t := w.files(row)
		if err := w.load(ctx, row, exam.Playback, &t.Playback); errors.Is(err, errNotReady) || errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		if err := w.load(ctx, row, exam.Inspect, &t.Inspection); err != nil {
			return nil, err
		}
		for name, into := range map[exam.StageName]any{exam.Sound: &t.Heard, exam.Frames: &t.Thumbnails} {
			if err := w.load(ctx, row, name, into); err != nil && !errors.Is(err, errNotReady) && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
		}
		takes = append(takes, t)
	}
	return takes, nil
}
