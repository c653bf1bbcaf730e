//go:build cgo

package worker_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/inplace"
	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/jobs"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/review"
	"github.com/trivue/trivue/store"
	"github.com/trivue/trivue/worker"
)

// bench is a worker on a real database and a real archive; stages run in place.
type bench struct {
	t       *testing.T
	store   *store.Store
	archive *disk.Store
	worker  *worker.Worker
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t}
	var err error
	b.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	t.Cleanup(func() { b.store.Close() })
	b.archive, err = disk.Open(t.TempDir())
	require.NoError(t, err)
	runner := inplace.Runner(stage.Stages(gstx.New()))
	b.worker = &worker.Worker{Store: b.store, Objects: b.archive, Steps: process.Steps{Runner: runner}, Uploads: t.TempDir(), Work: t.TempDir(), Now: time.Now}
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	require.NoError(t, b.store.CreateExam(t.Context(), exam.Exam{ID: "e", Title: "E", StartsAt: now, CreatedAt: now}))
	require.NoError(t, b.store.CreateAttempt(t.Context(), exam.Attempt{ID: "a", ExamID: "e", Ticket: "T", CreatedAt: now}))
	return b
}

// receive puts a file where uploads lie, and its row into the database.
func (b *bench) receive(id string, kind exam.Kind, content []byte) {
	b.t.Helper()
	ctx := b.t.Context()
	require.NoError(b.t, os.WriteFile(filepath.Join(b.worker.Uploads, "upload-"+id), content, 0o600))
	require.NoError(b.t, b.store.CreateTake(ctx, exam.Take{ID: id, AttemptID: "a", Kind: kind, Name: id, UploadID: "upload-" + id, Size: int64(len(content)), State: exam.Uploading, CreatedAt: time.Now()}))
	require.NoError(b.t, b.store.MarkReceived(ctx, id, int64(len(content)), time.Now()))
}

// work runs everything that is due until nothing is, and gives the problems of stages that failed.
func (b *bench) work() map[exam.StageKey]exam.Problem {
	b.t.Helper()
	ctx := b.t.Context()
	failed := map[exam.StageKey]exam.Problem{}
	for {
		attempt, err := b.store.Attempt(ctx, "a")
		require.NoError(b.t, err)
		takes, err := b.store.Takes(ctx, "a")
		require.NoError(b.t, err)
		stages, err := b.store.Stages(ctx, "a")
		require.NoError(b.t, err)
		due := jobs.Plan(attempt, takes, stages)
		if len(due) == 0 {
			return failed
		}
		for _, s := range due {
			key := exam.StageKey{AttemptID: s.AttemptID, TakeID: s.TakeID, Name: s.Name}
			require.NoError(b.t, b.store.EnsureStage(ctx, s))
			begun, ok, err := b.store.BeginStage(ctx, key, "test", time.Now(), time.Hour)
			require.NoError(b.t, err)
			require.True(b.t, ok)
			result, problem, err := b.worker.Run(ctx, begun, func(float64) {})
			var described interface{ Describe() exam.Problem }
			if errors.As(err, &described) {
				failed[key] = described.Describe()
				require.NoError(b.t, b.store.FailStage(ctx, key, "test", described.Describe(), time.Now()))
				continue
			}
			require.NoError(b.t, err, "%s of %s", s.Name, s.TakeID)
			require.NoError(b.t, b.store.FinishStage(ctx, key, "test", result, problem, time.Now()))
		}
	}
}

func (b *bench) objects() map[string]store.Object {
	b.t.Helper()
	rows, err := b.store.Objects(b.t.Context(), "a")
	require.NoError(b.t, err)
	all := map[string]store.Object{}
	for _, row := range rows {
		all[row.Name] = row
	}
	return all
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(samples.Path(t, "samples", name))
	require.NoError(t, err)
	return content
}

func TestARecordingIsArchivedAndPlaysFromThere(t *testing.T) {
	b := newBench(t)
	camera := sample(t, "camera-h264-keyframes-2s.mp4")
	b.receive("one", exam.Camera, camera)
	require.Empty(t, b.work())

	objects := b.objects()
	for _, name := range []string{"timeline.json", "camera-0.mp4", "camera.peaks", "camera.vtt", "camera-0-0.jpg", "raw/one"} {
		assert.Contains(t, objects, name)
	}
	raw, err := b.archive.Open(t.Context(), objects["raw/one"].Key)
	require.NoError(t, err)
	defer raw.Close()
	stored, err := io.ReadAll(raw)
	require.NoError(t, err)
	assert.Equal(t, camera, stored, "the recording as it was received")
	take, err := b.store.Take(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, objects["raw/one"].SHA256, take.SHA256)

	room := review.Service{Store: b.store, Archive: b.archive}
	timeline, err := room.Timeline(t.Context(), "a")
	require.NoError(t, err)
	assert.Contains(t, string(timeline), `"camera-0.mp4"`)
	content, row, err := room.Open(t.Context(), "a", "camera-0.mp4")
	require.NoError(t, err)
	defer content.Close()
	assert.Equal(t, "video/mp4", row.MIME)
	_, _, err = room.Open(t.Context(), "a", "something-else.mp4")
	assert.ErrorIs(t, err, store.ErrNotFound)
}

func TestALaterTakeMakesANewTimelineAndForgetsTheOldOne(t *testing.T) {
	b := newBench(t)
	b.receive("one", exam.Camera, sample(t, "camera-h264-keyframes-2s.mp4"))
	require.Empty(t, b.work())
	before := b.objects()
	b.receive("two", exam.Screen, sample(t, "screen-still-keyframes-vp9.webm"))
	require.Empty(t, b.work())
	after := b.objects()
	assert.Contains(t, after, "screen-0.webm")
	assert.NotEqual(t, before["timeline.json"].Key, after["timeline.json"].Key)
	_, err := b.archive.Stat(t.Context(), before["timeline.json"].Key)
	assert.Error(t, err, "what was derived before is gone")
	assert.Equal(t, before["raw/one"].Key, after["raw/one"].Key, "what was received is not")
	_, err = b.archive.Stat(t.Context(), after["raw/one"].Key)
	assert.NoError(t, err)
}

func TestAnUnusableFileDoesNotHoldUpTheOthers(t *testing.T) {
	b := newBench(t)
	b.receive("bad", exam.Screen, []byte("this is no recording\n"))
	b.receive("one", exam.Camera, sample(t, "camera-h264-keyframes-2s.mp4"))
	failed := b.work()
	require.Len(t, failed, 1)
	problem := failed[exam.StageKey{AttemptID: "a", TakeID: "bad", Name: exam.Inspect}]
	assert.Equal(t, "not-media", problem.Code)
	assert.True(t, problem.Again)
	objects := b.objects()
	assert.Contains(t, objects, "camera-0.mp4")
	assert.Contains(t, objects, "raw/bad", "even what cannot be used is kept")
}

func TestACancelledStageIsNotAProblemOfTheFile(t *testing.T) {
	b := newBench(t)
	b.receive("one", exam.Camera, sample(t, "camera-h264-keyframes-2s.mp4"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := b.worker.Run(ctx, exam.Stage{AttemptID: "a", TakeID: "one", Name: exam.Inspect}, func(float64) {})
	require.Error(t, err)
	var described interface{ Describe() exam.Problem }
	assert.False(t, errors.As(err, &described))
}
