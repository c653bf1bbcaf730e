//go:build cgo

package process_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/pipeline/child"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
)

// counting counts the children that are started.
type counting struct {
	stage.Runner
	children atomic.Int32
}

func (c *counting) Run(ctx context.Context, job stage.Job, progress func(float64)) (json.RawMessage, error) {
	c.children.Add(1)
	return c.Runner.Run(ctx, job, progress)
}

func TestOneChildListensToBothFiles(t *testing.T) {
	made := interview(t)
	runner := &counting{Runner: child.New(child.Options{})}
	answer, err := process.Align(t.Context(), runner, made.Files[exam.Camera][0], made.Files[exam.Screen][0], func(float64) {})
	require.NoError(t, err)
	assert.NotEqual(t, align.CannotAlign, answer.Verdict, answer.Reason)
	assert.EqualValues(t, 1, runner.children.Load())
}

func TestTheFileThatCannotBeReadIsNamed(t *testing.T) {
	made := interview(t)
	text := filepath.Join(t.TempDir(), "notes.webm")
	require.NoError(t, os.WriteFile(text, []byte("this is no recording"), 0o600))
	for _, files := range [][2]string{{made.Files[exam.Camera][0], text}, {text, made.Files[exam.Camera][0]}} {
		_, err := process.Align(t.Context(), child.New(child.Options{}), files[0], files[1], func(float64) {})
		var file *process.FileError
		require.ErrorAs(t, err, &file)
		assert.Equal(t, "notes.webm", file.File)
	}
}
