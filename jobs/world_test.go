package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/jobs/redisd"
	"github.com/trivue/trivue/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(workerEnv); dir != "" {
		runWorkerProcess(dir)
	}
	goleak.VerifyTestMain(m)
}

const attemptID = "attempt-1"

// world is a real database and a real Redis, and an attempt.
type world struct {
	t     *testing.T
	dir   string
	store *store.Store
	redis *redisd.Server
}

func newWorld(t *testing.T, takes ...string) *world {
	t.Helper()
	if _, err := redisd.Find(""); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "jobs") // a short path: there is a socket in it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	w := &world{t: t, dir: dir, store: openStore(t, dir)}
	w.startRedis()
	at := time.Now()
	require.NoError(t, w.store.CreateExam(t.Context(), exam.Exam{ID: "exam-1", Title: "复试", StartsAt: at, CreatedAt: at}))
	require.NoError(t, w.store.CreateAttempt(t.Context(), exam.Attempt{ID: attemptID, ExamID: "exam-1", Ticket: "001", CreatedAt: at}))
	for _, id := range takes {
		w.receive(id)
	}
	return w
}

func openStore(t *testing.T, dir string) *store.Store {
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "trivue.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (w *world) startRedis() {
	var err error
	w.redis, err = redisd.Start(w.t.Context(), redisd.Options{Dir: w.dir, Backoff: time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, w.redis.Close()) })
}

func (w *world) upload(id string) {
	require.NoError(w.t, w.store.CreateTake(w.t.Context(), exam.Take{ID: id, AttemptID: attemptID, Kind: exam.Camera, Name: id + ".webm", UploadID: "u-" + id,
		Size: 10, State: exam.Uploading, CreatedAt: time.Now()}))
}

func (w *world) receive(id string) {
	w.upload(id)
	require.NoError(w.t, w.store.MarkReceived(w.t.Context(), id, 10, time.Now()))
}

// options are quick; a test changes what it is about.
func (w *world) options(work Worker) Options {
	return Options{
		Redis: RedisSocket(filepath.Join(w.dir, "redis.sock")), Store: w.store, Work: work, Log: slog.New(slog.DiscardHandler),
		Concurrency: 2, SweepEvery: 50 * time.Millisecond, RenewEvery: 20 * time.Millisecond, Poll: 5 * time.Millisecond,
		Backoff: func(int) time.Duration { return 0 },
	}
}

// start runs a service until the test ends, or until the function that it returns is called.
func (w *world) start(opts Options) (*Service, func()) {
	w.t.Helper()
	s, err := New(opts)
	require.NoError(w.t, err)
	require.NoError(w.t, s.Start())
	stop := sync.OnceFunc(func() { require.NoError(w.t, s.Close()) })
	w.t.Cleanup(stop)
	return s, stop
}

// state gives a stage's row in a line: "playback done tries=1".
func (w *world) stage(take string, name exam.StageName) exam.Stage {
	st, err := w.store.Stage(w.t.Context(), exam.StageKey{AttemptID: attemptID, TakeID: take, Name: name})
	if err != nil {
		require.ErrorIs(w.t, err, store.ErrNotFound)
	}
	return st
}

func (w *world) awaitState(take string, name exam.StageName, state exam.StageState) {
	w.t.Helper()
	w.await(func() bool { return w.stage(take, name).State == state }, "%s of take %q becomes %s", name, take, state)
}

// awaitArchive waits until everything is done at a revision.
func (w *world) awaitArchive(revision int64) {
	w.t.Helper()
	w.await(func() bool {
		st := w.stage("", exam.Archive)
		return st.State == exam.Done && st.Revision == revision
	}, "archived at revision %d", revision)
}

func (w *world) await(what func() bool, format string, args ...any) {
	w.t.Helper()
	require.Eventuallyf(w.t, what, 20*time.Second, 5*time.Millisecond, format, args...)
}

func (w *world) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: w.redis.Socket()})
	w.t.Cleanup(func() { require.NoError(w.t, c.Close()) })
	return c
}

// killRedis ends redis-server as the kernel does when memory runs out.
func (w *world) killRedis() {
	info, err := w.client().Info(w.t.Context(), "server").Result()
	require.NoError(w.t, err)
	_, after, _ := strings.Cut(info, "process_id:")
	line, _, _ := strings.Cut(after, "\r\n")
	pid, err := strconv.Atoi(line)
	require.NoError(w.t, err, info)
	require.NoError(w.t, syscall.Kill(pid, syscall.SIGKILL))
}

// job names a stage in tests: "take/stage@revision".
func job(st exam.Stage) string { return fmt.Sprintf("%s/%s@%d", st.TakeID, st.Name, st.Revision) }

// fake is a Worker that notes what it is asked to do. Do, if set, decides how it goes.
type fake struct {
	do func(ctx context.Context, st exam.Stage, progress func(float64)) (*exam.Problem, error)

	mu      sync.Mutex
	runs    []string // in the order in which they began
	now     int
	highest int // most at once
}

func (f *fake) Run(ctx context.Context, st exam.Stage, progress func(float64)) ([]byte, *exam.Problem, error) {
	f.mu.Lock()
	f.runs = append(f.runs, job(st))
	f.now++
	f.highest = max(f.highest, f.now)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	if f.do == nil {
		return []byte(`{"by":"fake"}`), nil, nil
	}
	problem, err := f.do(ctx, st, progress)
	return []byte(`{"by":"fake"}`), problem, err
}

func (f *fake) ran() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.runs...)
}

func (f *fake) count(name string) int {
	n := 0
	for _, r := range f.ran() {
		if r == name {
			n++
		}
	}
	return n
}

// gate holds the first run of one stage until it is opened.
type gate struct {
	stage   exam.StageName
	reached chan struct{}
	open    chan struct{}
	once    sync.Once
}

func newGate(stage exam.StageName) *gate {
	return &gate{stage: stage, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) do(ctx context.Context, st exam.Stage, progress func(float64)) (problem *exam.Problem, err error) {
	if st.Name != g.stage {
		return nil, nil
	}
	g.once.Do(func() {
		progress(0.5)
		close(g.reached)
		select {
		case <-g.open:
		case <-ctx.Done():
			err = ctx.Err()
		}
	})
	return nil, err
}

// notes is a Notifier that counts.
type notes struct {
	mu sync.Mutex
	n  int
}

func (n *notes) AttemptChanged(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id == attemptID {
		n.n++
	}
}

func (n *notes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.n
}
