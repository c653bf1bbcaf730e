package child

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/stage"
)

// quick is a Runner that loses patience soon.
func quick(change func(*Limits)) *Runner {
	limits := patient()
	change(&limits)
	return New(Options{Env: testEnv, Limits: limits, Grace: 20 * time.Millisecond})
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name   string
		stage  exam.StageName
		change func(*Limits)
		code   string
		detail string
	}{
		{"wall", "obedient", func(l *Limits) { l.Wall = 300 * time.Millisecond }, "timeout", "not done after 300ms"},
		{"wall, child refuses to end", "stubborn", func(l *Limits) { l.Wall = 300 * time.Millisecond }, "timeout", "not done after 300ms"},
		{"stall", "stubborn", func(l *Limits) { l.Stall = 300 * time.Millisecond }, "timeout", "no progress for 300ms"},
		{"processor time", "spin", func(l *Limits) { l.CPU = time.Second }, "timeout", "1s of processor time"},
		{"resident memory", "memory", func(l *Limits) { l.Resident = 200 * mebibyte }, "memory", "more than 200 MiB"},
		{"file size", "fill", func(l *Limits) { l.FileSize = 3 * mebibyte }, "disk-full", "full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			job := newJob(t, test.stage)
			_, report, err := quick(test.change).RunReport(t.Context(), job, nil)
			require.Contains(t, requireFailure(t, err, test.code).Detail, test.detail)
			requireEmpty(t, job.Output)
			require.ErrorIs(t, unix.Kill(-report.PID, 0), unix.ESRCH, "its process group is gone")
		})
	}
}

func TestAddressSpace(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs terabytes of it")
	}
	job := newJob(t, "memory")
	_, err := quick(func(l *Limits) { l.AddressSpace, l.Resident = gibibyte, unlimited }).Run(t.Context(), job, nil)
	f := requireFailure(t, err, "memory")
	require.Contains(t, f.Detail, "more memory than it may have", f.Diagnostics)
}

func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small tmpfs needs root")
	}
	job := newJob(t, "fill")
	if err := unix.Mount("tmpfs", job.Output, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("this machine grants no mount: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(job.Output, unix.MNT_DETACH)) })
	_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), job, nil)
	requireFailure(t, err, "disk-full")
	requireEmpty(t, job.Output)
}

func TestCancelEndsTheChild(t *testing.T) {
	for _, name := range []exam.StageName{"obedient", "stubborn"} {
		t.Run(string(name), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			job := newJob(t, name)
			_, report, err := quick(func(*Limits) {}).RunReport(ctx, job, func(float64) { cancel() })
			require.Equal(t, context.Canceled, err)
			require.ErrorIs(t, unix.Kill(-report.PID, 0), unix.ESRCH)
			requireEmpty(t, job.Output)
			if name == "stubborn" {
				require.Equal(t, "signal: killed", report.Exit)
			} else {
				require.Equal(t, "exit status 1", report.Exit, "it was asked, and needed no force")
			}
		})
	}
	t.Run("deadline of the caller", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := quick(func(*Limits) {}).Run(ctx, newJob(t, "obedient"), nil)
		require.Equal(t, context.DeadlineExceeded, err)
	})
	t.Run("before the start", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := quick(func(*Limits) {}).Run(ctx, newJob(t, "obedient"), nil)
		require.Equal(t, context.Canceled, err)
	})
}

// waitForEnd returns when the process is gone.
func waitForEnd(t *testing.T, pidfd int) {
	t.Helper()
	defer unix.Close(pidfd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 30_000)
		if err == unix.EINTR {
			continue
		}
		require.NoError(t, err)
		require.Equal(t, 1, n, "it still runs")
		return
	}
}

func TestGrandchildrenEndToo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pidfd := -1
	_, err := quick(func(*Limits) {}).Run(ctx, newJob(t, "grandchild"), func(p float64) {
		var err error
		pidfd, err = unix.PidfdOpen(int(math.Round(p*1e8)), 0)
		require.NoError(t, err)
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled)
	waitForEnd(t, pidfd)
}

func TestGrandchildOfAChildThatEndedEndsToo(t *testing.T) {
	_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), newJob(t, "orphan"), nil)
	var orphan int
	_, scanErr := fmt.Sscanf(requireFailure(t, err, "internal").Detail, "left %d behind", &orphan)
	require.NoError(t, scanErr)
	pidfd, err := unix.PidfdOpen(orphan, 0)
	if err != nil {
		require.ErrorIs(t, err, unix.ESRCH)
		return
	}
	waitForEnd(t, pidfd)
}

func TestKilledParentLeavesNoChild(t *testing.T) {
	output := t.TempDir()
	parent := exec.Command("/proc/self/exe", "parent", output)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.True(t, strings.HasPrefix(lines.Text(), "progress "), lines.Text())

	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent.Process.Pid))
	require.NoError(t, err)
	if len(strings.Fields(string(children))) == 0 {
		// The list is of one thread; the one that started the child may be another.
		lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent.Process.Pid))
		require.NoError(t, err)
		for _, list := range lists {
			more, _ := os.ReadFile(list)
			children = append(children, more...)
		}
	}
	var child int
	_, err = fmt.Sscan(string(children), &child)
	require.NoError(t, err)
	pidfd, err := unix.PidfdOpen(child, 0)
	require.NoError(t, err)

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	waitForEnd(t, pidfd)

	// What it left is removed by the next run in the same folder.
	entries, err := os.ReadDir(output)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	_, err = New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), stage.Job{Stage: "nothing", Output: output}, nil)
	require.NoError(t, err)
	requireEmpty(t, output)
}

func TestDefaultFileSizeFollowsTheInputs(t *testing.T) {
	job := newJob(t, "nothing")
	require.NoError(t, os.Truncate(job.Inputs[0], 10*gibibyte))
	require.Equal(t, int64(48*gibibyte), Limits{}.withDefaults(job).FileSize)
	require.Equal(t, int64(unlimited), Limits{FileSize: unlimited}.withDefaults(job).FileSize)
}
