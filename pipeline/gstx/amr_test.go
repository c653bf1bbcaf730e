package gstx

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

// Sizes of AMR frames by their type, the first byte's bits 3 to 6 (RFC 4867, 5.3; 3GPP TS 26.101 and 26.201).
var (
	amrFrames         = []int{13, 14, 16, 18, 20, 21, 27, 32, 6}
	amrWidebandFrames = []int{18, 24, 33, 37, 41, 47, 51, 59, 61, 6}
)

// readAMR takes an AMR file apart (RFC 4867, 5), frames of 20 ms to a packet.
func readAMR(t testing.TB, name, magic string, sizes []int, track container.Track, frames int) []packet {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "stage", "testdata", name))
	require.NoError(t, err)
	require.Equal(t, magic, string(data[:len(magic)]))
	var packets []packet
	at := time.Duration(0)
	for data = data[len(magic):]; len(data) > 0; {
		var payload []byte
		n := 0
		for ; n < frames && len(data) > 0; n++ {
			size := sizes[data[0]>>3&15]
			payload, data = append(payload, data[:size]...), data[size:]
		}
		length := time.Duration(n) * 20 * time.Millisecond
		packets = append(packets, packet{container.Packet{Track: track.ID, PTS: at, Duration: length, Key: true, DTS: container.NoTime, Size: len(payload)}, payload})
		at += length
	}
	return packets
}

func TestAMR(t *testing.T) {
	for name, c := range map[string]struct {
		file, magic string
		sizes       []int
		track       container.Track
	}{
		"narrow band": {"beeps.amr", "#!AMR\n", amrFrames, container.Track{ID: 1, Kind: container.Audio, Codec: container.AMRNB, SampleRate: 8000, Channels: 2}},
		"wide band":   {"beeps.awb", "#!AMR-WB\n", amrWidebandFrames, container.Track{ID: 1, Kind: container.Audio, Codec: container.AMRWB, SampleRate: 16000, Channels: 1}},
	} {
		for _, frames := range []int{1, 5} { // Android puts one frame into a sample, Nokia's phones several
			t.Run(name, func(t *testing.T) {
				packets := readAMR(t, c.file, c.magic, c.sizes, c.track, frames)
				sound := heard(t, c.track, packets)
				assert.InDelta(t, 4, float64(len(sound))/listenRate, 0.05)
			})
		}
	}
}
