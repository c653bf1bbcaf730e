// Package jobs has the stages of attempts done: it derives from the database what is due, puts it into a queue (Asynq on
// Redis), and runs what comes out of the queue.
//
// The database says what is true; the queue only says what to do next. A stage is begun by a compare-and-swap on its row, which
// is held by a lease that is renewed while the work goes on, so that a task that is delivered twice runs once, and a stage
// whose process was killed is free again when its lease ends. A sweeper plans every unfinished attempt anew at the start and
// twice a minute, so that a queue that lost its tasks delays work and loses none.
package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/trivue/trivue/exam"
)

// Store is what jobs need of the database. Errors that mean "the lease is not this owner's any more" wrap store.ErrConflict.
type Store interface {
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	Stages(ctx context.Context, attemptID string) ([]exam.Stage, error)
	// AttemptsWithWork gives the ids of attempts of which anything may be left to do; too many do no harm.
	AttemptsWithWork(ctx context.Context) ([]string, error)
	// EnsureStage inserts a pending row where there is none, and makes one that is over at an older revision pending at the
	// new one.
	EnsureStage(ctx context.Context, s exam.Stage) error
	// ResetStage makes a stage that is over pending again.
	ResetStage(ctx context.Context, key exam.StageKey) error
	// BeginStage takes a pending stage, or a running one whose lease has ended: it is running then, with one try more. It
	// reports false where the stage is not to be had.
	BeginStage(ctx context.Context, key exam.StageKey, owner string, now time.Time, lease time.Duration) (exam.Stage, bool, error)
	RenewStage(ctx context.Context, key exam.StageKey, owner string, now time.Time, lease time.Duration, progress float64) error
	// ReleaseStage gives a stage back: it is pending again, and where the try does not count, has one try less.
	ReleaseStage(ctx context.Context, key exam.StageKey, owner string, counts bool) error
	FinishStage(ctx context.Context, key exam.StageKey, owner string, result []byte, problem *exam.Problem, now time.Time) error
	FailStage(ctx context.Context, key exam.StageKey, owner string, problem exam.Problem, now time.Time) error
}

// Worker does the work of a stage.
type Worker interface {
	// Run returns the stage's result as JSON, and a problem where it had to leave something out. Progress takes values that
	// grow from 0 to 1. An error that has a cause a person can act on implements Described; any other is tried again. Run
	// returns soon after ctx ends.
	Run(ctx context.Context, s exam.Stage, progress func(float64)) (result []byte, problem *exam.Problem, err error)
}

// Described is an error that says what a person is to be told. The stage fails with that and is not tried again by itself.
type Described interface {
	error
	Describe() exam.Problem
}

// Notifier is told whenever a row of an attempt has changed. It must not block.
type Notifier interface {
	AttemptChanged(attemptID string)
}

// Sweep is housekeeping that is done with every sweep.
type Sweep struct {
	Name string // for the log
	Do   func(ctx context.Context) error
}

// Outcome says how one run of a stage ended.
type Outcome string

// The outcomes.
const (
	Finished    Outcome = "finished"
	FailedFor   Outcome = "failed"      // with a problem that was recorded
	TriedAgain  Outcome = "tried-again" // an error that may pass; the stage is pending
	Interrupted Outcome = "interrupted" // by Close; the stage is pending
	LeaseLost   Outcome = "lease-lost"  // another process has the stage; the result was thrown away
)

// Options configure a Service. Redis and Store must be set; zero values of the others are replaced by those named.
type Options struct {
	Redis    Redis
	Store    Store
	Work     Worker   // nil: this process plans, and leaves the work to others
	Notifier Notifier // told of the changes of all processes at this Redis; nil: nobody here is told
	Log      *slog.Logger
	// Observe is called after each run of a stage, for metrics. It must not block.
	Observe func(name exam.StageName, outcome Outcome, took time.Duration)

	Concurrency int // stages that this process runs at once; 1
	MaxTries    int // runs of a stage until an error without a description fails it; 3
	// MaxCrashes is the number of runs after which a stage is not begun again, because each ended with its process; 10.
	MaxCrashes int

	Sweeps     []Sweep
	SweepEvery time.Duration                 // 30 s
	Lease      time.Duration                 // how long a stage stays taken without a sign of life; 30 s
	RenewEvery time.Duration                 // how often a running stage gives one, with its progress; 2 s
	Poll       time.Duration                 // how often an idle process looks into the queue; 100 ms
	Grace      time.Duration                 // how long Close waits for running stages to stop; 20 s
	Backoff    func(tries int) time.Duration // before a stage is tried again; 5 s, 10 s, 20 s…
	Now        func() time.Time              // time.Now
}

func (o *Options) setDefaults() {
	o.Concurrency = max(o.Concurrency, 1)
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{{&o.SweepEvery, 30 * time.Second}, {&o.Lease, 30 * time.Second}, {&o.RenewEvery, 2 * time.Second}, {&o.Poll, 100 * time.Millisecond}, {&o.Grace, 20 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	if o.MaxTries <= 0 {
		o.MaxTries = 3
	}
	if o.MaxCrashes <= 0 {
		o.MaxCrashes = 10
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Backoff == nil {
		o.Backoff = func(tries int) time.Duration { return min(5*time.Second<<(max(tries, 1)-1), 5*time.Minute) }
	}
	if o.Observe == nil {
		o.Observe = func(exam.StageName, Outcome, time.Duration) {}
	}
}

// Service plans and runs stages until Close.
type Service struct {
	opts      Options
	log       *slog.Logger
	owner     string // names this process in the leases
	redis     redis.UniversalClient
	client    *asynq.Client
	inspector *asynq.Inspector
	server    *asynq.Server // nil without a Worker
	slots     chan struct{} // one per stage that may run

	run    context.Context // ends with Close: running stages stop
	cancel context.CancelFunc
	loops  sync.WaitGroup // planner, sweeper, news
	stages sync.WaitGroup // handlers

	mu     sync.Mutex
	closed bool                       // guarded by mu; no handler begins after it is set
	active map[exam.StageKey]struct{} // guarded by mu; what this process runs

	wakes wakes // attempts to be planned
	news  wakes // attempts of which others are to be told
}

// New makes a Service; Start sets it to work.
func New(opts Options) (*Service, error) {
	if opts.Redis == nil || opts.Store == nil {
		return nil, errors.New("jobs: Redis and Store must be set")
	}
	opts.setDefaults()
	client, ok := opts.Redis.MakeRedisClient().(redis.UniversalClient)
	if !ok {
		return nil, fmt.Errorf("jobs: %T makes no Redis client", opts.Redis)
	}
	host, _ := os.Hostname() // only for the eyes of who reads the rows
	quietClient()
	s := &Service{
		opts: opts, log: opts.Log, owner: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8]),
		redis: client, client: asynq.NewClientFromRedisClient(client), inspector: asynq.NewInspectorFromRedisClient(client),
		slots: make(chan struct{}, opts.Concurrency), active: map[exam.StageKey]struct{}{}, wakes: newWakes(), news: newWakes(),
	}
	s.run, s.cancel = context.WithCancel(context.Background())
	if opts.Work != nil {
		s.server = asynq.NewServerFromRedisClient(client, s.serverConfig())
	}
	return s, nil
}

// Start begins to plan, to sweep, and, with a Worker, to run stages. A Redis that does not answer is no error: work begins when
// it does.
func (s *Service) Start() error {
	if s.server != nil {
		if err := s.server.Start(asynq.HandlerFunc(s.handle)); err != nil {
			return fmt.Errorf("start the task queue: %w", err)
		}
	}
	s.loops.Go(s.plans)
	s.loops.Go(s.sweeps)
	s.loops.Go(s.tells)
	if s.opts.Notifier != nil {
		s.loops.Go(s.hears)
	}
	return nil
}

// Wake has an attempt planned soon. It does not wait, and may be called from anywhere, also when Redis or the database are
// down: what cannot be done then is done by a later sweep.
func (s *Service) Wake(attemptID string) { s.wakes.add(attemptID) }

// Close stops fetching tasks, has the running stages stopped and their rows made pending, and returns when all that is done or
// the grace is over. It must be called once, after Start.
func (s *Service) Close() error {
	if s.server != nil {
		s.server.Stop()
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.loops.Wait()

	var err error
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.stages.Wait()
	}()
	select {
	case <-stopped:
	case <-time.After(s.opts.Grace):
		err = fmt.Errorf("stages did not stop within %s; others take them over when their leases end", s.opts.Grace)
	}
	if s.server != nil {
		s.server.Shutdown()
	}
	return errors.Join(err, s.redis.Close())
}
