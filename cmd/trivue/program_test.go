package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
)

// programEnv makes the test binary be the program itself, so that every test meets its real exit code and real children.
const programEnv = "TRIVUE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	// Children get no environment but GStreamer's; they are known by their argument.
	if os.Getenv(programEnv) != "" || len(os.Args) == 2 && (os.Args[1] == "stage" || os.Args[1] == "look") {
		os.Unsetenv(programEnv)
		os.Exit(run(os.Args[1:]))
	}
	// Whatever the program leaves behind becomes a child of this process, and is found by assertNoProcess.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "become a subreaper:", err)
		os.Exit(1)
	}
	code := m.Run()
	if sampleDir != "" {
		os.RemoveAll(sampleDir)
	}
	os.Exit(code)
}

type ended struct {
	code   int
	stdout string
	stderr string
}

// command is the program with arguments and more environment as KEY=VALUE, not yet started. It is killed after a minute, in which
// every fault has to be told.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	// Not os.Executable: a test's folder is closed to other users, the link to its program is not.
	program := "/proc/self/exe"
	if given := os.Getenv("TRIVUE_BINARY"); given != "" {
		program = given
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	return cmd
}

// trivue runs the program to its end.
func trivue(t testing.TB, env []string, args ...string) ended {
	t.Helper()
	return finish(t, command(t, env, args...))
}

func finish(t testing.TB, cmd *exec.Cmd) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) {
		require.NoError(t, err)
	}
	return ended{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// assertNoProcess checks that the program has left no process.
func assertNoProcess(t testing.TB) {
	t.Helper()
	assert.Empty(t, processes(t), "processes are left")
}

// processes are the children of this one, by their state in /proc.
func processes(t testing.TB) (left []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// After the name in brackets: state, parent (proc_pid_stat(5)).
		var state string
		var parent int
		if _, err := fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent); err == nil && parent == os.Getpid() {
			left = append(left, strings.TrimSpace(string(stat)))
		}
	}
	return left
}

var sampleDir string

var makeSample = sync.OnceValues(func() (made demo.Interview, err error) {
	if sampleDir, err = os.MkdirTemp("", "trivue-command-*"); err != nil {
		return made, err
	}
	return demo.Generate(context.Background(), gstx.New(), sampleDir, demo.Options{Small: true, Seconds: demo.MinSeconds, Seed: 3}, func(float64) {})
})

// sample is a short interview; it is generated once.
func sample(t testing.TB) demo.Interview {
	t.Helper()
	if testing.Short() {
		t.Skip("decodes and encodes media")
	}
	made, err := makeSample()
	require.NoError(t, err)
	return made
}

// ffmpeg makes a file out of others; the last argument is its path.
func ffmpeg(t testing.TB, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not here; scripts/setup.sh test installs it")
	}
	said, err := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", said)
	return args[len(args)-1]
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}
