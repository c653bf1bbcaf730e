//go:build cgo

package process_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/process"
)

func TestARecordingIsNotOverwrittenByItsOwnPlayback(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "camera-0.webm")
	require.NoError(t, os.WriteFile(path, []byte("the only copy"), 0o600))
	_, err := process.Run(t.Context(), []process.Input{{Kind: exam.Camera, Path: path}}, process.Options{Out: dir})
	require.ErrorContains(t, err, "choose another folder")
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "the only copy", string(kept))
}
