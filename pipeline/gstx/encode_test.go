package gstx

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

// collector takes what an encoder gives.
type collector struct {
	t       testing.TB
	track   container.Track
	told    int
	packets []packet
}

func (c *collector) ready(track container.Track) error {
	assert.Empty(c.t, c.packets, "the track is described before the first packet")
	c.track = track
	c.told++
	return nil
}

func (c *collector) take(p container.Packet, payload []byte) error {
	assert.Equal(c.t, 1, c.told)
	assert.Equal(c.t, len(payload), p.Size)
	assert.Equal(c.t, c.track.ID, p.Track)
	c.packets = append(c.packets, packet{p, append([]byte(nil), payload...)})
	return nil
}

// slides gives pictures whose grey level grows from one to the next.
func slides(size image.Point, times []time.Duration) func() (time.Duration, []byte, error) {
	picture := image.NewRGBA(image.Rectangle{Max: size})
	n := 0
	return func() (time.Duration, []byte, error) {
		if n == len(times) {
			return 0, nil, io.EOF
		}
		draw.Draw(picture, picture.Rect, image.NewUniform(color.Gray{slideLevel(n)}), image.Point{}, draw.Src)
		n++
		return times[n-1], picture.Pix, nil
	}
}

func slideLevel(n int) uint8 { return uint8(20 + n%20*10) }

// unevenTimes are those of a recorder that drops pictures.
func unevenTimes(n int) (times []time.Duration) {
	at := 7 * time.Millisecond
	for i := range n {
		times = append(times, at)
		at += []time.Duration{33, 34, 33, 67, 1, 250}[i%6] * time.Millisecond
	}
	return times
}

func TestPicturesSurviveEncoding(t *testing.T) {
	for _, codec := range []container.Codec{container.VP8, container.H264} {
		t.Run(string(codec), func(t *testing.T) {
			times := unevenTimes(90)
			c := &collector{t: t}
			err := New().EncodePictures(context.Background(), container.Track{ID: 7, Codec: codec, Width: 320, Height: 180}, 300_000, 30,
				slides(image.Pt(320, 180), times), c.ready, c.take)
			require.NoError(t, err)
			assertKeyFrames(t, c.packets, 30)
			at, all := pictures(t, c.track, c.packets, image.Pt(320, 180), everything)
			assert.Equal(t, times, at)
			for i, p := range all {
				assert.Less(t, distance(p.RGBAAt(160, 90).G, slideLevel(i)), 8, "picture %d", i)
			}
		})
	}
}

func assertKeyFrames(t *testing.T, packets []packet, every int) {
	t.Helper()
	require.True(t, packets[0].Key)
	since := 0
	for i, p := range packets {
		if p.Key {
			since = 0
		}
		assert.Less(t, since, every, "packet %d", i)
		since++
	}
}

// runs gives samples in pieces of 1000.
func runs(pcm []byte) func() ([]int16, error) {
	return func() ([]int16, error) {
		if len(pcm) == 0 {
			return nil, io.EOF
		}
		var out []int16
		for len(out) < 1000 && len(pcm) > 0 {
			out = append(out, int16(binary.LittleEndian.Uint16(pcm)))
			pcm = pcm[2:]
		}
		return out, nil
	}
}

func TestSoundSurvivesEncoding(t *testing.T) {
	for _, codec := range []container.Codec{container.Opus, container.AAC} {
		for _, rate := range []int{48000, 44100} {
			t.Run(fmt.Sprintf("%s %d", codec, rate), func(t *testing.T) {
				c := &collector{t: t}
				err := New().EncodeSound(context.Background(), container.Track{ID: 2, Codec: codec, SampleRate: rate, Channels: 1}, 64_000,
					runs(clickTrain(rate, 4500*time.Millisecond, clickTimes)), c.ready, c.take)
				require.NoError(t, err)
				assert.Negative(t, c.packets[0].PTS, "the encoder's delay lies before zero")
				samples := heard(t, c.track, c.packets)
				assertClicks(t, samples, clickTimes)
				assert.InDelta(t, 4.5*listenRate, len(samples), 0.03*listenRate)
			})
		}
	}
}

func TestTranscodedSoundStaysAtItsTime(t *testing.T) {
	track, packets := readADTS(t, ffmpeg(t, clickTrain(44100, 4500*time.Millisecond, clickTimes),
		"-f", "s16le", "-ar", "44100", "-ac", "1", "-i", "pipe:0", "-c:a", "aac", "-b:a", "96k", "-f", "adts", "-"), 1024)
	// The recording begins a second late, and two seconds are missing in its middle.
	var kept []packet
	var want []time.Duration
	for _, c := range clickTimes {
		want = append(want, moved(c))
	}
	for _, p := range packets {
		p.PTS = moved(p.PTS)
		kept = append(kept, p)
	}
	c := &collector{t: t}
	counts, err := New().Transcode(context.Background(), track, source(kept), c.ready, c.take)
	require.NoError(t, err)
	assert.Equal(t, len(kept), counts.Packets)
	assert.Equal(t, container.Opus, c.track.Codec)
	assert.Equal(t, 48000, c.track.SampleRate)
	assert.Equal(t, 6500*time.Microsecond, c.track.Delay)
	for i := 1; i < len(c.packets); i++ {
		assert.InDelta(t, 0.02, (c.packets[i].PTS - c.packets[i-1].PTS).Seconds(), 0.001, "a hole is filled with silence")
	}
	assertClicks(t, heard(t, c.track, c.packets), want)
}

func moved(at time.Duration) time.Duration {
	at += time.Second
	if at > 3*time.Second {
		at += 2 * time.Second
	}
	return at
}

func TestTranscodedPicturesKeepTheirTimes(t *testing.T) {
	times := unevenTimes(60)
	c := &collector{t: t}
	m := New()
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.H264, Width: 320, Height: 180}, 500_000, 30,
		slides(image.Pt(320, 180), times), c.ready, c.take))
	c.track.Rotation = 90
	again := &collector{t: t}
	counts, err := m.Transcode(context.Background(), c.track, source(c.packets), again.ready, again.take)
	require.NoError(t, err)
	assert.Equal(t, 60, counts.Packets)
	assert.Equal(t, 60, counts.Units)
	assert.Equal(t, container.VP8, again.track.Codec)
	assert.Equal(t, []int{180, 320, 0}, []int{again.track.Width, again.track.Height, again.track.Rotation})
	assertKeyFrames(t, again.packets, keyFrames)
	at, all := pictures(t, again.track, again.packets, image.Pt(640, 640), everything)
	assert.Equal(t, times, at)
	assert.Equal(t, image.Pt(180, 320), all[0].Rect.Size())
	for i, p := range all {
		assert.Less(t, distance(p.RGBAAt(90, 160).G, slideLevel(i)), 10, "picture %d", i)
	}
}

func TestOfSeveralPicturesForOneTimeOneIsKept(t *testing.T) {
	times := unevenTimes(30)
	c := &collector{t: t}
	m := New()
	require.NoError(t, m.EncodePictures(context.Background(), container.Track{ID: 1, Codec: container.VP8, Width: 320, Height: 180}, 500_000, 30,
		slides(image.Pt(320, 180), times), c.ready, c.take))
	c.packets[10].PTS = c.packets[9].PTS
	c.packets[20].PTS = c.packets[3].PTS
	again := &collector{t: t}
	counts, err := m.Transcode(context.Background(), c.track, source(c.packets), again.ready, again.take)
	require.NoError(t, err)
	assert.Equal(t, 28, counts.Units)
	assert.Len(t, again.packets, 28)
}

func TestSizesFitInto1080p(t *testing.T) {
	for _, c := range []struct {
		width, height int
		aspect        float64
		w, h          int
	}{
		{1280, 720, 1, 1280, 720}, {3840, 2160, 1, 1920, 1080}, {1080, 1920, 1, 1080, 1920}, {2160, 3840, 1, 1080, 1920},
		{721, 577, 1, 722, 578}, {720, 576, 16.0 / 15, 768, 576}, {8000, 20, 1, 1920, 4},
	} {
		w, h := fit(c.width, c.height, c.aspect)
		assert.Equal(t, [2]int{c.w, c.h}, [2]int{w, h}, "%d × %d", c.width, c.height)
	}
}
