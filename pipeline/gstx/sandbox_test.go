package gstx

import (
	"context"
	"image"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// closedEnv names the folder that the test's own child process may write into.
const closedEnv = "TRIVUE_GSTX_TEST_CLOSED"

// TestWorksInTheSandbox runs TestInsideTheSandbox in a process of its own, as there is no way back out of a sandbox.
func TestWorksInTheSandbox(t *testing.T) {
	if os.Getenv(closedEnv) != "" {
		t.Skip("inside already")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestInsideTheSandbox$", "-test.v")
	cmd.Env = append(os.Environ(), closedEnv+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}

func TestInsideTheSandbox(t *testing.T) {
	dir := os.Getenv(closedEnv)
	if dir == "" {
		t.Skip("is run by TestWorksInTheSandbox")
	}
	m := New()
	require.NoError(t, m.Preload(stage.Needs{Decode: slices.Collect(maps.Keys(decoders)), Encode: []container.Kind{container.Video, container.Audio}}))
	// The encoders of these two are no part of any stage.
	times := unevenTimes(40)
	avc, aac := &collector{t: t}, &collector{t: t}
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.H264, Width: 320, Height: 180}, 300_000, 30,
		slides(image.Pt(320, 180), times), avc.ready, avc.take))
	require.NoError(t, m.EncodeSound(context.Background(), container.Track{ID: 2, Codec: container.AAC, SampleRate: 44100, Channels: 1}, 64_000,
		runs(clickTrain(44100, 4500*time.Millisecond, clickTimes)), aac.ready, aac.take))

	t.Log(sandbox.Close(sandbox.Policy{Writable: []string{dir}}))
	_, err := os.ReadDir("/usr")
	require.Error(t, err, "the sandbox is closed")

	assertClicks(t, heard(t, aac.track, aac.packets), clickTimes)
	vp8 := &collector{t: t}
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.VP8, Width: 320, Height: 180}, 300_000, 30,
		slides(image.Pt(320, 180), times), vp8.ready, vp8.take))
	vp8.track.Rotation = 90
	at, _ := pictures(t, vp8.track, vp8.packets, image.Pt(100, 100), everything)
	assert.Equal(t, times, at)

	again := &collector{t: t}
	_, err = m.Transcode(context.Background(), avc.track, source(avc.packets), again.ready, again.take)
	require.NoError(t, err)
	assert.Len(t, again.packets, len(times))

	opus := &collector{t: t}
	require.NoError(t, m.EncodeSound(context.Background(), container.Track{ID: 2, Codec: container.Opus, SampleRate: 44100, Channels: 1}, 64_000,
		runs(clickTrain(44100, 4500*time.Millisecond, clickTimes)), opus.ready, opus.take))
	assertClicks(t, heard(t, opus.track, opus.packets), clickTimes)
	for codec, d := range decoders {
		if d.factory != "" {
			assert.NoError(t, available(d.factory), codec)
		}
	}
}
