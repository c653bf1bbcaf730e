package adts_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/adts"
	"github.com/trivue/trivue/pipeline/container/containertest"
)

// sample is half a second at 48 kHz, mono, by ffmpeg.
func sample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "sine.aac"))
	require.NoError(t, err)
	return data
}

func read(t testing.TB, data []byte) ([]containertest.Packet, container.Reader) {
	t.Helper()
	r, err := adts.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return containertest.Drain(t, r, int64(len(data))), r
}

func TestFramesLoseTheirHeaders(t *testing.T) {
	data := sample(t)
	tag := append([]byte("ID3\x04\x00\x00\x00\x00\x01\x00"), make([]byte, 128)...)
	for name, file := range map[string][]byte{"plain": data, "with a tag in front": append(tag, data...)} {
		packets, r := read(t, file)
		assert.Empty(t, r.Damage(), name)
		assert.Equal(t, container.Track{ID: 1, Kind: container.Audio, Codec: container.AAC, Private: []byte{0x11, 0x88}, SampleRate: 48000, Channels: 1}, r.Tracks()[0])
		total := 0
		for i, p := range packets {
			assert.Equal(t, container.SamplesToTime(int64(i)*1024, 48000), p.PTS)
			total += 7 + p.Size
		}
		assert.Equal(t, len(data), total)
	}
}

func TestDamageIsSteppedOverAndStated(t *testing.T) {
	data := sample(t)
	plain, _ := read(t, data)
	bad := bytes.Clone(data)
	copy(bad[plain[5].Offset:], make([]byte, 2*plain[5].Size))
	packets, r := read(t, bad)
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Hole, r.Damage()[0].Cause)
	assert.Less(t, len(packets), len(plain))
	assert.InDelta(t, plain[len(plain)-1].PTS, packets[len(packets)-1].PTS, float64(25*time.Millisecond), "about as much time passes")

	_, r = read(t, data[:len(data)-5])
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
}

func TestAFileWithoutFramesIsRefused(t *testing.T) {
	data := append([]byte{0xff, 0xf1}, make([]byte, 100)...)
	_, err := adts.Open(bytes.NewReader(data), int64(len(data)))
	assert.ErrorIs(t, err, container.ErrUnusable)
}

func FuzzReader(f *testing.F) {
	f.Add(sample(f))
	f.Add(sample(f)[30:900])
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := adts.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
