//go:build cgo

package worker_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/store"
	"github.com/trivue/trivue/worker"
)

func TestRecordingsOfRehearsalsGoAfterADay(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	recording, err := os.ReadFile(samples.Path(t, "samples", "camera-vp8.webm"))
	require.NoError(t, err)
	_, err = b.store.ImportExam(ctx, store.ExamContent{Exam: exam.Exam{ID: "e", Title: "模拟面试", Rehearsal: true, Policy: exam.DefaultPolicy()}},
		store.Import{Now: time.Now(), NewID: func() string { return "unused" }})
	require.NoError(t, err)
	b.receive("one", exam.Camera, recording)
	require.Empty(t, b.work())
	objects, err := b.store.Objects(ctx, "a")
	require.NoError(t, err)
	require.NotEmpty(t, objects)

	now := time.Now()
	removed := 0
	retention := worker.Retention{Store: b.store, Objects: b.archive, Work: b.worker.Work, Now: func() time.Time { return now }, Wake: func(string) {},
		RemoveUpload: func(id string) error {
			removed++
			return os.Remove(filepath.Join(b.worker.Uploads, id))
		}}
	now = now.Add(23 * time.Hour)
	require.NoError(t, retention.Sweep(ctx))
	assert.Zero(t, removed)
	now = now.Add(2 * time.Hour)
	require.NoError(t, retention.Sweep(ctx))
	require.NoError(t, retention.Sweep(ctx), "again there is nothing to do")
	assert.Equal(t, 1, removed)
	for _, o := range objects {
		_, err := b.archive.Stat(ctx, o.Key)
		assert.Error(t, err, "%s is still there", o.Name)
	}
	left, err := os.ReadDir(b.worker.Work)
	require.NoError(t, err)
	assert.Empty(t, left)
	log, err := b.store.EventsOf(ctx, "a", exam.EventRecordingsRemoved)
	require.NoError(t, err)
	require.Len(t, log, 1)
	assert.JSONEq(t, `{"takes":1}`, string(log[0].Data))
	assert.Empty(t, b.work(), "nothing is made anew")
}
