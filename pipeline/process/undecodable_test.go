//go:build cgo

package process_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
)

// TestTheTimelineNamesWhatCouldNotBeDecoded: the pictures play, and whoever misses the sound is told which format it was in.
func TestTheTimelineNamesWhatCouldNotBeDecoded(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	path := filepath.Join(t.TempDir(), "phone.mov")
	out, err := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=192x128:rate=15:duration=2", "-f", "lavfi", "-i", "sine=duration=2",
		"-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "adpcm_ima_qt", path).CombinedOutput()
	require.NoError(t, err, string(out))
	result, err := process.Run(t.Context(), []process.Input{{Kind: exam.Phone, Path: path}}, options(t.TempDir()))
	require.NoError(t, err)
	damage := result.Timeline.Recordings[0].Takes[0].Damage
	require.Len(t, damage, 1)
	assert.Equal(t, "undecodable", damage[0].Cause)
	assert.Equal(t, "audio", damage[0].Media)
	assert.Equal(t, "ima4", damage[0].Codec)
	require.Len(t, result.Warnings, 1)
	var left stage.LeftOut
	require.ErrorAs(t, result.Warnings[0], &left)
	assert.Equal(t, stage.NoDecoder, left.Why)
}
