package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/timeline"
)

// Input is a file to be processed.
type Input struct {
	Kind      exam.Kind
	Path      string
	StartedAt time.Time // when its recorder started; zero where it is not known
}

// Options say how Run works.
type Options struct {
	Runner stage.Runner
	Out    string    // folder for the result; made if it is not there
	Zero   time.Time // interview time zero; the first camera picture where it is zero
	Page   Page      // makes index.html; nil makes none
	// Report is told how far the work is; calls never overlap. May be nil.
	Report func(Progress)
}

// Result is what Run made.
type Result struct {
	Timeline timeline.Timeline
	// Unusable are the inputs that nothing could be made of; the timeline is made of the others.
	Unusable []InputError
	// Warnings are stages that could not do their work on inputs that are used all the same: no thumbnails, no waveform.
	Warnings []InputError
}

// InputError is what is wrong with an input.
type InputError struct {
	Input Input
	Stage exam.StageName
	Err   error
}

func (e InputError) Error() string { return fmt.Sprintf("%s: %v", e.Input.Path, e.Err) }

// Unwrap gives the cause.
func (e InputError) Unwrap() error { return e.Err }

// ErrNothingUsable is returned by Run when not one input could be used; Result.Unusable says why.
var ErrNothingUsable = errors.New("none of the files can be used")

// Run processes the recordings of one interview into a folder. The result takes the place of an earlier one when it is complete,
// and not before: a run that fails leaves the folder as it was. A full disk, a cancelled context and the like end it with an
// error; a file that cannot be used does not, as long as another can.
func Run(ctx context.Context, inputs []Input, o Options) (_ Result, err error) {
	if err := keepApart(inputs, o.Out); err != nil {
		return Result{}, err
	}
	out, err := openFolder(o.Out)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, out.close()) }()

	r := &run{steps: Steps{Runner: o.Runner}, meter: newMeter(inputs, o.Report), outcomes: make([]outcome, len(inputs))}
	group, together := errgroup.WithContext(ctx)
	for i, in := range inputs {
		group.Go(func() error {
			return r.take(together, i, in, filepath.Join(out.work(), fmt.Sprintf("%s-%d", in.Kind, i)))
		})
	}
	if err := group.Wait(); err != nil {
		return Result{}, err
	}
	result, takes := r.collect()
	if len(takes) == 0 {
		return result, ErrNothingUsable
	}
	r.meter.at(timelineStep, exam.Timeline, 0)
	result.Timeline, err = Assemble(ctx, takes, out.staging(), Assembly{Zero: o.Zero, Page: o.Page}, func(done float64) { r.meter.at(timelineStep, exam.Timeline, done) })
	if err != nil {
		return result, err
	}
	// Too late to be cancelled: what follows is done at once.
	if err := out.publish(); err != nil {
		return result, err
	}
	r.meter.finish()
	return result, nil
}

// keepApart refuses an output folder that holds an input: a recording called camera-0.webm would be replaced by its own playback
// file.
func keepApart(inputs []Input, out string) error {
	folder, err := filepath.EvalSymlinks(out)
	if err != nil {
		return nil // it is not there yet
	}
	for _, in := range inputs {
		if path, err := filepath.EvalSymlinks(in.Path); err == nil && sameFolder(filepath.Dir(path), folder) {
			return fmt.Errorf("%s lies in the output folder %s, where it could be overwritten: choose another folder", in.Path, out)
		}
	}
	return nil
}

func sameFolder(a, b string) bool {
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

type run struct {
	steps    Steps
	meter    *meter
	outcomes []outcome // by index of the input
}

type outcome struct {
	take     *Take
	unusable *InputError
	warnings []InputError
}

// take runs all stages of one file. Its error is one that ends the whole run.
func (r *run) take(ctx context.Context, index int, in Input, dir string) error {
	t := &Take{Kind: in.Kind, Name: filepath.Base(in.Path), Path: in.Path, StartedAt: in.StartedAt, Dir: dir}
	o := &r.outcomes[index]
	step := func(name exam.StageName, f func(context.Context, *Take, func(float64)) error) error {
		err := f(ctx, t, func(done float64) { r.meter.at(index, name, done) })
		if err == nil {
			r.meter.at(index, name, 1)
		}
		return err
	}
	for _, s := range []struct {
		name exam.StageName
		f    func(context.Context, *Take, func(float64)) error
	}{{exam.Inspect, r.steps.Inspect}, {exam.Playback, r.steps.MakePlayback}} {
		if err := step(s.name, s.f); err != nil {
			if fatal(ctx, err) {
				return err
			}
			o.unusable = &InputError{Input: in, Stage: s.name, Err: err}
			r.meter.drop(index)
			return nil
		}
	}
	o.take = t
	for _, l := range t.Playback.LeftOut {
		o.warnings = append(o.warnings, InputError{Input: in, Stage: exam.Playback, Err: l})
	}
	var group errgroup.Group
	var sound, frames error
	group.Go(func() error { sound = step(exam.Sound, r.steps.Listen); return nil })
	group.Go(func() error { frames = step(exam.Frames, r.steps.Look); return nil })
	_ = group.Wait() // both keep their errors for themselves: one must not cancel the other
	if sound != nil {
		t.Heard = nil
		o.warnings = append(o.warnings, InputError{Input: in, Stage: exam.Sound, Err: sound})
	}
	if frames != nil {
		t.Thumbnails = nil
		o.warnings = append(o.warnings, InputError{Input: in, Stage: exam.Frames, Err: frames})
	}
	for _, err := range []error{sound, frames} {
		if err != nil && fatal(ctx, err) {
			return err
		}
	}
	return nil
}

// fatal tells failures that concern the whole run (cancelled, a full disk, something wrong here) from those of one file.
func fatal(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	var failure *stage.Failure
	if !errors.As(err, &failure) {
		return true
	}
	return failure.Code == "disk-full"
}

func (r *run) collect() (Result, []*Take) {
	var result Result
	var takes []*Take
	for _, o := range r.outcomes {
		if o.unusable != nil {
			result.Unusable = append(result.Unusable, *o.unusable)
		}
		if o.take != nil {
			takes = append(takes, o.take)
		}
		result.Warnings = append(result.Warnings, o.warnings...)
	}
	return result, takes
}
