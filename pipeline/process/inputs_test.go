//go:build cgo

package process_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
)

func TestRecordingsMayBeMissing(t *testing.T) {
	made := interview(t)
	for _, kind := range exam.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			out := t.TempDir()
			result, err := process.Run(t.Context(), inputs(made, kind), options(out))
			require.NoError(t, err)
			require.Len(t, result.Timeline.Recordings, 1)
			assert.Equal(t, kind, result.Timeline.Recordings[0].Kind)
			assert.Len(t, result.Timeline.Missing, 2)
			assert.NotContains(t, result.Timeline.Missing, kind)
			assert.FileExists(t, filepath.Join(out, process.TimelineFile))
			assertNoResidue(t, out)
		})
	}
}

// TestTakesAreOrderedByTime gives the phone's takes in the wrong order; sound says which came first.
func TestTakesAreOrderedByTime(t *testing.T) {
	made := interview(t)
	in := inputs(made, exam.Camera, exam.Phone)
	require.Len(t, in, 3)
	slices.Reverse(in[1:])
	out := t.TempDir()
	result, err := process.Run(t.Context(), in, options(out))
	require.NoError(t, err)
	phone := result.Timeline.Recordings[1]
	require.Len(t, phone.Takes, 2)
	assert.Equal(t, filepath.Base(made.Files[exam.Phone][0]), phone.Takes[0].Source.Name)
	assert.Less(t, phone.Takes[0].Start, phone.Takes[1].Start)
	assert.Len(t, phone.Gaps, 1)
}

func TestAnUnusableFileDoesNotSpoilTheOthers(t *testing.T) {
	made := interview(t)
	text := filepath.Join(t.TempDir(), "notes.webm")
	require.NoError(t, os.WriteFile(text, []byte("Remember to ask about the second question.\n"), 0o600))
	bad := process.Input{Kind: exam.Screen, Path: text}
	out := t.TempDir()
	result, err := process.Run(t.Context(), append(inputs(made, exam.Camera), bad), options(out))
	require.NoError(t, err)
	require.Len(t, result.Unusable, 1)
	assert.Equal(t, bad, result.Unusable[0].Input)
	var failure *stage.Failure
	require.ErrorAs(t, result.Unusable[0].Err, &failure)
	assert.Equal(t, "not-media", failure.Code)
	require.Len(t, result.Timeline.Recordings, 1)
	assert.Contains(t, result.Timeline.Missing, exam.Screen)
	assertNoResidue(t, out)

	before := tree(t, out)
	_, err = process.Run(t.Context(), []process.Input{bad}, options(out))
	require.ErrorIs(t, err, process.ErrNothingUsable)
	assert.Equal(t, before, tree(t, out), "the earlier result is left as it was")
}

func TestTwiceIntoOneFolder(t *testing.T) {
	made := interview(t)
	twice, once := t.TempDir(), t.TempDir()
	note := filepath.Join(twice, "notes.txt")
	require.NoError(t, os.WriteFile(note, []byte("mine"), 0o600))
	_, err := process.Run(t.Context(), inputs(made, exam.Camera, exam.Phone), options(twice))
	require.NoError(t, err)
	for _, out := range []string{twice, once} {
		_, err := process.Run(t.Context(), inputs(made, exam.Camera, exam.Screen), options(out))
		require.NoError(t, err)
	}
	assert.FileExists(t, note)
	require.NoError(t, os.Remove(note))
	assert.Equal(t, tree(t, once), tree(t, twice), "something of the first run is left")
}

func TestCancelledRunLeavesNothing(t *testing.T) {
	made := interview(t)
	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := options(out)
	o.Report = func(p process.Progress) {
		if p.Done > 0.3 {
			cancel()
		}
	}
	_, err := process.Run(ctx, inputs(made, exam.Kinds...), o)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, tree(t, out))
}

func TestFullDisk(t *testing.T) {
	made := interview(t)
	out := t.TempDir()
	if err := unix.Mount("tmpfs", out, "tmpfs", 0, "size=200k"); err != nil {
		t.Skipf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(out, unix.MNT_DETACH)) })
	_, err := process.Run(t.Context(), inputs(made, exam.Kinds...), options(out))
	require.Error(t, err)
	var failure *stage.Failure
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "disk-full", failure.Code)
	assertNoResidue(t, out)
}
