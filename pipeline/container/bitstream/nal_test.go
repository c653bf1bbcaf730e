package bitstream_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
	"github.com/trivue/trivue/pipeline/container/mp4"
)

// Configuration records of x264 (1920 × 1080, cropped from 1088; 640 × 480) and x265 (328 × 246, cropped).
const (
	avcCropped = "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801000668eae3cb22c0fdf8f800"
	avcMain    = "014d401effe10017674d401eeca0501ed80880000003008000001e078b16cb01000568ebe3cb20"
	hevcMain   = "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003c959409a10001002c" +
		"42010101600000030090000003000003003ca00a8804072cd965654a4c2f016808000003000800000300c840a2000100064401c073c189"
)

func record(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

func TestPictureSizesOfParameterSets(t *testing.T) {
	for _, c := range []struct {
		text          string
		width, height int
		codec         string
	}{
		{avcCropped, 1920, 1080, "avc1.640028"},
		{avcMain, 640, 480, "avc1.4D401E"},
		{hevcMain, 328, 246, "hvc1.1.6.L60.90"},
	} {
		track := container.Track{Codec: container.H264, Private: record(t, c.text)}
		if c.text == hevcMain {
			track.Codec = container.HEVC
		}
		w, h, ok := bitstream.Dimensions(track, nil)
		require.True(t, ok)
		assert.Equal(t, [2]int{c.width, c.height}, [2]int{w, h})
		assert.Equal(t, c.codec, bitstream.CodecString(track, nil))
	}
}

func TestCodecStringsOfSound(t *testing.T) {
	for text, want := range map[string]string{"": "mp4a.40.2", "1190": "mp4a.40.2", "2b920800": "mp4a.40.5", "eb0a": "mp4a.40.29", "f943": "mp4a.40.42"} {
		assert.Equal(t, want, bitstream.CodecString(container.Track{Codec: container.AAC, Private: record(t, text)}, nil), text)
	}
}

// recording gives the packets of one codec's track, made by ffmpeg.
func recording(t testing.TB, args ...string) (container.Track, []container.Packet, [][]byte) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed (make setup-test installs it)")
	}
	path := filepath.Join(t.TempDir(), "made.mp4")
	args = append(append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=328x246:rate=25:duration=2"}, args...), path)
	out, err := exec.Command("ffmpeg", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return packets(t, data)
}

func packets(t testing.TB, data []byte) (container.Track, []container.Packet, [][]byte) {
	t.Helper()
	r, err := mp4.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	track := r.Tracks()[0]
	var all []container.Packet
	var payloads [][]byte
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return track, all, payloads
		}
		require.NoError(t, err)
		if p.Track == track.ID {
			payload, err := r.Payload(nil)
			require.NoError(t, err)
			all, payloads = append(all, p), append(payloads, payload)
		}
	}
}

// TestDamageIsToldFromContent zeroes, shifts and swaps what encoders wrote.
func TestDamageIsToldFromContent(t *testing.T) {
	made := map[string][]string{
		"H.264 with open groups of pictures": {"-c:v", "libx264", "-preset", "fast", "-bf", "2", "-g", "12", "-x264-params", "open-gop=1:log=-1"},
		"H.264 in slices":                    {"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-x264-params", "slices=4:log=-1"},
		"HEVC":                               {"-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=none:keyint=12"},
	}
	for name, args := range made {
		t.Run(name, func(t *testing.T) {
			track, all, payloads := recording(t, args...)
			w, h, ok := bitstream.Dimensions(track, nil)
			require.True(t, ok)
			assert.Equal(t, [2]int{328, 246}, [2]int{w, h})
			keys := 0
			for i, payload := range payloads {
				require.NoError(t, bitstream.Verify(track, payload), "packet %d", i)
				key, known := bitstream.IsKey(track, payload)
				require.True(t, known)
				require.Equal(t, all[i].Key, key, "packet %d", i)
				if key {
					keys++
				}
				require.Error(t, bitstream.Verify(track, make([]byte, len(payload))), "packet %d zeroed", i)
				if len(payload) < 40 {
					continue
				}
				require.Error(t, bitstream.Verify(track, payload[7:]), "packet %d shifted", i)
				require.Error(t, bitstream.Verify(track, payload[:len(payload)-5]), "packet %d cut", i)
				tail := append(append([]byte{}, payload[:len(payload)-16]...), make([]byte, 16)...)
				require.Error(t, bitstream.Verify(track, tail), "packet %d with a zeroed end", i)
			}
			assert.Greater(t, keys, 1)
		})
	}
}

func TestAACDamage(t *testing.T) {
	aac := container.Track{Codec: container.AAC}
	require.NoError(t, bitstream.Verify(aac, []byte{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c}))
	require.Error(t, bitstream.Verify(aac, nil))
	require.Error(t, bitstream.Verify(aac, make([]byte, 100)))
	require.Error(t, bitstream.Verify(aac, append([]byte{0x21, 0x10}, make([]byte, 50)...)))
}

// fuzz runs everything that looks at a track's configuration and packets; nothing of it may panic or give absurd sizes.
func fuzz(t *testing.T, codec container.Codec, private, payload []byte) {
	track := container.Track{Codec: codec, Kind: container.Video, Private: private}
	err := bitstream.Verify(track, payload)
	if len(payload) == 0 && err == nil {
		t.Fatal("an empty packet passes")
	}
	bitstream.IsKey(track, payload)
	if w, h, ok := bitstream.Dimensions(track, payload); ok && (w <= 0 || h <= 0 || w > 1<<20 || h > 1<<20) {
		t.Fatalf("%d × %d", w, h)
	}
	if bitstream.CodecString(track, payload) == "" {
		t.Fatal("no codec string")
	}
}

func FuzzAVC(f *testing.F) {
	f.Add(record(f, avcCropped), []byte{0, 0, 0, 5, 0x65, 0x88, 0x84, 0, 0x10})
	f.Add(record(f, avcMain), []byte{0, 0, 0, 4, 6, 6, 1, 0xc4, 0, 0, 0, 3, 0x41, 0x9a, 0x10})
	f.Fuzz(func(t *testing.T, private, payload []byte) { fuzz(t, container.H264, private, payload) })
}

func FuzzHEVC(f *testing.F) {
	f.Add(record(f, hevcMain), []byte{0, 0, 0, 6, 0x26, 1, 0xaf, 6, 0xb8, 0x80})
	f.Fuzz(func(t *testing.T, private, payload []byte) { fuzz(t, container.HEVC, private, payload) })
}

func TestSamplesAreWhatTheirCodecsWrite(t *testing.T) {
	for _, name := range []string{"camera-h264.mp4", "phone-portrait-rotated-h264.mp4", "whip-killed/cam_h264.mp4"} {
		data, err := os.ReadFile(samples.Path(t, "samples", name))
		require.NoError(t, err)
		track, all, payloads := packets(t, data)
		for i, payload := range payloads {
			require.NoError(t, bitstream.Verify(track, payload), "%s at %v", name, all[i].PTS)
		}
	}
}
