package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// probe is the stage that does nothing: it shows which limits and layers of the sandbox this machine grants.
const probe exam.StageName = "probe"

// progressInterval is how often progress is reported at most.
const progressInterval = 50 * time.Millisecond

// Main is the child's side: it takes one order from standard input, carries it out, and returns the exit status for os.Exit.
//
// Limits come first, then preload, which loads all code and data that the stage needs from the file system; then the sandbox
// closes, and only then is the stage run. Preload may be nil.
func Main(ctx context.Context, stages map[exam.StageName]stage.Func, preload func(stage.Job) error) int {
	messages := os.NewFile(spawn.MessageDescriptor, "messages")
	// Without a parent the descriptor may be free, or be one that the Go runtime has opened for itself.
	if info, err := messages.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		fmt.Fprintln(os.Stderr, "this command is run by Trivue itself, for one step of its work on a recording")
		return 2
	}
	syscall.CloseOnExec(spawn.MessageDescriptor)
	parent := &reporter{to: messages, now: time.Now}
	result, err := obey(ctx, os.Stdin, parent, stages, preload)
	if err == nil {
		err = parent.send(message{Result: result})
	}
	if err != nil {
		if err := parent.send(message{Failure: stage.Explain(err)}); err != nil {
			fmt.Fprintln(os.Stderr, "cannot tell the parent:", err)
		}
		return 1
	}
	return 0
}

func obey(ctx context.Context, from io.Reader, parent *reporter, stages map[exam.StageName]stage.Func, preload func(stage.Job) error) (json.RawMessage, error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	lines := bufio.NewReader(from)
	line, err := readLine(lines)
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	run, known := stages[o.Job.Stage]
	if o.Job.Stage == probe {
		run, known, preload = doNothing, true, nil
	}
	if !known {
		return nil, fmt.Errorf("there is no stage %q", o.Job.Stage)
	}
	if err := o.Limits.impose(); err != nil {
		return nil, err
	}
	if preload != nil {
		if err := preload(o.Job); err != nil {
			return nil, fmt.Errorf("prepare the stage %s: %w", o.Job.Stage, err)
		}
	}
	inputs, err := readable(o.Job.Inputs)
	if err != nil {
		return nil, err
	}
	status := sandbox.Close(sandbox.Policy{ReadFiles: inputs, Writable: []string{o.Job.Output, o.Scratch}})
	if err := parent.send(message{Sandbox: status}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		for {
			if line, err := readLine(lines); err != nil || string(line) == endLine {
				return
			}
		}
	}()
	return call(ctx, run, o.Job, parent.progress)
}

// readable leaves out inputs that are not there: the sandbox takes only files that exist, and it is the stage that says in the
// right words what is wrong with an input.
func readable(inputs []string) ([]string, error) {
	var there []string
	for _, path := range inputs {
		if _, err := os.Stat(path); err == nil {
			there = append(there, path)
		} else if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("look at an input: %w", err)
		}
	}
	return there, nil
}

func call(ctx context.Context, run stage.Func, job stage.Job, progress func(float64)) (_ json.RawMessage, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = crashed(fmt.Sprintf("panic: %v", cause), string(debug.Stack()))
		}
	}()
	result, err := run(ctx, job, progress)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", job.Stage, err)
	}
	return encoded, nil
}

func doNothing(context.Context, stage.Job, func(float64)) (any, error) { return nil, nil }

// reporter sends messages to the parent.
type reporter struct {
	to  io.Writer
	now func() time.Time

	mu      sync.Mutex
	last    time.Time // when progress was sent; guarded by mu
	highest float64   // guarded by mu
}

func (r *reporter) send(m message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return writeLine(r.to, m)
}

// progress sends what has grown, not too often. The last step may be swallowed: the result says that all is done.
func (r *reporter) progress(done float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Not a number compares false with everything, and JSON could not carry it.
	if !(done > r.highest) {
		return
	}
	now := r.now()
	if now.Sub(r.last) < progressInterval {
		return
	}
	r.last, r.highest = now, min(done, 1)
	// A parent that is gone is noticed on standard input.
	_ = writeLine(r.to, message{Progress: &r.highest})
}
