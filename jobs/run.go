package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

var (
	// errClosing gives a task back to the queue because this process ends.
	errClosing = errors.New("this process is closing")
	// errLeaseLost ends a stage that another process has taken over.
	errLeaseLost = errors.New("another process has the stage")
)

// handle runs the stage that a task names. Whether it is to be run at all is decided by its row. An error puts the task back
// into the queue; what the stage's own failure means is written to the row instead.
func (s *Service) handle(ctx context.Context, task *asynq.Task) error {
	var p payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil {
		return fmt.Errorf("task that is not ours: %w: %w", err, asynq.SkipRetry)
	}
	key := exam.StageKey{AttemptID: p.AttemptID, TakeID: p.TakeID, Name: p.Name}
	if !s.enter(key) {
		return errClosing
	}
	defer s.leave(key)
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.run.Done():
		return errClosing
	}
	st, ok, err := s.opts.Store.BeginStage(ctx, key, s.owner, s.opts.Now(), s.opts.Lease)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil // the attempt is gone
		}
		return fmt.Errorf("begin stage %s: %w", key.Name, err)
	}
	if !ok {
		return nil // done, or somebody else's
	}
	s.changed(key.AttemptID)
	started := s.opts.Now()
	outcome, err := s.work(st)
	s.opts.Observe(key.Name, outcome, s.opts.Now().Sub(started))
	s.log.Info("stage", "stage", key.Name, "attempt", key.AttemptID, "take", key.TakeID, "outcome", outcome, "took", s.opts.Now().Sub(started))
	s.changed(key.AttemptID)
	if outcome == Interrupted {
		return errors.Join(errClosing, err)
	}
	s.Wake(key.AttemptID)
	return err
}

// enter counts a handler in, unless the process is closing or already has the stage.
func (s *Service) enter(key exam.StageKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.stages.Add(1)
	s.active[key] = struct{}{}
	return true
}

func (s *Service) leave(key exam.StageKey) {
	s.mu.Lock()
	delete(s.active, key)
	s.mu.Unlock()
	s.stages.Done()
}

// work runs a stage that this process has begun, renewing its lease, and writes down how it ended.
func (s *Service) work(st exam.Stage) (Outcome, error) {
	key := keyOf(st)
	if st.Tries > s.opts.MaxCrashes {
		problem := exam.Problem{Code: "crashed", Detail: fmt.Sprintf("the process that ran it ended %d times", st.Tries-1), Retry: true}
		return FailedFor, s.record(func(ctx context.Context) error {
			return s.opts.Store.FailStage(ctx, key, s.owner, problem, s.opts.Now())
		})
	}
	ctx, cancel := context.WithCancelCause(s.run)
	var progress atomic.Uint64
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.renew(ctx, key, &progress, cancel)
	}()
	result, problem, err := s.runWorker(ctx, st, func(done float64) { progress.Store(math.Float64bits(done)) })
	lost := errors.Is(context.Cause(ctx), errLeaseLost)
	cancel(nil)
	<-renewed

	switch described := Described(nil); {
	case lost:
		return LeaseLost, nil
	case err == nil:
		err = s.record(func(ctx context.Context) error {
			return s.opts.Store.FinishStage(ctx, key, s.owner, result, problem, s.opts.Now())
		})
		if errors.Is(err, store.ErrConflict) {
			return LeaseLost, nil
		}
		return Finished, err
	case s.run.Err() != nil:
		return Interrupted, s.record(func(ctx context.Context) error { return s.opts.Store.ReleaseStage(ctx, key, s.owner, false) })
	case errors.As(err, &described):
		return FailedFor, s.fail(key, described.Describe())
	case st.Tries >= s.opts.MaxTries:
		s.log.Error("a stage failed for the last time", "stage", key.Name, "attempt", key.AttemptID, "take", key.TakeID, "error", err)
		return FailedFor, s.fail(key, problemOf(err))
	default:
		s.log.Warn("a stage failed and is tried again", "stage", key.Name, "attempt", key.AttemptID, "take", key.TakeID, "try", st.Tries, "error", err)
		return TriedAgain, s.again(st)
	}
}

// problemOf keeps what an error that was worth trying again knows about itself.
func problemOf(err error) exam.Problem {
	var known interface{ StageProblem() exam.Problem }
	if errors.As(err, &known) {
		return known.StageProblem()
	}
	return exam.Problem{Code: "internal", Detail: err.Error(), Retry: true}
}

func (s *Service) fail(key exam.StageKey, problem exam.Problem) error {
	return s.record(func(ctx context.Context) error {
		return s.opts.Store.FailStage(ctx, key, s.owner, problem, s.opts.Now())
	})
}

// again makes the stage pending and queues it for later.
func (s *Service) again(st exam.Stage) error {
	err := s.record(func(ctx context.Context) error { return s.opts.Store.ReleaseStage(ctx, keyOf(st), s.owner, true) })
	if err != nil {
		return err
	}
	return s.record(func(ctx context.Context) error { return s.enqueue(ctx, st, s.opts.Backoff(st.Tries)) })
}

// record writes to the database also while the process is closing: how a stage ended must not be lost with it.
func (s *Service) record(write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.run), 10*time.Second)
	defer cancel()
	return write(ctx)
}

// renew keeps the stage until ctx ends, and ends it when the lease is lost.
func (s *Service) renew(ctx context.Context, key exam.StageKey, progress *atomic.Uint64, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(s.opts.RenewEvery)
	defer ticker.Stop()
	var told float64
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		done := math.Float64frombits(progress.Load())
		err := s.opts.Store.RenewStage(ctx, key, s.owner, s.opts.Now(), s.opts.Lease, done)
		switch {
		case errors.Is(err, store.ErrConflict):
			cancel(errLeaseLost)
			return
		case err != nil && ctx.Err() == nil:
			s.log.Warn("a lease could not be renewed", "stage", key.Name, "attempt", key.AttemptID, "error", err)
		case done > told:
			told = done
			s.changed(key.AttemptID)
		}
	}
}

// runWorker runs the Worker; a panic of it is its stage's failure, not the process's end.
func (s *Service) runWorker(ctx context.Context, st exam.Stage, progress func(float64)) (result []byte, problem *exam.Problem, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("a stage panicked", "stage", st.Name, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return s.opts.Work.Run(ctx, st, progress)
}
