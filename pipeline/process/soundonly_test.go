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
	"github.com/trivue/trivue/timeline"
)

// TestAPhoneMayRecordSoundAlone gives the phone's first take as the files of sound that its voice recorder would write: each is
// placed where the take with pictures is.
func TestAPhoneMayRecordSoundAlone(t *testing.T) {
	made := interview(t)
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	in := inputs(made, exam.Camera, exam.Phone)[:2]
	start := func(phone string) float64 {
		result, err := process.Run(t.Context(), []process.Input{in[0], {Kind: exam.Phone, Path: phone}}, options(t.TempDir()))
		require.NoError(t, err)
		require.Empty(t, result.Unusable)
		take := result.Timeline.Recordings[1].Takes[0]
		assert.Equal(t, timeline.BySound, take.Placed, "%s: %s", phone, take.Reason)
		return take.Start
	}
	want := start(in[1].Path)
	for _, name := range []string{"phone.wav", "phone.mp3", "phone.ogg"} {
		path := filepath.Join(t.TempDir(), name)
		out, err := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-nostdin", "-i", in[1].Path, "-vn", path).CombinedOutput()
		require.NoError(t, err, string(out))
		assert.InDelta(t, want, start(path), 0.002, name)
	}
}
