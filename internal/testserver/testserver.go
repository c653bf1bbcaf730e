// Package testserver runs real servers for tests. A server ends, and its folder goes, when the test process does, however that
// ends: no test has to clean up, and a killed one leaves nothing behind.
package testserver

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Missing skips a test whose server is not installed, or fails it where TRIVUE_REQUIRE_ALL=1 says that every server has to be.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("TRIVUE_REQUIRE_ALL") == "1" {
		t.Fatalf(format+" (TRIVUE_REQUIRE_ALL=1: not skipped)", args...)
	}
	t.Skipf(format, args...)
}

// supervise runs a command until standard input ends, which happens at the latest when the process that holds its other end
// dies, and then removes the folder.
const supervise = `dir=$1 signal=$2; shift 2
"$@" & pid=$!
(while read -r _; do :; done; kill -s "$signal" "$pid") <&3 & watch=$!
wait "$pid"
kill "$watch"
rm -rf "$dir"`

// Server is a running process.
type Server struct {
	ended chan struct{}
	log   *os.File  // stays readable when the folder is gone
	alive io.Closer // its end ends the server
}

// running keeps the servers' pipes from being closed by the garbage collector while this process lives.
var (
	mu      sync.Mutex
	running = map[*Server]bool{}
)

// Start runs a command, with what it prints in a file in dir. Dir is removed when the command ends; it is ended with a signal
// (such as TERM) when this process ends.
func Start(dir, signal string, attr *syscall.SysProcAttr, command ...string) (*Server, error) {
	logFile, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	hold, end, err := os.Pipe()
	if err != nil {
		logFile.Close()
		return nil, err
	}
	defer hold.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", supervise, "sh", dir, signal}, command...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, logFile, logFile
	cmd.ExtraFiles = []*os.File{hold} // descriptor 3
	if attr == nil {
		attr = &syscall.SysProcAttr{}
	}
	attr.Setpgid = true // an interrupt at the terminal is for the test process
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		end.Close()
		logFile.Close()
		return nil, err
	}
	s := &Server{ended: make(chan struct{}), log: logFile, alive: end}
	mu.Lock()
	running[s] = true
	mu.Unlock()
	go func() {
		defer close(s.ended)
		_ = cmd.Wait()
	}()
	return s, nil
}

// Ready waits until probe succeeds. It fails with what the server printed when the server ends, or is not ready in a minute.
func (s *Server) Ready(probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the server ended at once\n%s", s.output())
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w\n%s", err, s.output())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) output() []byte {
	said, _ := io.ReadAll(io.NewSectionReader(s.log, 0, 1<<20))
	return said
}

// Stop ends the server and waits for its end.
func (s *Server) Stop() {
	mu.Lock()
	delete(running, s)
	mu.Unlock()
	s.alive.Close()
	<-s.ended
	s.log.Close()
}
