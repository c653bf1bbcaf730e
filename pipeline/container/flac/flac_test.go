package flac_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/containertest"
	"github.com/trivue/trivue/pipeline/container/flac"
)

// sample is half a second at 16 kHz in frames of 1024 samples, by ffmpeg, without the room that it leaves for more metadata.
func sample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "sine.flac"))
	require.NoError(t, err)
	first := bytes.Index(data, []byte{0xff, 0xf8})
	head := slices.Clone(data[:4+4+34])
	head[4] |= 0x80 // the last metadata block
	return append(head, data[first:]...)
}

func read(t testing.TB, data []byte) ([]containertest.Packet, container.Reader) {
	t.Helper()
	r, err := flac.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return containertest.Drain(t, r, int64(len(data))), r
}

func TestFramesAreTakenApart(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "sine.flac"))
	require.NoError(t, err)
	tagged := append([]byte("ID3\x04\x00\x00\x00\x00\x01\x00"), make([]byte, 128)...)
	for name, data := range map[string][]byte{
		"alone":               sample(t),
		"with more metadata":  whole,
		"with tags around it": slices.Concat(tagged, whole, append([]byte("TAG"), make([]byte, 125)...)),
	} {
		packets, r := read(t, data)
		require.Len(t, packets, 8, name)
		assert.Empty(t, r.Damage())
		assert.Equal(t, 500*time.Millisecond, r.Duration())
		track := r.Tracks()[0]
		assert.Equal(t, container.FLAC, track.Codec)
		assert.Equal(t, 16000, track.SampleRate)
		assert.Equal(t, sample(t)[:42], track.Private)
		for i, p := range packets {
			assert.Equal(t, time.Duration(i)*64*time.Millisecond, p.PTS)
			assert.Equal(t, []byte{0xff, 0xf8}, p.Payload[:2])
		}
		last := packets[7]
		assert.Equal(t, 500*time.Millisecond, last.PTS+last.Duration)
	}
}

func TestDamageIsSteppedOverAndStated(t *testing.T) {
	data := sample(t)
	plain, _ := read(t, data)
	at := int(plain[3].Offset)
	bad := slices.Clone(data)
	bad[at+plain[3].Size/2] ^= 0x10
	for name, c := range map[string]struct {
		data     []byte
		cause    container.Cause
		from, to time.Duration
		left     int
	}{
		"a flipped bit":   {bad, container.Hole, plain[3].PTS, plain[4].PTS, 7},
		"bytes missing":   {slices.Delete(slices.Clone(data), at+20, at+plain[3].Size+30), container.Hole, plain[3].PTS, plain[5].PTS, 6},
		"zeros":           {slices.Replace(slices.Clone(data), at, at+plain[3].Size+9, make([]byte, plain[3].Size+9)...), container.Hole, plain[2].PTS, plain[5].PTS, 5}, // what follows a frame shows where it ends
		"cut in a frame":  {data[:at+50], container.Truncated, plain[3].PTS, plain[3].PTS, 3},
		"cut in a header": {data[:at+3], container.Truncated, plain[3].PTS, plain[3].PTS, 3},
	} {
		t.Run(name, func(t *testing.T) {
			packets, r := read(t, c.data)
			assert.Len(t, packets, c.left)
			require.Len(t, r.Damage(), 1)
			d := r.Damage()[0]
			assert.Equal(t, c.cause, d.Cause)
			assert.Equal(t, c.from, d.From)
			assert.Equal(t, c.to, d.To)
			if c.cause == container.Hole {
				behind := packets[int(c.from/(64*time.Millisecond))]
				assert.True(t, behind.AfterLoss)
				assert.Equal(t, c.to, behind.PTS, "it stays at its time")
			}
		})
	}
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	data := sample(t)
	for name, head := range map[string][]byte{"magic alone": data[:4], "half a head": data[:20], "no frame": data[:42]} {
		_, err := flac.Open(bytes.NewReader(head), int64(len(head)))
		var unusable *container.UnusableError
		require.ErrorAs(t, err, &unusable, name)
		assert.Equal(t, container.HeaderOnly, unusable.Reason)
	}
}

func FuzzReader(f *testing.F) {
	data := sample(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add(slices.Delete(slices.Clone(data), 600, 900))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := flac.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
