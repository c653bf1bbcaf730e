// Package redisd runs the redis-server that the task queue lives in when an installation names no Redis of its own: a child
// process that listens on a unix socket in the data folder and on nothing else, keeps an append-only file, is started again
// when it dies, and never outlives its parent.
//
// Nothing of value is kept in it alone (package jobs derives lost tasks from the database), so that a Redis which has to be
// started empty delays work and loses none.
package redisd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// ErrMissing is wrapped by Start's error when there is no redis-server on the machine. The text says how to install it.
var ErrMissing = errors.New("redis-server was not found")

// ErrInUse is wrapped by Start's error when a living process already runs a redis-server in the same folder.
var ErrInUse = errors.New("the folder is in use")

// Options say where and how redis-server is run. Only Dir must be set.
type Options struct {
	Dir     string        // for the socket and the append-only file; made if it is not there, readable by its owner only
	Binary  string        // a path, or a name that is looked for in PATH; "redis-server" if empty
	Runtime string        // where the socket goes when its path in Dir would be too long; $XDG_RUNTIME_DIR or the temporary folder if empty
	Log     *slog.Logger  // slog.Default() if nil
	Stop    time.Duration // how long Close waits for an orderly end before it kills; 10 s if zero
	Backoff time.Duration // before the first restart, doubled up to 64 times as long; 100 ms if zero
}

// Server is a redis-server that is kept running until Close.
type Server struct {
	opts   Options
	socket string
	lock   *os.File
	log    *slog.Logger

	cancel context.CancelFunc
	done   chan struct{} // closed when the supervisor has returned: the child is gone

	mu      sync.Mutex
	process *os.Process // guarded by mu; nil while none is running
}

// Find returns the path of the redis-server that Start would run, or an error that wraps ErrMissing.
func Find(binary string) (string, error) {
	if binary == "" {
		binary = "redis-server"
	}
	path, err := exec.LookPath(binary)
	if err != nil {
		return "", fmt.Errorf("%w (%s): install it with \"apt-get install redis-server\" (Debian, Ubuntu) or \"dnf install redis\" "+
			"(Fedora), or configure the address of a Redis that is already running", ErrMissing, binary)
	}
	return filepath.Abs(path)
}

// Start runs redis-server and returns when it answers. A redis-server that a killed predecessor left behind in the same folder
// is ended first, in order, so that two never write the same append-only file. Start gives up when ctx ends or the first
// process dies; nothing is left running then.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Stop <= 0 {
		opts.Stop = 10 * time.Second
	}
	if opts.Backoff <= 0 {
		opts.Backoff = 100 * time.Millisecond
	}
	binary, err := Find(opts.Binary)
	if err != nil {
		return nil, err
	}
	opts.Binary = binary
	if opts.Dir, err = filepath.Abs(opts.Dir); err != nil {
		return nil, fmt.Errorf("redis folder: %w", err)
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("redis folder: %w", err)
	}
	lock, err := lockFolder(opts.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, lock: lock, log: opts.Log, done: make(chan struct{})}
	if s.socket, err = socketPath(opts.Dir, opts.Runtime); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := endOrphan(ctx, s.socket, opts.Stop, s.log); err != nil {
		return nil, errors.Join(err, lock.Close())
	}

	run, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	first := make(chan error, 1)
	go s.supervise(run, first)
	select {
	case err = <-first:
	case <-ctx.Done():
		err = fmt.Errorf("redis-server did not become ready: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Socket gives where a redis-server that is run in a folder listens, for other processes of the same user on the same machine.
func Socket(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("redis folder: %w", err)
	}
	return socketPath(dir, "")
}

// Socket is the absolute path of the unix socket that redis-server listens on. It stays the same over restarts.
func (s *Server) Socket() string { return s.socket }

// Close ends redis-server in order, which writes its append-only file to disk, or kills it when it does not end in time. It
// may be called more than once.
func (s *Server) Close() error {
	s.cancel()
	<-s.done
	if err := s.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("redis folder's lock: %w", err)
	}
	return nil
}

// pid is the running child's process id, 0 between two.
func (s *Server) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Pid
}

func (s *Server) setProcess(p *os.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = p
}

// supervise starts redis-server again and again until ctx ends. It sends to first, once: nil when the first process answers, or
// why it does not; in the second case the supervisor ends. Later failures are logged and waited out.
func (s *Server) supervise(ctx context.Context, first chan<- error) {
	defer close(s.done)
	// The kernel sends the parent-death signal when the *thread* that forked ends. The Go runtime ends threads as it pleases,
	// except one that is locked to a living goroutine.
	runtime.LockOSThread()

	const calm = time.Minute // a process that lived this long was well: the wait after it is short again
	wait, answered := s.opts.Backoff, false
	for {
		started := time.Now()
		err := s.run(ctx, func() {
			s.log.Info("redis-server is ready", "socket", s.socket, "pid", s.pid())
			if !answered {
				answered = true
				first <- nil
			}
		})
		if ctx.Err() != nil {
			return
		}
		if !answered {
			first <- err
			return
		}
		if time.Since(started) > calm {
			wait = s.opts.Backoff
		}
		s.log.Error("redis-server ended; it is started again", "cause", err, "wait", wait)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, 64*s.opts.Backoff)
	}
}
