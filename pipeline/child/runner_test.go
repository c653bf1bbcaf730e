package child

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child/spawn"
	"github.com/trivue/trivue/pipeline/stage"
)

// patient are limits that a loaded machine does not reach by itself.
func patient() Limits {
	l := Limits{Stall: time.Minute, Wall: time.Minute}
	if raceDetector {
		l.AddressSpace = unlimited
	}
	return l
}

func newJob(t *testing.T, name exam.StageName) stage.Job {
	t.Helper()
	folder := t.TempDir()
	input := filepath.Join(folder, "input")
	require.NoError(t, os.WriteFile(input, []byte("hello"), 0o600))
	output := filepath.Join(folder, "output")
	require.NoError(t, os.Mkdir(output, 0o700))
	return stage.Job{Stage: name, Inputs: []string{input}, Output: output}
}

func requireFailure(t *testing.T, err error, code string) *stage.Failure {
	t.Helper()
	var f *stage.Failure
	require.ErrorAs(t, err, &f)
	require.Equal(t, code, f.Code, "%s\n%s", f.Detail, f.Diagnostics)
	return f
}

func requireEmpty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, entries, "residue")
}

func TestRunGivesResultAndKeepsOutput(t *testing.T) {
	job := newJob(t, "echo")
	job.Params = json.RawMessage(`{"n":1}`)
	require.NoError(t, os.WriteFile(filepath.Join(job.Output, "stale"), nil, 0o600))
	var seen []float64
	result, report, err := New(Options{Env: testEnv, Limits: patient()}).RunReport(t.Context(), job, func(p float64) { seen = append(seen, p) })
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"hello","params":{"n":1}}`, string(result))
	require.Equal(t, []float64{0.5, 1}, seen)
	require.Equal(t, "exit status 0", report.Exit)
	require.Positive(t, report.CPU)
	require.Positive(t, report.Resident)

	entries, err := os.ReadDir(job.Output)
	require.NoError(t, err)
	require.Len(t, entries, 1, "what was there before and temporary files are gone")
	data, err := os.ReadFile(filepath.Join(job.Output, "copy"))
	require.NoError(t, err)
	require.Equal(t, "hello", string(data))
}

func TestProgressOnlyGrows(t *testing.T) {
	var seen []float64
	_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), newJob(t, "backwards"), func(p float64) { seen = append(seen, p) })
	require.NoError(t, err)
	require.Equal(t, 1.0, seen[len(seen)-1])
	require.IsIncreasing(t, append([]float64{0}, seen...))
}

func TestProgressIsThrottled(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	r := reporter{to: &out, now: func() time.Time { return now }}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		r.progress(float64(i) / 1000)
	}
	require.InDelta(t, 20, strings.Count(out.String(), "\n"), 1)
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		stage       exam.StageName
		code        string
		detail      string
		diagnostics string
	}{
		{"fail", "no-index", "its moov is missing", "last words"},
		{"error", "internal", "some error", ""},
		{"panic", "crashed", "out of cheese", "helper_test.go"},
		{"panic-elsewhere", "crashed", "exit status 2", "in a goroutine"},
		{"segv", "crashed", "signal: segmentation fault", ""},
		{"exit", "crashed", "without a result", ""},
		{"no-such-stage", "internal", "no-such-stage", ""},
		{"no-preload", "internal", "the plugin is missing", ""},
		{"chatty", "internal", "in the end", "C library 99999"},
	} {
		t.Run(string(test.stage), func(t *testing.T) {
			job := newJob(t, test.stage)
			_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), job, nil)
			f := requireFailure(t, err, test.code)
			require.Contains(t, f.Detail, test.detail)
			require.Contains(t, f.Diagnostics, test.diagnostics)
			require.LessOrEqual(t, len(f.Diagnostics), spawn.TailSize+16)
			requireEmpty(t, job.Output)
		})
	}
}

func TestFailureArrivesIntact(t *testing.T) {
	_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), newJob(t, "fail"), nil)
	require.Equal(t, exam.Problem{Code: "no-index", Detail: "its moov is missing", Again: true}, requireFailure(t, err, "no-index").Problem)
}

func TestNonsenseEndsTheChild(t *testing.T) {
	for name, line := range map[string]string{
		"text": "hello", "unknown field": `{\"x\":1}`, "two fields": `{\"progress\":1,\"result\":null}`, "nothing": `{}`, "second sandbox": `{\"sandbox\":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			job := newJob(t, "garbage")
			job.Params = json.RawMessage(`"` + line + `"`)
			_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), job, nil)
			require.Contains(t, requireFailure(t, err, "crashed").Detail, "nonsense")
			requireEmpty(t, job.Output)
		})
	}
	t.Run("line without end", func(t *testing.T) {
		_, err := New(Options{Env: testEnv, Limits: patient()}).Run(t.Context(), newJob(t, "flood"), nil)
		require.Contains(t, requireFailure(t, err, "crashed").Detail, "longer than")
	})
}

func TestLinkInOutputIsRefused(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "sub"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "sub", "file"), nil, 0o600))
	require.NoError(t, checkPlain(folder))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(folder, "sub", "camera-0.webm")))
	require.ErrorContains(t, checkPlain(folder), "camera-0.webm")
}

func TestEnvironmentIsMinimal(t *testing.T) {
	t.Setenv("DATABASE_PASSWORD", "secret")
	t.Setenv("GST_DEBUG", "1")
	result, err := New(Options{Limits: patient(), Env: append(testEnv, "EXTRA=2")}).Run(t.Context(), newJob(t, "environment"), nil)
	require.NoError(t, err)
	require.NotContains(t, string(result), "secret")
	require.Contains(t, string(result), "GST_DEBUG=1")
	require.Contains(t, string(result), "EXTRA=2")
}

func TestRelativePathIsRefused(t *testing.T) {
	job := newJob(t, "nothing")
	job.Inputs = []string{"relative"}
	_, err := New(Options{}).Run(t.Context(), job, nil)
	require.ErrorContains(t, err, "relative")
}

func TestMissingOutputFolder(t *testing.T) {
	job := newJob(t, "nothing")
	job.Output += "-gone"
	_, err := New(Options{}).Run(t.Context(), job, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestMissingProgram(t *testing.T) {
	job := newJob(t, "nothing")
	_, err := New(Options{Exe: "/no/such/program"}).Run(t.Context(), job, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	requireEmpty(t, job.Output)
}

func TestRunsWaitForASlot(t *testing.T) {
	r := New(Options{Env: testEnv, Limits: patient(), Parallel: 1})
	first, stopFirst := context.WithCancel(t.Context())
	began := make(chan struct{})
	ended := make(chan error)
	holding := newJob(t, "obedient")
	go func() {
		_, err := r.Run(first, holding, func(float64) { close(began) })
		ended <- err
	}()
	<-began
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Run(waiting, newJob(t, "nothing"), nil)
	require.ErrorIs(t, err, context.Canceled)

	stopFirst()
	require.ErrorIs(t, <-ended, context.Canceled)
	_, err = r.Run(t.Context(), newJob(t, "nothing"), nil)
	require.NoError(t, err)
}

// openDescriptors are the descriptors of this process.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestFiftyRunsLeaveNothing(t *testing.T) {
	r := New(Options{Env: testEnv, Limits: patient()})
	run := func(name exam.StageName) {
		_, _ = r.Run(t.Context(), newJob(t, name), nil)
	}
	run("nothing")
	descriptors, goroutines := openDescriptors(t), goleak.IgnoreCurrent()
	names := []exam.StageName{"nothing", "fail", "segv", "exit", "panic"}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() { run(names[i%len(names)]) })
	}
	all.Wait()
	require.LessOrEqual(t, openDescriptors(t), descriptors)
	goleak.VerifyNone(t, goroutines)
}

func TestProbe(t *testing.T) {
	status, err := New(Options{Env: testEnv, Limits: patient()}).Probe(t.Context())
	require.NoError(t, err)
	require.Len(t, status, 4)
	t.Log(status)
}

func TestStandaloneUseIsExplained(t *testing.T) {
	out, err := exec.Command("/proc/self/exe", "stage").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
	require.Contains(t, string(out), "run by Trivue itself")
}

func BenchmarkEmptyStage(b *testing.B) {
	folder := b.TempDir()
	r := New(Options{Env: testEnv, Limits: patient()})
	for b.Loop() {
		if _, err := r.Run(b.Context(), stage.Job{Stage: "nothing", Output: folder}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
