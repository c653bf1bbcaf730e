// Package engine has children look for faces in pictures. Each child loads the models once and then takes one picture after the
// other; a picture that crashes or hangs it costs that picture its answer, and the next one gets a new child.
//
// The parent's side is Engine, the child's is Main, which the same program calls when it is started with Options.Args.
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/facematch/photo"
)

// Options say how an Engine starts its children. All but Models may be zero.
type Options struct {
	// Models finds the model files. It is asked at each start of a child, so that models that are installed later come into use.
	Models func() (models.Set, error)
	// Exe is the program; empty for the running one, even if its file has been replaced since.
	Exe string
	// Args make the program call Main; {"look"} if nil.
	Args []string
	// Env is added to a child's environment, as KEY=VALUE.
	Env []string
	// Log gets starts and ends of children; nil for none.
	Log *slog.Logger
	// Children is how many there may be at a time; as many as there are processors if 0. They are started when they are needed.
	Children int
	// Deadline is how long a child may take for one picture; 15 s if 0.
	Deadline time.Duration
	// StartDeadline is how long it may take to load the models; 60 s if 0.
	StartDeadline time.Duration
	// Resident is the resident memory in bytes at which a child is ended; 1 GiB if 0. It is looked at every tenth of a second.
	Resident int64
	// AddressSpace bounds a child's virtual memory in bytes at every moment; 4 GiB if 0, no limit below.
	AddressSpace int64
	// Pause is how long after a failed start none is tried again; 5 s if 0.
	Pause time.Duration
	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Engine looks for faces. It may be used by any number of goroutines.
type Engine struct {
	options Options
	log     *slog.Logger
	slots   chan *child // nil: a child that is still to be started
	closed  chan struct{}
	close   sync.Once

	mu     sync.Mutex
	failed error     // of the last start; guarded by mu
	again  time.Time // when another may be tried; guarded by mu
}

// ErrClosed is the answer of an Engine that was closed.
var ErrClosed = errors.New("the search for faces has ended with the program")

// New makes an Engine. It starts nothing.
func New(o Options) *Engine {
	if o.Exe == "" {
		o.Exe = "/proc/self/exe"
	}
	if o.Args == nil {
		o.Args = []string{"look"}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Children <= 0 {
		o.Children = runtime.NumCPU()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	fill(&o.Deadline, 15*time.Second)
	fill(&o.StartDeadline, time.Minute)
	fill(&o.Pause, 5*time.Second)
	fill(&o.Resident, 1<<30)
	fill(&o.AddressSpace, 4<<30)
	e := &Engine{options: o, log: o.Log, slots: make(chan *child, o.Children), closed: make(chan struct{})}
	for range o.Children {
		e.slots <- nil
	}
	return e
}

func fill[T int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Look finds the faces in a picture: JPEG of any kind, PNG or WebP, as it came. An error that says why it cannot is a
// *facematch.Problem. When ctx ends, Look returns its error; the child finishes by itself.
func (e *Engine) Look(ctx context.Context, data []byte) (facematch.Picture, error) {
	if len(data) > photo.MaxBytes {
		// Decode would say the same, but its child would have to be told all of it first.
		return facematch.Picture{}, &facematch.Problem{Code: facematch.TooLarge, Detail: fmt.Sprintf("the picture has more than %d MB: make it smaller", photo.MaxBytes>>20)}
	}
	var c *child
	select {
	case <-e.closed:
		return facematch.Picture{}, ErrClosed
	default:
	}
	select {
	case c = <-e.slots:
	case <-ctx.Done():
		return facematch.Picture{}, ctx.Err()
	case <-e.closed:
		return facematch.Picture{}, ErrClosed
	}
	type outcome struct {
		picture facematch.Picture
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		picture, next, err := e.look(c, data)
		e.slots <- next
		done <- outcome{picture, err}
	}()
	select {
	case o := <-done:
		return o.picture, o.err
	case <-ctx.Done():
		return facematch.Picture{}, ctx.Err()
	}
}

// look has a child look, starting one where there is none, and gives the child that the slot then holds.
func (e *Engine) look(c *child, data []byte) (facematch.Picture, *child, error) {
	if c != nil && !c.alive() {
		e.log.Warn("a child that looked for faces ended while nothing was asked of it", "exit", c.process.State.String(), "said", c.end(0))
		c = nil
	}
	if c == nil {
		var err error
		if c, err = e.ready(); err != nil {
			return facematch.Picture{}, nil, err
		}
	}
	picture, problem := c.ask(data, e.options.Deadline, e.options.Resident)
	switch {
	case problem == nil:
		return picture, c, nil
	case problem.OfPicture():
		return facematch.Picture{}, c, problem
	default:
		said := c.end(0)
		e.log.Warn("a child that looked for faces was lost", "code", problem.Code, "error", problem.Detail, "said", said)
		return facematch.Picture{}, nil, problem
	}
}

// ready starts a child, unless one could not be started just now: models that cannot be loaded must not cost each picture their
// loading.
func (e *Engine) ready() (*child, error) {
	e.mu.Lock()
	failed := e.failed
	if e.options.Now().After(e.again) {
		failed = nil
	}
	e.mu.Unlock()
	if failed != nil {
		return nil, failed
	}
	set, err := e.options.Models()
	if err != nil {
		var missing *models.MissingError
		if errors.As(err, &missing) {
			return nil, &facematch.Problem{Code: facematch.NoModels, Detail: err.Error()}
		}
		return nil, err
	}
	c, err := e.startChild(set)
	if err == nil {
		return c, nil
	}
	var problem *facematch.Problem
	if !errors.As(err, &problem) {
		err = &facematch.Problem{Code: facematch.Unavailable, Detail: err.Error()}
	}
	e.log.Error("no child that looks for faces can be started", "error", err)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed, e.again = err, e.options.Now().Add(e.options.Pause)
	return nil, err
}

// grace is how long a child is waited for that was asked to end.
const grace = 2 * time.Second

// Close ends all children and returns when they are gone. What is being looked at is finished first.
func (e *Engine) Close() {
	e.close.Do(func() {
		close(e.closed)
		for range e.options.Children {
			if c := <-e.slots; c != nil {
				c.end(grace)
			}
		}
	})
}
