package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/trivue/trivue/exam"
)

// taskType is the type of all tasks: run one stage.
const taskType = "stage"

// The queues, first one first. What tells a sender that a file must be uploaded again should not wait behind transcoding.
const (
	queueInspect = "inspect"
	queueStages  = "stages"
)

// payload is a task's content. The row has the rest.
type payload struct {
	AttemptID string         `json:"attempt"`
	TakeID    string         `json:"take,omitempty"`
	Name      exam.StageName `json:"stage"`
}

func (s *Service) serverConfig() asynq.Config {
	return asynq.Config{
		Concurrency:              s.opts.Concurrency,
		Queues:                   map[string]int{queueInspect: 2, queueStages: 1},
		StrictPriority:           true,
		TaskCheckInterval:        s.opts.Poll,
		DelayedTaskCheckInterval: time.Second,
		Logger:                   queueLog{s.log},
		// Handlers are stopped by Close itself, and have returned before Asynq is shut down.
		ShutdownTimeout: time.Second,
		RetryDelayFunc:  func(n int, _ error, _ *asynq.Task) time.Duration { return min(time.Second<<min(n, 5), 30*time.Second) },
		IsFailure:       func(err error) bool { return !errors.Is(err, errClosing) },
	}
}

// enqueue puts a stage into the queue, once. A delay holds it back.
func (s *Service) enqueue(ctx context.Context, st exam.Stage, delay time.Duration) error {
	body, err := json.Marshal(payload{AttemptID: st.AttemptID, TakeID: st.TakeID, Name: st.Name})
	if err != nil {
		return err
	}
	queue := queueStages
	if st.Name == exam.Inspect {
		queue = queueInspect
	}
	// The id keeps one run of a stage from being queued twice. It changes with every try, so that a task that Asynq still holds
	// for a killed process does not keep the next one out.
	id := fmt.Sprintf("%s:%s:%s:%d:%d", st.AttemptID, st.TakeID, st.Name, st.Revision, st.Tries)
	task := asynq.NewTask(taskType, body)
	options := []asynq.Option{
		asynq.TaskID(id), asynq.Queue(queue), asynq.Retention(0), asynq.ProcessIn(delay),
		// Deadlines are the stages' own; this one is only there because Asynq sets half an hour if nothing is said.
		asynq.Timeout(48 * time.Hour),
		// Used up by killed processes and a failing database only, never by stages that fail.
		asynq.MaxRetry(25),
	}
	_, err = s.client.EnqueueContext(ctx, task, options...)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		if !s.removeDead(queue, id) {
			return nil // it is on its way
		}
		_, err = s.client.EnqueueContext(ctx, task, options...)
		if errors.Is(err, asynq.ErrTaskIDConflict) {
			return nil // another process was quicker
		}
	}
	if err != nil {
		return fmt.Errorf("queue stage %s: %w", st.Name, err)
	}
	return nil
}

// removeDead removes a task that will never run again but blocks its id (asynq#492), and reports whether it did.
func (s *Service) removeDead(queue, id string) bool {
	info, err := s.inspector.GetTaskInfo(queue, id)
	if err != nil {
		return errors.Is(err, asynq.ErrTaskNotFound) // it has just ended
	}
	if info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted {
		return false
	}
	return s.inspector.DeleteTask(queue, id) == nil
}

// wakes are attempts that wait for something to be done with them, such as planning. One that is added twice waits once.
type wakes struct {
	mu     *sync.Mutex
	ids    map[string]struct{} // guarded by mu
	signal chan struct{}       // has room for one
}

func newWakes() wakes {
	return wakes{mu: new(sync.Mutex), ids: map[string]struct{}{}, signal: make(chan struct{}, 1)}
}

func (w wakes) add(id string) {
	w.mu.Lock()
	w.ids[id] = struct{}{}
	w.mu.Unlock()
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// take returns one that waits, and whether there was one.
func (w wakes) take() (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id := range w.ids {
		delete(w.ids, id)
		return id, true
	}
	return "", false
}
