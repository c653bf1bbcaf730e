package mp4_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// TestCodecsThatPhonesAndEditorsWrite reads what ffmpeg makes of each, and compares what the tracks are said to be.
func TestCodecsThatPhonesAndEditorsWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes a dozen files")
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	for name, c := range map[string]struct {
		args            string
		codec           container.Codec
		rate, channels  int
		private, needed bool
	}{
		"vp9.mp4":      {"-c:v libvpx-vp9 -deadline realtime -cpu-used 8", container.VP9, 0, 0, true, true},
		"av1.mp4":      {"-c:v libaom-av1 -usage realtime -cpu-used 8", container.AV1, 0, 0, true, false},
		"mpeg4.mp4":    {"-c:v mpeg4", container.MPEG4, 0, 0, true, true},
		"mjpeg.mov":    {"-c:v mjpeg -pix_fmt yuvj420p", container.MJPEG, 0, 0, false, true},
		"h263.3gp":     {"-c:v h263 -s 176x144", container.H263, 0, 0, false, true},
		"avc.mov":      {"-c:v libx264", container.H264, 0, 0, true, true},
		"hev1.mp4":     {"-c:v libx265 -preset ultrafast -x265-params log-level=none", container.HEVC, 0, 0, true, true},
		"aac.mp4":      {"-c:a aac -ar 22050 -ac 2", container.AAC, 22050, 2, true, true},
		"aac.mov":      {"-c:a aac -ar 44100 -ac 1", container.AAC, 44100, 1, true, true},
		"opus.mp4":     {"-c:a libopus -ac 2", container.Opus, 48000, 2, true, true},
		"mp3.mp4":      {"-c:a libmp3lame -ar 44100 -ac 2", container.MP3, 44100, 2, false, true},
		"mp3.mov":      {"-c:a libmp3lame -ar 44100 -ac 2", container.MP3, 44100, 2, false, true},
		"pcm.mov":      {"-c:a pcm_s16le -ar 16000 -ac 2", container.PCM, 16000, 2, false, true},
		"amr.3gp":      {"-c:a libopencore_amrnb -ar 8000 -ac 1 -b:a 12200", container.AMRNB, 8000, 1, false, false},
		"pcm 96 k.mov": {"-c:a pcm_s16le -ar 96000 -ac 1", container.PCM, 96000, 1, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			source := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1"}
			if c.rate > 0 {
				source[5] = "sine=frequency=440:sample_rate=48000:duration=1"
			}
			out, err := exec.Command("ffmpeg", append(append(source, strings.Fields(c.args)...), path)...).CombinedOutput()
			if err != nil && !c.needed {
				t.Skipf("this ffmpeg does not encode it: %s", out)
			}
			require.NoError(t, err, string(out))
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			packets, r := readAll(t, data)
			require.Len(t, r.Tracks(), 1)
			track := r.Tracks()[0]
			assert.Equal(t, c.codec, track.Codec)
			assert.Equal(t, c.rate, track.SampleRate)
			assert.Equal(t, c.channels, track.Channels)
			assert.Equal(t, c.private, len(track.Private) > 0, "%x", track.Private)
			require.NotEmpty(t, packets)
			assert.Empty(t, r.Damage())
			last := packets[len(packets)-1]
			assert.InDelta(t, 1, (last.PTS + last.Duration).Seconds(), 0.12)
			if c.codec == container.PCM {
				sum := 0
				for _, p := range packets {
					sum += p.Size
				}
				assert.Equal(t, c.rate*c.channels*2, sum)
			}
			if c.codec == container.Opus {
				assert.Equal(t, "OpusHead", string(track.Private[:8]))
				assert.Positive(t, track.Delay)
				assert.Negative(t, packets[0].PTS)
			}
			assert.NotEmpty(t, bitstream.CodecString(track, nil))
		})
	}
}
