package gstx

import (
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// repeated gives the same packets again and again, later each time: a long recording that takes no memory of its own.
func repeated(packets []packet, times int, length time.Duration) stage.Source {
	n := 0
	return func() (container.Packet, []byte, error) {
		if n == len(packets)*times {
			return container.Packet{}, nil, io.EOF
		}
		p := packets[n%len(packets)]
		p.PTS += time.Duration(n/len(packets)) * length
		n++
		return p.Packet, p.payload, nil
	}
}

// resident is how much memory the process has, C's included, in MB.
func resident(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		var kB int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	t.Fatal("the kernel does not say how much memory is resident")
	return 0
}

func TestMemoryStaysBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes for some seconds")
	}
	const growth = 24 // MB; the pictures that go through are 100 MB, the samples 58 MB
	m := New()
	times := unevenTimes(60)
	vp8, opus := &collector{t: t}, &collector{t: t}
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.VP8, Width: 320, Height: 180}, 300_000, 30,
		slides(image.Pt(320, 180), times), vp8.ready, vp8.take))
	require.NoError(t, m.EncodeSound(context.Background(), container.Track{ID: 2, Codec: container.Opus, SampleRate: 48000, Channels: 1}, 64_000,
		runs(clickTrain(48000, 5*time.Second, clickTimes)), opus.ready, opus.take))

	t.Run("pictures", func(t *testing.T) {
		early, n := 0, 0
		_, err := m.DecodePictures(context.Background(), vp8.track, repeated(vp8.packets, 20, time.Minute), image.Pt(160, 160), everything,
			func(time.Duration, *image.RGBA) error {
				if n++; n == 200 {
					early = resident(t)
				}
				return nil
			})
		require.NoError(t, err)
		assert.Less(t, resident(t)-early, growth)
	})
	t.Run("sound", func(t *testing.T) {
		early, n := 0, 0
		_, err := m.DecodeSound(context.Background(), opus.track, repeated(opus.packets, 60, 5020*time.Millisecond), listenRate,
			func(time.Duration, []int16) error {
				if n++; n == 1500 {
					early = resident(t)
				}
				return nil
			})
		require.NoError(t, err)
		assert.Less(t, resident(t)-early, growth)
	})
	t.Run("transcoding", func(t *testing.T) {
		early, n := 0, 0
		_, err := m.Transcode(context.Background(), vp8.track, repeated(vp8.packets, 16, time.Minute), func(container.Track) error { return nil },
			func(container.Packet, []byte) error {
				if n++; n == 200 {
					early = resident(t)
				}
				return nil
			})
		require.NoError(t, err)
		assert.Less(t, resident(t)-early, growth)
	})
}
