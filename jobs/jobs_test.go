package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func TestEverythingIsDoneOnceAndInOrder(t *testing.T) {
	w := newWorld(t, "a", "b")
	f, told := &fake{}, &notes{}
	opts := w.options(f)
	opts.Notifier, opts.SweepEvery = told, time.Hour
	s, _ := w.start(opts)
	s.Wake(attemptID)
	w.awaitArchive(2)

	runs := f.ran()
	assert.ElementsMatch(t, []string{"a/inspect@0", "a/playback@0", "a/sound@0", "a/frames@0", "b/inspect@0", "b/playback@0", "b/sound@0", "b/frames@0",
		"/timeline@2", "/archive@2"}, runs)
	before := func(x, y string) { assert.Less(t, slices.Index(runs, x), slices.Index(runs, y), "%s before %s", x, y) }
	before("a/inspect@0", "a/playback@0")
	before("a/playback@0", "a/sound@0")
	before("a/playback@0", "a/frames@0")
	assert.Equal(t, []string{"/timeline@2", "/archive@2"}, runs[8:])
	assert.JSONEq(t, `{"by":"fake"}`, string(w.stage("a", exam.Sound).Result))
	assert.LessOrEqual(t, f.highest, 2)
	w.await(func() bool { return told.count() >= 20 }, "each beginning and each end is told")

	w.receive("c")
	s.Wake(attemptID)
	w.awaitArchive(3)
	assert.Equal(t, []string{"/timeline@3", "/archive@3"}, f.ran()[14:], "a new take makes the timeline anew, and nothing else")
}

func TestTheSweepAloneFinishes(t *testing.T) {
	w := newWorld(t, "a")
	f := &fake{}
	opts := w.options(f)
	var swept atomic.Int32
	opts.Sweeps = []Sweep{
		{"fails", func(context.Context) error { return errors.New("no") }},
		{"counts", func(context.Context) error { swept.Add(1); return nil }},
	}
	w.start(opts)
	w.awaitArchive(1)
	w.await(func() bool { return swept.Load() > 1 }, "housekeeping goes on although one part of it fails")
}

func TestOneSlotRunsOneStage(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	f := &fake{}
	opts := w.options(f)
	opts.Concurrency = 1
	w.start(opts)
	w.awaitArchive(3)
	assert.Equal(t, 1, f.highest)
}

func TestLostQueue(t *testing.T) {
	for name, lose := range map[string]func(*world){
		"emptied": func(w *world) { require.NoError(w.t, w.client().FlushAll(w.t.Context()).Err()) },
		"killed":  (*world).killRedis,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			g := newGate(exam.Playback)
			f := &fake{do: g.do}
			w.start(w.options(f))
			<-g.reached
			lose(w)
			close(g.open)
			w.awaitArchive(2)
			for _, st := range []string{"a/playback@0", "b/playback@0", "/timeline@2", "/archive@2"} {
				assert.Equal(t, 1, f.count(st), st)
			}
		})
	}
}

func TestRedisThatComesLater(t *testing.T) {
	w := newWorld(t, "a")
	require.NoError(t, w.redis.Close())
	s, _ := w.start(w.options(&fake{}))
	s.Wake(attemptID)
	w.await(func() bool { return w.stage("a", exam.Inspect).State == exam.Pending }, "what is due is in the database although the queue is away")
	w.startRedis()
	w.awaitArchive(1)
}

func TestCloseInTheMiddle(t *testing.T) {
	w := newWorld(t, "a")
	g := newGate(exam.Playback)
	f := &fake{do: g.do}
	_, stop := w.start(w.options(f))
	<-g.reached
	stop()
	st := w.stage("a", exam.Playback)
	assert.Equal(t, exam.Pending, st.State)
	assert.Zero(t, st.Tries, "an interruption is not counted")

	w.start(w.options(f))
	w.awaitArchive(1)
	assert.Equal(t, 1, w.stage("a", exam.Playback).Tries)
}

func TestDuplicatesRunOnce(t *testing.T) {
	w := newWorld(t, "a")
	g := newGate(exam.Inspect)
	f := &fake{do: g.do}
	opts := w.options(f)
	opts.Concurrency = 4
	s, _ := w.start(opts)
	<-g.reached
	for i := range 20 {
		require.NoError(t, s.enqueue(t.Context(), exam.Stage{AttemptID: attemptID, TakeID: "a", Name: exam.Inspect, Tries: 100 + i}, 0))
	}
	w.await(func() bool {
		n, err := w.client().LLen(t.Context(), "asynq:{inspect}:pending").Result()
		return err == nil && n == 0
	}, "all duplicates are taken")
	close(g.open)
	w.awaitArchive(1)
	assert.Equal(t, 1, f.count("a/inspect@0"))
}

// described is a failure with a cause that a person can act on.
type described struct{ exam.Problem }

func (d described) Error() string          { return d.Code }
func (d described) Describe() exam.Problem { return d.Problem }

// known is a failure that may pass, and knows what to say if it does not.
type known struct{ exam.Problem }

func (k known) Error() string              { return k.Code }
func (k known) StageProblem() exam.Problem { return k.Problem }

func TestFailures(t *testing.T) {
	notMedia := exam.Problem{Code: "not-media", Detail: "text", Again: true}
	timeout := exam.Problem{Code: "timeout", Detail: "600 s", Retry: true}
	for name, c := range map[string]struct {
		fail  func(try int) error
		state exam.StageState
		tries int
		want  *exam.Problem
	}{
		"described":     {func(int) error { return fmt.Errorf("inspect: %w", described{notMedia}) }, exam.Failed, 1, &notMedia},
		"unknown":       {func(int) error { return errors.New("odd") }, exam.Failed, 3, &exam.Problem{Code: "internal", Detail: "odd", Retry: true}},
		"known, lasts":  {func(int) error { return fmt.Errorf("child: %w", known{timeout}) }, exam.Failed, 3, &timeout},
		"panic":         {func(int) error { panic("odd") }, exam.Failed, 3, &exam.Problem{Code: "internal", Detail: "panic: odd", Retry: true}},
		"passes by":     {func(try int) error { return map[bool]error{true: errors.New("odd")}[try < 3] }, exam.Done, 3, nil},
		"never happens": {func(int) error { return nil }, exam.Done, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a", "b")
			f := &fake{do: func(_ context.Context, st exam.Stage, _ func(float64)) (*exam.Problem, error) {
				if st.TakeID == "a" && st.Name == exam.Inspect {
					return nil, c.fail(st.Tries)
				}
				return nil, nil
			}}
			w.start(w.options(f))
			w.awaitArchive(2) // b is usable in any case
			st := w.stage("a", exam.Inspect)
			assert.Equal(t, c.state, st.State)
			assert.Equal(t, c.tries, st.Tries)
			assert.Equal(t, c.want, st.Problem)
			assert.Equal(t, c.tries, f.count("a/inspect@0"))
		})
	}
}

func TestWhatWasLeftOutIsKept(t *testing.T) {
	w := newWorld(t, "a")
	left := exam.Problem{Code: "unsupported", Detail: "the second track"}
	w.start(w.options(&fake{do: func(_ context.Context, st exam.Stage, _ func(float64)) (*exam.Problem, error) {
		return map[bool]*exam.Problem{true: &left}[st.Name == exam.Sound], nil
	}}))
	w.awaitArchive(1)
	assert.Equal(t, &left, w.stage("a", exam.Sound).Problem)
}

func TestAskedForAgainMakesTheTimelineAnew(t *testing.T) {
	w := newWorld(t, "a", "b")
	var mended atomic.Bool
	f := &fake{do: func(_ context.Context, st exam.Stage, _ func(float64)) (*exam.Problem, error) {
		if st.TakeID == "a" && st.Name == exam.Playback && !mended.Load() {
			return nil, described{exam.Problem{Code: "disk-full", Retry: true}}
		}
		return nil, nil
	}}
	s, _ := w.start(w.options(f))
	w.awaitArchive(2)
	mended.Store(true)
	require.NoError(t, w.store.ResetStage(t.Context(), exam.StageKey{AttemptID: attemptID, TakeID: "a", Name: exam.Playback}))
	s.Wake(attemptID)
	w.await(func() bool { return f.count("/archive@2") == 2 }, "archived again")
	assert.Equal(t, 2, f.count("/timeline@2"))
	assert.Equal(t, 1, f.count("b/playback@0"))
}

func TestTaskOfAReplacedTakeIsDropped(t *testing.T) {
	w := newWorld(t, "a", "b")
	planner, stop := w.start(w.options(nil)) // plans, and leaves the work to others
	planner.Wake(attemptID)
	w.awaitState("b", exam.Inspect, exam.Pending)
	stop()
	require.NoError(t, w.store.ChangeTakeState(t.Context(), "b", exam.Replaced))
	f := &fake{}
	w.start(w.options(f))
	w.awaitArchive(3)
	assert.Zero(t, f.count("b/inspect@0"))
}

func TestArchivedTaskDoesNotKeepItsStageOut(t *testing.T) {
	w := newWorld(t, "a")
	planner, stop := w.start(w.options(nil))
	w.await(func() bool {
		_, err := planner.inspector.GetTaskInfo(queueInspect, attemptID+":a:inspect:0:0")
		return err == nil
	}, "queued")
	require.NoError(t, planner.inspector.ArchiveTask(queueInspect, attemptID+":a:inspect:0:0"))
	stop()
	w.start(w.options(&fake{}))
	w.awaitArchive(1)
}

func TestStageThatAnotherProcessTookOver(t *testing.T) {
	w := newWorld(t, "a")
	g := newGate(exam.Inspect)
	var lost atomic.Int32
	opts := w.options(&fake{do: g.do})
	opts.Observe = func(name exam.StageName, outcome Outcome, _ time.Duration) {
		if outcome == LeaseLost {
			lost.Add(1)
		}
	}
	w.start(opts)
	<-g.reached
	key := exam.StageKey{AttemptID: attemptID, TakeID: "a", Name: exam.Inspect}
	_, ok, err := w.store.BeginStage(t.Context(), key, "other", time.Now().Add(time.Hour), time.Hour)
	require.NoError(t, err)
	require.True(t, ok)
	w.await(func() bool { return lost.Load() == 1 }, "the work is given up") // the gate is still closed: its context ended
	require.NoError(t, w.store.FinishStage(t.Context(), key, "other", []byte(`{"by":"other"}`), nil, time.Now()))
	w.awaitArchive(1)
	assert.JSONEq(t, `{"by":"other"}`, string(w.stage("a", exam.Inspect).Result))
}

func TestProgressIsWrittenDown(t *testing.T) {
	w := newWorld(t, "a")
	g := newGate(exam.Inspect)
	told := &notes{}
	opts := w.options(&fake{do: g.do})
	opts.Notifier = told
	w.start(opts)
	<-g.reached
	w.await(func() bool { return w.stage("a", exam.Inspect).Progress == 0.5 }, "half of it")
	close(g.open)
	w.awaitArchive(1)
}

func TestStageThatKillsItsProcessIsGivenUp(t *testing.T) {
	w := newWorld(t, "a")
	key := exam.StageKey{AttemptID: attemptID, TakeID: "a", Name: exam.Inspect}
	require.NoError(t, w.store.EnsureStage(t.Context(), exam.Stage{AttemptID: attemptID, TakeID: "a", Name: exam.Inspect}))
	for i := range 3 { // each process begins it, and is never heard of again
		_, ok, err := w.store.BeginStage(t.Context(), key, fmt.Sprint(i), time.Now().Add(time.Duration(i-10)*time.Hour), time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
	}
	f := &fake{}
	opts := w.options(f)
	opts.MaxCrashes = 3
	w.start(opts)
	w.awaitState("a", exam.Inspect, exam.Failed)
	assert.Equal(t, "crashed", w.stage("a", exam.Inspect).Problem.Code)
	assert.Empty(t, f.ran())
}

// workerEnv makes the test binary a worker process that is in the middle of a stage until it is killed.
const workerEnv = "TRIVUE_TEST_JOBS_WORKER"

func runWorkerProcess(dir string) {
	db, err := store.Open(context.Background(), "sqlite:"+dir+"/trivue.db")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	s, err := New(Options{Redis: RedisSocket(dir + "/redis.sock"), Store: db, Log: slog.New(slog.DiscardHandler), Poll: 5 * time.Millisecond,
		Work: &fake{do: func(_ context.Context, st exam.Stage, _ func(float64)) (*exam.Problem, error) {
			if st.Name == exam.Playback {
				fmt.Println("in the middle")
				select {}
			}
			return nil, nil
		}}})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

func TestWorkerKilledInTheMiddle(t *testing.T) {
	w := newWorld(t, "a")
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), workerEnv+"="+w.dir)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "in the middle\n", line)
	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	require.Equal(t, exam.Running, w.stage("a", exam.Playback).State)

	f := &fake{}
	var finished atomic.Int32
	opts := w.options(f)
	opts.Now = func() time.Time { return time.Now().Add(time.Hour) } // the dead one's lease is over
	opts.Observe = func(name exam.StageName, outcome Outcome, _ time.Duration) {
		if name == exam.Playback && outcome == Finished {
			finished.Add(1)
		}
	}
	w.start(opts)
	w.awaitArchive(1)
	assert.Equal(t, 2, w.stage("a", exam.Playback).Tries)
	assert.EqualValues(t, 1, finished.Load(), "recorded once")
	assert.Zero(t, f.count("a/inspect@0"), "what was done stays done")
}

// TestAProcessWithoutAWorkerHearsOfTheWork: pages are open at a server, and the work is done in another process.
func TestAProcessWithoutAWorkerHearsOfTheWork(t *testing.T) {
	w := newWorld(t, "a")
	told := &notes{}
	serving := w.options(nil)
	serving.Notifier, serving.SweepEvery = told, time.Hour
	s, _ := w.start(serving)
	w.await(func() bool {
		heard, err := w.client().PubSubNumSub(t.Context(), newsChannel).Result()
		return err == nil && heard[newsChannel] == 1
	}, "it listens")
	working := w.options(&fake{})
	working.SweepEvery = time.Hour
	w.start(working)
	s.Wake(attemptID)
	w.awaitArchive(1)
	w.await(func() bool { return told.count() > 0 }, "it hears that stages began and ended")
}
