package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/facematch/photo"
)

func TestLook(t *testing.T) {
	e := newEngine(t, nil)
	p, err := e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	require.Equal(t, 640, p.Width)
	require.Len(t, p.Faces, 1)
	require.InDelta(t, 100, p.Faces[0].Quality.Size, 0.01)
	require.InDelta(t, float64(finds), p.Faces[0].Quality.Brightness, 1)
	require.Equal(t, float32(100), p.Faces[0].Descriptor[0])
	object, err := models.Object(strings.NewReader("fine"), 4)
	require.NoError(t, err)
	require.Equal(t, object, p.Model)
}

// first takes the only child out of its slot and puts it back.
func first(t *testing.T, e *Engine) *child {
	t.Helper()
	c := <-e.slots
	e.slots <- c
	require.NotNil(t, c)
	return c
}

func TestOneChildForManyPictures(t *testing.T) {
	e := newEngine(t, nil)
	var pid int
	for range 5 {
		_, err := e.Look(t.Context(), picture(t, finds))
		require.NoError(t, err)
		now := first(t, e).process.PID
		require.True(t, pid == 0 || pid == now, "the child was replaced")
		pid = now
	}
	// A picture that is refused costs no child either.
	_, err := e.Look(t.Context(), []byte("hello"))
	requireProblem(t, err, facematch.NotPicture)
	require.Equal(t, pid, first(t, e).process.PID)
}

func TestLargestFacesAreKept(t *testing.T) {
	p, err := newEngine(t, nil).Look(t.Context(), picture(t, findsMany))
	require.NoError(t, err)
	require.Len(t, p.Faces, maxFaces)
	require.InDelta(t, 200, p.Faces[0].Quality.Size, 0.01)
	require.InDelta(t, 200-maxFaces+1, p.Faces[maxFaces-1].Quality.Size, 0.01)
}

// Whatever becomes of a child, the picture gets a reason and the next picture an answer.
func TestLostChildren(t *testing.T) {
	for _, test := range []struct {
		name   string
		act    act
		code   string
		detail string
	}{
		{"crash in C", crashes, facematch.Crashed, "segmentation fault"},
		{"panic", panics, facematch.Crashed, "exit status 2"},
		{"hang", hangs, facematch.Timeout, "not done after"},
		{"memory", swells, facematch.Memory, "more than 300 MiB"},
		{"end without a word", quits, facematch.Crashed, "exit status 0"},
		{"nonsense", raves, facematch.Crashed, "nonsense"},
		{"error of the recognizer", refuses, facematch.Crashed, "exit status 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := newEngine(t, func(o *Options) {
				o.Resident = 300 << 20
				if test.act == hangs {
					o.Deadline = 2 * time.Second
				}
			})
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			_, err := e.Look(t.Context(), picture(t, finds))
			require.NoError(t, err)
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			require.Empty(t, left, "from here on a killed program leaves nothing behind")
			lost := first(t, e)
			_, err = e.Look(t.Context(), picture(t, test.act))
			require.Contains(t, requireProblem(t, err, test.code).Detail, test.detail)
			require.ErrorIs(t, unix.Kill(-lost.process.PID, 0), unix.ESRCH, "its process group is gone")
			_, err = e.Look(t.Context(), picture(t, finds))
			require.NoError(t, err)
			require.NotEqual(t, lost.process.PID, first(t, e).process.PID)
		})
	}
}

func TestChildThatDiedUnnoticed(t *testing.T) {
	e := newEngine(t, nil)
	_, err := e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	dead := first(t, e)
	require.NoError(t, unix.Kill(dead.process.PID, unix.SIGKILL))
	<-dead.process.Ended
	_, err = e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err, "it is no picture's fault")
}

func TestNothingIsOpenToAChild(t *testing.T) {
	e := newEngine(t, nil)
	_, err := e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	c := first(t, e)
	if !c.hello.Sandbox.Active("landlock") || !c.hello.Sandbox.Active("seccomp") {
		t.Skipf("this machine grants not every layer: %v", c.hello.Sandbox)
	}
	_, err = e.Look(t.Context(), picture(t, spies))
	requireProblem(t, err, facematch.Crashed)
	require.Contains(t, c.tail.String(), "reached: []")
}

func TestModelsThatCannotBeLoaded(t *testing.T) {
	for content, test := range map[string]struct{ code, detail string }{
		"broken": {facematch.Unavailable, "not a model"},
		"dies":   {facematch.Crashed, "segmentation fault"},
		"hangs":  {facematch.Timeout, "not done"},
	} {
		t.Run(content, func(t *testing.T) {
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			now, starts := time.Unix(0, 0), 0
			find := files(t, content)
			e := newEngine(t, func(o *Options) {
				o.Now = func() time.Time { return now }
				o.Models = func() (models.Set, error) { starts++; return find() }
				if content == "hangs" {
					o.StartDeadline = 500 * time.Millisecond
				}
			})
			for range 3 {
				_, err := e.Look(t.Context(), picture(t, finds))
				require.Contains(t, requireProblem(t, err, test.code).Detail, test.detail)
			}
			require.Equal(t, 1, starts, "one attempt for a while")
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			require.Empty(t, left)
			now = now.Add(6 * time.Second)
			find = files(t, "fine")
			_, err = e.Look(t.Context(), picture(t, finds))
			require.NoError(t, err)
		})
	}
}

func TestModelsThatComeLater(t *testing.T) {
	folder := t.TempDir()
	e := newEngine(t, func(o *Options) {
		o.Models = func() (models.Set, error) { return models.Find(folder, models.ChooseStock) }
	})
	_, err := e.Look(t.Context(), picture(t, finds))
	require.Contains(t, requireProblem(t, err, facematch.NoModels).Detail, folder)
	chosen, err := models.ChooseStock.Files()
	require.NoError(t, err)
	for _, f := range chosen {
		require.NoError(t, os.WriteFile(filepath.Join(folder, f.Name), []byte("fine"), 0o600))
	}
	_, err = e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
}

func TestCallerThatGoesAway(t *testing.T) {
	e := newEngine(t, nil)
	_, err := e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	before := first(t, e)

	// While the only child is taken, a caller waits no longer than it wants to.
	c := <-e.slots
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() { _, err := e.Look(ctx, picture(t, finds)); waiting <- err }()
	cancel()
	require.ErrorIs(t, <-waiting, context.Canceled)
	e.slots <- c

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = e.Look(ended, picture(t, finds)) // may or may not have been first
	_, err = e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	require.Equal(t, before.process.PID, first(t, e).process.PID)
}

func TestManyAtOnce(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.Children = 3 })
	var group sync.WaitGroup
	for i := range 24 {
		group.Go(func() {
			act, want := finds, ""
			if i%8 == 3 {
				act, want = crashes, facematch.Crashed
			}
			p, err := e.Look(t.Context(), picture(t, act))
			var problem *facematch.Problem
			if errors.As(err, &problem) {
				assert.Equal(t, want, problem.Code)
				return
			}
			assert.NoError(t, err)
			assert.Empty(t, want)
			assert.Len(t, p.Faces, 1)
		})
	}
	group.Wait()
}

func TestClose(t *testing.T) {
	e := newEngine(t, func(o *Options) { o.Children = 2 })
	_, err := e.Look(t.Context(), picture(t, finds))
	require.NoError(t, err)
	var running *child
	for range 2 {
		if c := <-e.slots; c != nil {
			running = c
			e.slots <- c
		} else {
			e.slots <- nil
		}
	}
	e.Close()
	e.Close()
	require.Equal(t, "exit status 0", running.process.State.String())
	_, err = e.Look(t.Context(), picture(t, finds))
	require.ErrorIs(t, err, ErrClosed)
}

func TestTooManyBytesAreNotSent(t *testing.T) {
	e := newEngine(t, func(o *Options) {
		o.Models = func() (models.Set, error) { panic("a child is started") }
	})
	_, err := e.Look(t.Context(), make([]byte, photo.MaxBytes+1))
	requireProblem(t, err, facematch.TooLarge)
}
