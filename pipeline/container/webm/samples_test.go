package webm_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/internal/samples"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// packet is what a test compares of a packet.
type packet struct {
	container.Packet
	hash [32]byte
}

func readAll(t testing.TB, data []byte) ([]packet, *webm.Reader) {
	t.Helper()
	r, err := webm.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var all []packet
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			require.EqualValues(t, len(data), r.Consumed(), "every byte is accounted for")
			return all, r
		}
		require.NoError(t, err)
		payload, err := r.Payload(nil)
		require.NoError(t, err)
		require.Len(t, payload, p.Size)
		all = append(all, packet{p, sha256.Sum256(payload)})
	}
}

// rewrite copies a file's packets into a new one.
func rewrite(t testing.TB, data []byte, opts webm.Options) []byte {
	t.Helper()
	r, err := webm.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	out, err := os.Create(filepath.Join(t.TempDir(), "out.webm"))
	require.NoError(t, err)
	defer out.Close()
	w, err := webm.NewWriter(out, r.Tracks(), container.Extent{Keys: map[int]int{1: 30, 2: 30}, Duration: 30 * time.Second}, opts)
	require.NoError(t, err)
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		payload, err := r.Payload(nil)
		require.NoError(t, err)
		require.NoError(t, w.WritePacket(p, payload))
	}
	require.NoError(t, w.Close())
	written, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return written
}

func sampleFiles(t testing.TB) []string {
	return []string{
		samples.Path(t, "samples", "camera-vp8.webm"), samples.Path(t, "samples", "screen-vp8.webm"),
		samples.Path(t, "samples", "screen-still-vp9.webm"), samples.Path(t, "samples", "screen-still-keyframes-vp9.webm"),
	}
}

func TestRewritingARealRecordingKeepsEveryPacket(t *testing.T) {
	for _, path := range sampleFiles(t) {
		for name, opts := range map[string]webm.Options{"seekable": {}, "live": {Live: true}} {
			t.Run(filepath.Base(path)+" "+name, func(t *testing.T) {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				before, r := readAll(t, data)
				require.Empty(t, r.Damage())
				require.Zero(t, r.Duration(), "a recorder's WebM states no duration")
				written := rewrite(t, data, opts)
				after, r := readAll(t, written)
				require.Empty(t, r.Damage())
				require.Equal(t, len(before), len(after))
				for i := range before {
					assert.Equal(t, before[i].hash, after[i].hash, "payload of packet %d", i)
					assert.Equal(t, before[i].Key, after[i].Key, "key flag of packet %d", i)
					assert.InDelta(t, before[i].PTS.Seconds(), after[i].PTS.Seconds(), 0.001)
				}
				if !opts.Live {
					assert.InDelta(t, before[len(before)-1].PTS.Seconds(), r.Duration().Seconds(), 0.5)
				}
			})
		}
	}
}

func TestKeyFlagsAgreeWithTheCodecs(t *testing.T) {
	for _, path := range sampleFiles(t) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		r, err := webm.Open(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		tracks := map[int]container.Track{}
		for _, track := range r.Tracks() {
			tracks[track.ID] = track
		}
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			payload, err := r.Payload(nil)
			require.NoError(t, err)
			require.NoError(t, bitstream.Verify(tracks[p.Track], payload))
			if key, known := bitstream.IsKey(tracks[p.Track], payload); known {
				assert.Equal(t, key, p.Key, "%s at %v", filepath.Base(path), p.PTS)
			}
		}
	}
}

func TestAPeerReadsWhatIsWritten(t *testing.T) {
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("ffprobe is not installed (make setup-test installs it)")
	}
	data, err := os.ReadFile(samples.Path(t, "samples", "camera-vp8.webm"))
	require.NoError(t, err)
	packets, _ := readAll(t, data)
	path := filepath.Join(t.TempDir(), "written.webm")
	require.NoError(t, os.WriteFile(path, rewrite(t, data, webm.Options{}), 0o600))

	out, err := exec.Command("ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path).CombinedOutput()
	require.NoError(t, err, string(out))
	counted := 0
	for _, field := range strings.Fields(string(out)) {
		n, err := strconv.Atoi(strings.Trim(field, ","))
		require.NoError(t, err)
		counted += n
	}
	assert.Equal(t, len(packets), counted)

	// A seek by index: the peer must land on a key frame near the middle without reading all before it.
	out, err = exec.Command("ffprobe", "-v", "error", "-read_intervals", "12%+#1", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", path).CombinedOutput()
	require.NoError(t, err, string(out))
	fields := strings.Split(strings.TrimSpace(string(out)), ",")
	at, err := strconv.ParseFloat(fields[0], 64)
	require.NoError(t, err, string(out))
	assert.Greater(t, at, 6.0)
	assert.LessOrEqual(t, at, 12.1)
	assert.Contains(t, fields[1], "K")
}
