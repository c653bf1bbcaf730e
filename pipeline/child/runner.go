// Package child runs a stage in a process of its own and bounds what it can do: time, memory, files, network. Media that
// crashes or captures a decoder costs one job its result, and nothing else.
//
// The parent's side is Runner. The child's side is Main, which the same program calls when it is started with Options.Args.
package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// Options say how a Runner starts its children. The zero value serves.
type Options struct {
	// Exe is the program; empty for the running one, even if its file has been replaced since.
	Exe string
	// Args make the program call Main; {"stage"} if nil.
	Args []string
	// Env is added to the child's environment, as KEY=VALUE. Of the parent's own it gets nothing but GStreamer's settings.
	Env []string
	// Log gets how each run ended; nil for none.
	Log *slog.Logger
	// Limits bound each run.
	Limits Limits
	// Parallel is how many runs may go on at a time; the others wait in the order of their arrival. As many as there are
	// processors if 0.
	Parallel int
	// Grace is how long a child is waited for after it was asked to end, and again after SIGINT, before it is killed; 2 s if 0.
	Grace time.Duration
}

// Runner runs jobs in child processes. It implements stage.Runner and may be used by any number of goroutines.
type Runner struct {
	options Options
	slots   *semaphore.Weighted
	log     *slog.Logger
}

var _ stage.Runner = (*Runner)(nil)

// New makes a Runner. It starts nothing.
func New(o Options) *Runner {
	if o.Exe == "" {
		o.Exe = "/proc/self/exe"
	}
	if o.Args == nil {
		o.Args = []string{"stage"}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.NumCPU()
	}
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	return &Runner{options: o, slots: semaphore.NewWeighted(int64(o.Parallel)), log: o.Log}
}

// Report is what is known of a run besides its result.
type Report struct {
	PID      int
	Wall     time.Duration  // from start to end of the process
	CPU      time.Duration  // user and system time
	Resident int64          // the most resident memory, in bytes
	Sandbox  sandbox.Status // nil if the child never got so far
	// Exit is how the process ended: "exit status 0", "signal: segmentation fault".
	Exit string
}

// Run implements stage.Runner. Progress is called on the caller's goroutine and must return soon: while it is busy, no limit is
// watched.
//
// A job's output folder is emptied before the run, and again if the run fails. When ctx ends, Run returns its error once the
// child is gone. Failures have these codes besides those that the stage itself gives: "timeout", "memory", "crashed".
func (r *Runner) Run(ctx context.Context, job stage.Job, progress func(float64)) (json.RawMessage, error) {
	result, _, err := r.RunReport(ctx, job, progress)
	return result, err
}

// RunReport is Run, and says what the run took.
func (r *Runner) RunReport(ctx context.Context, job stage.Job, progress func(float64)) (json.RawMessage, Report, error) {
	if err := validate(job); err != nil {
		return nil, Report{}, err
	}
	if err := r.slots.Acquire(ctx, 1); err != nil {
		return nil, Report{}, err
	}
	defer r.slots.Release(1)

	scratch, err := prepare(job.Output)
	if err != nil {
		return nil, Report{}, fmt.Errorf("prepare the output folder of %s: %w", job.Stage, err)
	}
	result, report, err := r.run(ctx, job, scratch, progress)
	if err == nil {
		err = accept(job, scratch)
	}
	if err != nil {
		r.logEnd(job, report, err)
		if residue := clear(job.Output); residue != nil {
			r.log.Warn("cannot remove what a failed stage left", "stage", job.Stage, "folder", job.Output, "error", residue)
		}
		return nil, report, err
	}
	r.logEnd(job, report, nil)
	return result, report, nil
}

func validate(job stage.Job) error {
	for _, path := range append([]string{job.Output}, job.Inputs...) {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("stage %s: %q is not an absolute path", job.Stage, path)
		}
	}
	return nil
}

// prepare empties the output folder of what a run left whose parent was killed, and makes the folder for temporary files.
func prepare(output string) (scratch string, err error) {
	if err := clear(output); err != nil {
		return "", err
	}
	scratch = filepath.Join(output, scratchName)
	return scratch, os.Mkdir(scratch, 0o700)
}

func (r *Runner) run(ctx context.Context, job stage.Job, scratch string, progress func(float64)) (json.RawMessage, Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, Report{}, err
	}
	began := time.Now()
	p, err := spawn.Start(r.options.Exe, r.options.Args, spawn.Environment(scratch, r.options.Env), scratch, true)
	if err != nil {
		return nil, Report{}, err
	}
	limits := r.options.Limits.withDefaults(job)
	w := watch(p, order{Job: job, Limits: limits, Scratch: scratch})
	ending := w.untilEnd(ctx, limits, r.options.Grace, progress)
	report := Report{PID: p.PID, Wall: time.Since(began), Resident: w.peak, Sandbox: w.heard.sandbox}
	if p.WaitErr != nil {
		return nil, report, fmt.Errorf("wait for the child: %w", p.WaitErr)
	}
	report.CPU = p.State.UserTime() + p.State.SystemTime()
	report.Exit = p.State.String()
	if usage, ok := p.State.SysUsage().(*syscall.Rusage); ok {
		report.Resident = max(report.Resident, usage.Maxrss<<10) // ru_maxrss is in KiB (getrusage(2))
	}
	result, err := conclude(ending, w, limits, report)
	switch {
	case ending == cancelled && err != nil:
		err = ctx.Err()
	case err == nil && progress != nil && w.reached < 1:
		progress(1)
	}
	return result, report, err
}

// accept looks at what a successful run left.
func accept(job stage.Job, scratch string) error {
	if err := os.RemoveAll(scratch); err != nil {
		return fmt.Errorf("remove temporary files of %s: %w", job.Stage, err)
	}
	if err := checkPlain(job.Output); err != nil {
		return crashed(fmt.Sprintf("its output was refused: %v", err), "")
	}
	return nil
}

func (r *Runner) logEnd(job stage.Job, report Report, err error) {
	level, attributes := slog.LevelDebug, []any{
		"stage", job.Stage, "pid", report.PID, "wall", report.Wall, "cpu", report.CPU, "resident", report.Resident,
		"exit", report.Exit, "sandbox", report.Sandbox.String(),
	}
	if err != nil {
		level = slog.LevelInfo
		attributes = append(attributes, "error", err)
		var failure *stage.Failure
		if errors.As(err, &failure) {
			attributes = append(attributes, "diagnostics", failure.Diagnostics)
		}
	}
	r.log.Log(context.Background(), level, "stage ended", attributes...)
}
