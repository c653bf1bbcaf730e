package amr_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/amr"
	"github.com/trivue/trivue/pipeline/container/containertest"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "stage", "testdata", name))
	require.NoError(t, err)
	return data
}

func read(t testing.TB, data []byte) ([]containertest.Packet, container.Reader) {
	t.Helper()
	r, err := amr.Open(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return containertest.Drain(t, r, int64(len(data))), r
}

func TestFrames(t *testing.T) {
	for name, c := range map[string]struct {
		codec container.Codec
		rate  int
	}{"beeps.amr": {container.AMRNB, 8000}, "beeps.awb": {container.AMRWB, 16000}} {
		packets, r := read(t, sample(t, name))
		assert.Equal(t, container.Track{ID: 1, Kind: container.Audio, Codec: c.codec, SampleRate: c.rate, Channels: 1}, r.Tracks()[0])
		assert.Empty(t, r.Damage())
		assert.InDelta(t, 200, len(packets), 2, "four seconds")
		for i, p := range packets {
			assert.Equal(t, time.Duration(i)*20*time.Millisecond, p.PTS)
			assert.Equal(t, 20*time.Millisecond, p.Duration)
		}
	}
}

func TestDamageIsSteppedOverAndStated(t *testing.T) {
	data := sample(t, "beeps.amr")
	plain, _ := read(t, data)
	bad := bytes.Clone(data)
	copy(bad[plain[50].Offset:], bytes.Repeat([]byte{0xff}, 20*plain[50].Size))
	packets, r := read(t, bad)
	require.Len(t, r.Damage(), 1)
	d := r.Damage()[0]
	assert.Equal(t, container.Hole, d.Cause)
	assert.InDelta(t, float64(plain[50].PTS), float64(d.From), float64(20*time.Millisecond))
	assert.InDelta(t, float64(plain[len(plain)-1].PTS), float64(packets[len(packets)-1].PTS), float64(20*time.Millisecond), "as much time passes as did")

	_, r = read(t, data[:len(data)-5])
	require.Len(t, r.Damage(), 1)
	assert.Equal(t, container.Truncated, r.Damage()[0].Cause)
}

func TestFilesWithoutAnythingToPlay(t *testing.T) {
	for head, reason := range map[string]container.Reason{
		"#!AMR\n": container.HeaderOnly, "#!AMR-WB\n\xff\xff\xff": container.HeaderOnly, "#!AMR_MC1.0\n\x00\x00\x00\x02": container.Unsupported,
	} {
		_, err := amr.Open(bytes.NewReader([]byte(head)), int64(len(head)))
		var unusable *container.UnusableError
		require.True(t, errors.As(err, &unusable), "%q", head)
		assert.Equal(t, reason, unusable.Reason, "%q", head)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(sample(f, "beeps.amr")[:600])
	f.Add(sample(f, "beeps.awb")[:900])
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := amr.Open(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			containertest.Drain(t, r, int64(len(data)))
		}
	})
}
