package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trivue/trivue/exam"
)

// plans plans the attempts that are woken, one after the other, until Close.
func (s *Service) plans() {
	for {
		select {
		case <-s.run.Done():
			return
		case <-s.wakes.signal:
		}
		for id, ok := s.wakes.take(); ok && s.run.Err() == nil; id, ok = s.wakes.take() {
			if err := s.plan(s.run, id, false); err != nil && s.run.Err() == nil {
				s.log.Error("an attempt could not be planned; the next sweep tries again", "attempt", id, "error", err)
			}
		}
	}
}

// sweeps sweeps at once and then regularly, until Close.
func (s *Service) sweeps() {
	ticker := time.NewTicker(s.opts.SweepEvery)
	defer ticker.Stop()
	for {
		if err := s.Sweep(s.run); err != nil && s.run.Err() == nil {
			s.log.Error("sweep", "error", err)
		}
		select {
		case <-s.run.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep plans every attempt that has work left and does the housekeeping, once. Start does it regularly.
func (s *Service) Sweep(ctx context.Context) error {
	var errs []error
	ids, err := s.opts.Store.AttemptsWithWork(ctx)
	if err != nil {
		errs = append(errs, fmt.Errorf("attempts with work: %w", err))
	}
	for _, id := range ids {
		if err := s.plan(ctx, id, true); err != nil {
			errs = append(errs, fmt.Errorf("plan attempt %s: %w", id, err))
		}
	}
	for _, sweep := range s.opts.Sweeps {
		if err := sweep.Do(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", sweep.Name, err))
		}
	}
	return errors.Join(errs...)
}

// plan puts what is due of an attempt into the queue. With abandoned, stages that run elsewhere are queued as well: whoever
// gets such a task takes the stage if its lease has ended, and drops the task otherwise.
func (s *Service) plan(ctx context.Context, attemptID string, abandoned bool) error {
	attempt, takes, stages, err := s.read(ctx, attemptID)
	if err != nil {
		return err
	}
	for _, key := range Outdated(attempt, takes, stages) {
		if err := s.opts.Store.ResetStage(ctx, key); err != nil {
			return fmt.Errorf("make stage %s again: %w", key.Name, err)
		}
		s.changed(attemptID)
	}
	for _, st := range Plan(attempt, takes, stages) {
		if err := s.opts.Store.EnsureStage(ctx, st); err != nil {
			return fmt.Errorf("note stage %s: %w", st.Name, err)
		}
		if err := s.enqueue(ctx, st, 0); err != nil {
			return err
		}
	}
	if !abandoned {
		return nil
	}
	for _, st := range stages {
		if st.State == exam.Running && !s.running(keyOf(st)) {
			if err := s.enqueue(ctx, st, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// read gives all rows of an attempt that a plan depends on.
func (s *Service) read(ctx context.Context, attemptID string) (exam.Attempt, []exam.Take, []exam.Stage, error) {
	attempt, err := s.opts.Store.Attempt(ctx, attemptID)
	if err != nil {
		return exam.Attempt{}, nil, nil, err
	}
	takes, err := s.opts.Store.Takes(ctx, attemptID)
	if err != nil {
		return exam.Attempt{}, nil, nil, err
	}
	stages, err := s.opts.Store.Stages(ctx, attemptID)
	return attempt, takes, stages, err
}

func (s *Service) running(key exam.StageKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.active[key]
	return ok
}
