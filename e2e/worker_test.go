package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// startWorker runs "trivue worker" on a server's data folder and waits until it says that it works.
func startWorker(t *testing.T, data string) *system {
	t.Helper()
	s := &system{cmd: exec.Command(binary(t), "worker", "--data", data), data: data, ended: make(chan error, 1)}
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	log := &tail{}
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, s.cmd.Start())
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			select {
			case said <- lines.Text():
			default:
			}
		}
		s.ended <- s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		if t.Failed() {
			t.Logf("the worker said:\n%s", log)
		}
	})
	select {
	case line := <-said:
		require.Contains(t, line, "running")
	case err := <-s.ended:
		t.Fatalf("the worker ended at once: %v\n%s", err, log)
	case <-time.After(time.Minute):
		t.Fatalf("the worker does not say that it works\n%s", log)
	}
	return s
}

// children are the processes that a process has started and that are alive.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range all {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// The name in brackets may hold anything; state and parent follow it (proc(5)).
		fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) && fields[0] != "Z" {
			var pid int
			_, err := fmt.Sscan(filepath.Base(filepath.Dir(path)), &pid)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// catchChild waits for a process to start a child.
func catchChild(t *testing.T, parent int) int {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if pids := children(t, parent); len(pids) > 0 {
			return pids[0]
		}
	}
	t.Fatal("no stage's child is seen")
	return 0
}

func gone(pid int) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(content), ") Z ")
}

// TestWorkersAreKilled has a server that does no work itself, kills first a stage's child and then the whole worker, and has another
// one go on. The server lives through all of it.
func TestWorkersAreKilled(t *testing.T) {
	made := sample(t)
	data := t.TempDir()
	s := start(t, data, "--workers=0")
	c := signIn(t, s.address)
	id := c.newAttempt("WORK-001")
	for _, take := range made.Takes {
		content, err := os.ReadFile(take.File)
		require.NoError(t, err)
		c.send(c.create(id, take.Kind, filepath.Base(take.File), len(content)), 0, content)
	}
	for _, recording := range c.attempt(id).Recordings {
		for _, take := range recording.Takes {
			for _, stage := range take.Stages {
				assert.Equal(t, exam.Pending, stage.State, "%s: nobody is there to do it", stage.Name)
			}
		}
	}

	first := startWorker(t, data)
	require.NoError(t, syscall.Kill(catchChild(t, first.cmd.Process.Pid), syscall.SIGKILL))
	child := catchChild(t, first.cmd.Process.Pid)
	first.kill(t)
	require.Eventually(t, func() bool { return gone(child) }, 20*time.Second, 20*time.Millisecond, "a stage's child ends with its worker")

	second := startWorker(t, data)
	a := c.until(id, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)
	require.True(t, a.Reviewable)
	for _, recording := range a.Recordings {
		for _, take := range recording.Takes {
			for _, stage := range take.Stages {
				assert.Equal(t, exam.Done, stage.State, "%s of %s: %+v", stage.Name, take.Name, stage.Problem)
			}
		}
	}
	assert.Contains(t, c.text(http.MethodGet, "/api/attempts/"+id+"/timeline", ""), `"recordings"`)
	require.NoError(t, second.stop(t), "a worker ends in order when asked to")
	require.NoError(t, s.stop(t))
}

func TestAWorkerWithoutReceivedFilesSaysSo(t *testing.T) {
	nowhere := t.TempDir()
	out, err := exec.Command(binary(t), "worker", "--data", nowhere).CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode())
	assert.Contains(t, string(out), "name the servers' own data folder")
	left, err := os.ReadDir(nowhere)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing is made in a folder that was mistyped")
}
