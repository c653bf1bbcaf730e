package gstx

import (
	"context"
	"image"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/pipeline/container"
)

// turned is a VP8 recording in which the phone is turned after a second.
func turned(t *testing.T) (container.Track, []packet) {
	t.Helper()
	lying, upright := &collector{t: t}, &collector{t: t}
	var times []time.Duration
	for i := range 10 {
		times = append(times, time.Duration(i)*100*time.Millisecond)
	}
	m := New()
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.VP8, Width: 320, Height: 180}, 300_000, 30,
		slides(image.Pt(320, 180), times), lying.ready, lying.take))
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.VP8, Width: 180, Height: 320}, 300_000, 30,
		slides(image.Pt(180, 320), times), upright.ready, upright.take))
	all := lying.packets
	for _, p := range upright.packets {
		p.PTS += time.Second
		all = append(all, p)
	}
	return lying.track, all
}

func TestPicturesThatChangeTheirSize(t *testing.T) {
	track, packets := turned(t)
	_, all := pictures(t, track, packets, image.Pt(160, 160), everything)
	require.Len(t, all, 20)
	assert.Equal(t, image.Pt(160, 90), all[9].Rect.Size())
	assert.Equal(t, image.Pt(90, 160), all[10].Rect.Size())

	c := &collector{t: t}
	_, err := New().Transcode(context.Background(), track, source(packets), c.ready, c.take)
	require.NoError(t, err)
	require.Len(t, c.packets, 20)
	_, all = pictures(t, c.track, c.packets, image.Pt(640, 640), everything)
	for i, p := range all {
		assert.Equal(t, image.Pt(320, 180), p.Rect.Size(), "a player gets one size")
		assert.Less(t, distance(p.RGBAAt(160, 90).G, slideLevel(i%10)), 12)
	}
	assert.Less(t, all[15].RGBAAt(20, 90).G, uint8(20), "with borders beside what is narrower")
}

func TestCancellingEndsEachKindOfRun(t *testing.T) {
	video, videoPackets := turned(t)
	opus := &collector{t: t}
	m := New()
	require.NoError(t, m.EncodeSound(context.Background(), container.Track{ID: 2, Codec: container.Opus, SampleRate: 48000, Channels: 1}, 64_000,
		runs(clickTrain(48000, 4500*time.Millisecond, clickTimes)), opus.ready, opus.take))
	endless := func(packets []packet) func() (container.Packet, []byte, error) {
		return repeated(packets, 1<<20, 4500*time.Millisecond)
	}
	for name, run := range map[string]func(ctx context.Context, cancel func()) error{
		"sound": func(ctx context.Context, cancel func()) error {
			_, err := m.DecodeSound(ctx, opus.track, endless(opus.packets), listenRate, func(time.Duration, []int16) error { cancel(); return nil })
			return err
		},
		"pictures": func(ctx context.Context, cancel func()) error {
			_, err := m.DecodePictures(ctx, video, endless(videoPackets), image.Pt(64, 64), everything, func(time.Duration, *image.RGBA) error { cancel(); return nil })
			return err
		},
		"transcoded pictures": func(ctx context.Context, cancel func()) error {
			_, err := m.Transcode(ctx, video, endless(videoPackets), func(container.Track) error { return nil }, func(container.Packet, []byte) error { cancel(); return nil })
			return err
		},
		"transcoded sound": func(ctx context.Context, cancel func()) error {
			_, err := m.Transcode(ctx, opus.track, endless(opus.packets), func(container.Track) error { return nil }, func(container.Packet, []byte) error { cancel(); return nil })
			return err
		},
		"encoded sound": func(ctx context.Context, cancel func()) error {
			return m.EncodeSound(ctx, container.Track{Codec: container.AAC, SampleRate: 48000, Channels: 1}, 64_000,
				func() ([]int16, error) { return make([]int16, 480), nil },
				func(container.Track) error { return nil }, func(container.Packet, []byte) error { cancel(); return nil })
		},
		"encoded pictures": func(ctx context.Context, cancel func()) error {
			at := time.Duration(0)
			return m.EncodePictures(ctx, container.Track{Codec: container.VP8, Width: 64, Height: 64}, 64_000, 30,
				func() (time.Duration, []byte, error) { at += time.Second; return at, make([]byte, 4*64*64), nil },
				func(container.Track) error { return nil }, func(container.Packet, []byte) error { cancel(); return nil })
		},
		"not even begun": func(ctx context.Context, cancel func()) error {
			cancel()
			_, err := m.DecodeSound(ctx, opus.track, endless(opus.packets), listenRate, func(time.Duration, []int16) error { return nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			assert.Equal(t, context.Canceled, run(ctx, cancel))
		})
	}
}

func TestRunsSideBySide(t *testing.T) {
	video, videoPackets := turned(t)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			n := 0
			_, err := New().DecodePictures(context.Background(), video, source(videoPackets), image.Pt(64, 64), everything,
				func(time.Duration, *image.RGBA) error { n++; return nil })
			assert.Equal(t, 20, n)
			return err
		})
	}
	require.NoError(t, group.Wait())
}
