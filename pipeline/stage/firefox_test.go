package stage_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// TestAFirefoxRecordingWhoseSizeChanges is a real recording: MediaRecorder of Firefox 153 on a canvas of 640 × 360 that became 480 × 640
// after two seconds, four seconds in slices of one. Chrome begins anew with each size; Firefox goes on in the same track.
func TestAFirefoxRecordingWhoseSizeChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes media")
	}
	path := filepath.Join("testdata", "firefox-153-canvas-resized.webm")
	m := makeAll(t, path)
	assert.Equal(t, stage.Plan{Container: container.WebM, Video: stage.Copy}, m.inspection.Plan)
	assert.Empty(t, m.playback.Damage)
	assert.InDelta(t, 4, m.playback.Duration.Seconds(), 0.1)
	require.NotNil(t, m.playback.Video)
	assert.Equal(t, [2]int{640, 360}, [2]int{m.playback.Video.Width, m.playback.Video.Height}, "a player lays it out by how it begins")
	in, err := stage.Open(m.path)
	require.NoError(t, err)
	defer in.Close()
	assert.Equal(t, [2]int{640, 360}, [2]int{in.Tracks()[0].Width, in.Tracks()[0].Height})
	var upright, lying int
	for _, tile := range m.thumbnails.Tiles {
		if tile.Height > tile.Width {
			upright++
			assert.GreaterOrEqual(t, tile.At, 2*time.Second)
		} else {
			lying++
		}
	}
	assert.Positive(t, lying)
	assert.Positive(t, upright)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, info.Size(), m.inspection.Size)
}
