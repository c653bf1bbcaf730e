package gstx

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// ofFiles is how many kB of files are mapped into this process and resident.
func ofFiles(t *testing.T) (kB int) {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "RssFile: %d kB", &kB); n == 1 {
			return kB
		}
	}
	t.Fatal("the kernel does not say how much of files is resident")
	return 0
}

// alone marks the process of a test that must be the first one in it.
const alone = "TRIVUE_TEST_ALONE"

func TestWhatStartingTouchedIsGivenBack(t *testing.T) {
	if os.Getenv(alone) == "" {
		// What other tests have loaded is loaded no more, and is not resident for having been given back.
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), alone+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	m := New()
	require.NoError(t, m.Preload(stage.Needs{Decode: []container.Codec{container.Opus}, Encode: []container.Kind{container.Audio}}))
	// Loaded after what Preload has given back: all of it is resident.
	require.NoError(t, load(plugin{file: "vpx"}))
	for _, e := range decoderPlugins {
		require.NoError(t, load(e))
	}
	before := ofFiles(t)
	require.NoError(t, shed())
	assert.Less(t, ofFiles(t), before-4<<10)

	opus := &collector{t: t}
	require.NoError(t, m.EncodeSound(t.Context(), container.Track{ID: 2, Codec: container.Opus, SampleRate: 48000, Channels: 1}, 64_000,
		runs(clickTrain(48000, 5*time.Second, clickTimes)), opus.ready, opus.take))
	assert.NotEmpty(t, opus.packets, "what is needed again comes back")
}
