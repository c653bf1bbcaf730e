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
	errClosing = errors.New("the process is ending")
	errLost    = errors.New("another process has taken the stage over")
)

// handle does what one task says. It returns an error only where the task should come again by Asynq's means: when the
// database cannot be read, and when the process is ending. How a stage went is in its row alone.
//
// Asynq's context is not the stage's: it ends when Redis was away for half a minute, which is no reason to stop a stage that
// has run for an hour. The lease on the row is what counts.
func (s *Service) handle(_ context.Context, task *asynq.Task) error {
	if !s.enter() {
		return errClosing
	}
	defer s.stages.Done()
	var p payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil {
		s.log.Error("a task in the queue cannot be read and is dropped", "error", err)
		return nil
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-s.run.Done():
		return errClosing
	}
	key := exam.StageKey{AttemptID: p.AttemptID, TakeID: p.TakeID, Name: p.Name}
	wanted, err := s.wanted(s.run, key)
	if err != nil {
		return s.orClosing(err)
	}
	if !wanted {
		return nil
	}
	st, ok, err := s.opts.Store.BeginStage(s.run, key, s.owner, s.opts.Now(), s.opts.Lease)
	if err != nil {
		return s.orClosing(err)
	}
	if !ok {
		return nil
	}
	s.setActive(key, true)
	began := time.Now()
	outcome, err := s.runStage(st)
	s.setActive(key, false)
	s.opts.Observe(key.Name, outcome, time.Since(began))
	s.log.Info("stage ended", append(describe(st), "outcome", outcome, "took", time.Since(began))...)
	s.changed(key.AttemptID)
	s.Wake(key.AttemptID)
	if outcome == Interrupted {
		return errClosing
	}
	if err != nil {
		s.log.Error("how a stage ended could not be recorded; it is taken again when its lease ends", append(describe(st), "error", err)...)
	}
	return nil
}

// enter counts a handler, unless Close has begun.
func (s *Service) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.stages.Add(1)
	return true
}

func (s *Service) setActive(key exam.StageKey, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.active[key] = struct{}{}
	} else {
		delete(s.active, key)
	}
}

func (s *Service) orClosing(err error) error {
	if s.run.Err() != nil {
		return errClosing
	}
	return err
}

// wanted reports whether a stage would be planned now, if nobody were running it. A task may be older than the rows: the take
// was replaced, or another has come, since it was queued.
func (s *Service) wanted(ctx context.Context, key exam.StageKey) (bool, error) {
	attempt, takes, stages, err := s.read(ctx, key.AttemptID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i := range stages {
		if keyOf(stages[i]) == key && stages[i].State == exam.Running {
			stages[i].State = exam.Pending
		}
	}
	for _, due := range Plan(attempt, takes, stages) {
		if keyOf(due) == key {
			return true, nil
		}
	}
	return false, nil
}

// runStage runs a stage that was begun, and records how it ended. The error says that this could not be recorded.
func (s *Service) runStage(st exam.Stage) (Outcome, error) {
	s.changed(st.AttemptID)
	if st.Tries > s.opts.MaxCrashes {
		return s.fail(st, exam.Problem{Code: "crashed", Retry: true,
			Detail: fmt.Sprintf("the stage was begun %d times, and each time its process ended before it did", st.Tries-1)})
	}
	ctx, cancel := context.WithCancelCause(s.run)
	defer cancel(nil)
	var progress meter
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		s.keep(ctx, cancel, st, &progress)
	}()
	s.log.Info("stage begins", describe(st)...)
	result, problem, err := s.call(ctx, st, progress.set)
	lost := errors.Is(context.Cause(ctx), errLost)
	cancel(nil)
	<-kept

	if lost {
		s.log.Warn("another process has taken a stage over; its result is thrown away here", describe(st)...)
		return LeaseLost, nil
	}
	if err == nil {
		return s.record(st, Finished, func(ctx context.Context) error {
			return s.opts.Store.FinishStage(ctx, keyOf(st), s.owner, result, problem, s.opts.Now())
		})
	}
	var described Described
	switch {
	case s.run.Err() != nil: // first: what was stopped in the middle may fail in any way
		return s.record(st, Interrupted, func(ctx context.Context) error {
			return s.opts.Store.ReleaseStage(ctx, keyOf(st), s.owner, false)
		})
	case errors.As(err, &described):
		s.log.Warn("stage failed", append(describe(st), "error", err)...)
		return s.fail(st, described.Describe())
	case st.Tries >= s.opts.MaxTries:
		s.log.Error("stage failed for good", append(describe(st), "error", err)...)
		return s.fail(st, problemOf(err))
	}
	delay := s.opts.Backoff(st.Tries)
	s.log.Warn("stage failed and is tried again", append(describe(st), "error", err, "in", delay)...)
	return s.record(st, TriedAgain, func(ctx context.Context) error {
		// Queued before the row is free, or else the plan that follows would queue the same try without the delay. Where Redis
		// does not answer, the next sweep queues it.
		next := st
		next.State = exam.Pending
		if err := s.enqueue(ctx, next, delay); err != nil {
			s.log.Warn("the next try could not be queued; a later sweep does it", append(describe(st), "error", err)...)
		}
		return s.opts.Store.ReleaseStage(ctx, keyOf(st), s.owner, true)
	})
}

// call runs the worker. A panic is an error like others: the row must not stay taken.
func (s *Service) call(ctx context.Context, st exam.Stage, progress func(float64)) (result []byte, problem *exam.Problem, err error) {
	defer func() {
		if x := recover(); x != nil {
			s.log.Error("a stage panicked", append(describe(st), "panic", x, "stack", string(debug.Stack()))...)
			err = fmt.Errorf("panic: %v", x)
		}
	}()
	return s.opts.Work.Run(ctx, st, progress)
}

// keep renews the lease, and writes down the progress with it, until ctx ends. When the stage is lost to another process, or
// the lease could not be renewed in time and thus may be, it cancels the work.
func (s *Service) keep(ctx context.Context, cancel context.CancelCauseFunc, st exam.Stage, progress *meter) {
	ticker := time.NewTicker(s.opts.RenewEvery)
	defer ticker.Stop()
	renewed, shown := time.Now(), -1.0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		p, before := progress.get(), time.Now()
		err := s.opts.Store.RenewStage(ctx, keyOf(st), s.owner, s.opts.Now(), s.opts.Lease, p)
		switch {
		case err == nil:
			renewed = before
			if p != shown {
				shown = p
				s.changed(st.AttemptID)
			}
		case ctx.Err() != nil:
			return
		case errors.Is(err, store.ErrConflict), time.Since(renewed) >= s.opts.Lease:
			s.log.Warn("a stage's lease is lost", append(describe(st), "error", err)...)
			cancel(errLost)
			return
		default:
			s.log.Warn("a stage's lease could not be renewed", append(describe(st), "error", err)...)
		}
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

func (s *Service) fail(st exam.Stage, problem exam.Problem) (Outcome, error) {
	return s.record(st, FailedFor, func(ctx context.Context) error {
		return s.opts.Store.FailStage(ctx, keyOf(st), s.owner, problem, s.opts.Now())
	})
}

// record writes how a stage ended, also while the process is ending, and again while the database fails, as long as the lease
// may hold: an hour's work should not be lost to a moment's trouble.
func (s *Service) record(st exam.Stage, outcome Outcome, write func(context.Context) error) (Outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.run), s.opts.Lease)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := write(ctx)
		if err == nil {
			return outcome, nil
		}
		if errors.Is(err, store.ErrConflict) {
			s.log.Warn("another process has taken a stage over; its result is thrown away here", describe(st)...)
			return LeaseLost, nil
		}
		select {
		case <-ctx.Done():
			return outcome, err
		case <-time.After(wait):
		}
	}
}

// describe gives a stage's log attributes.
func describe(st exam.Stage) []any {
	return []any{"attempt", st.AttemptID, "take", st.TakeID, "stage", st.Name, "try", st.Tries}
}

// meter is a progress that only grows.
type meter struct{ bits atomic.Uint64 }

func (m *meter) set(p float64) {
	if !(p >= 0) { // negative, or not a number
		return
	}
	p = math.Min(p, 1)
	for {
		old := m.bits.Load()
		if p <= math.Float64frombits(old) || m.bits.CompareAndSwap(old, math.Float64bits(p)) {
			return
		}
	}
}

func (m *meter) get() float64 { return math.Float64frombits(m.bits.Load()) }
