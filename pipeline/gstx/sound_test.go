package gstx

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

const listenRate = 8000

// clickTrain is mono sound of s16 samples with a click of 2 ms (a windowed 1.5 kHz burst) at each of the given times.
func clickTrain(rate int, length time.Duration, clicks []time.Duration) []byte {
	n := int(length.Seconds() * float64(rate))
	samples := make([]float64, n)
	for _, at := range clicks {
		for i := range n {
			x := float64(i)/float64(rate) - at.Seconds()
			if math.Abs(x) < 0.002 {
				samples[i] += 0.8 * math.Cos(2*math.Pi*1500*x) * (0.5 + 0.5*math.Cos(math.Pi*x/0.002))
			}
		}
	}
	var out []byte
	for _, v := range samples {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(v*32767)))
	}
	return out
}

var clickTimes = []time.Duration{300 * time.Millisecond, 777 * time.Millisecond, 1500 * time.Millisecond, 2345 * time.Millisecond, 3900 * time.Millisecond}

// heard is what a decoder gave, with silence where it gave nothing.
func heard(t *testing.T, track container.Track, packets []packet) []float64 {
	t.Helper()
	var all []float64
	last := time.Duration(-1)
	counts, err := New().DecodeSound(context.Background(), track, source(packets), listenRate, func(at time.Duration, samples []int16) error {
		assert.Greater(t, at, last, "runs come in order")
		assert.GreaterOrEqual(t, at, time.Duration(0))
		last = at
		place := int(math.Round(at.Seconds() * listenRate))
		for len(all) < place+len(samples) {
			all = append(all, 0)
		}
		for i, v := range samples {
			all[place+i] = float64(v) / 32768
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, len(packets), counts.Packets)
	return all
}

// clickAt finds the click within 20 ms of a time by the energy's centre, -1 where there is none.
func clickAt(samples []float64, near time.Duration) time.Duration {
	var weight, sum, peak float64
	from := int((near.Seconds() - 0.02) * listenRate)
	for i := from; i < from+listenRate*40/1000 && i < len(samples); i++ {
		e := samples[i] * samples[i]
		weight += e * float64(i)
		sum += e
		peak = max(peak, math.Abs(samples[i]))
	}
	if peak < 0.1 {
		return -1
	}
	return time.Duration(weight / sum / listenRate * 1e9)
}

func assertClicks(t *testing.T, samples []float64, clicks []time.Duration) {
	t.Helper()
	for _, want := range clicks {
		got := clickAt(samples, want)
		// One millisecond, and Matroska's rounding where it was in the way.
		assert.InDelta(t, want.Seconds(), got.Seconds(), 0.0011, "click at %v", want)
	}
}

func TestSoundComesBackAtItsTime(t *testing.T) {
	for _, rate := range []int{48000, 44100} {
		pcm := clickTrain(rate, 4500*time.Millisecond, clickTimes)
		input := []string{"-f", "s16le", "-ar", fmt.Sprint(rate), "-ac", "1", "-i", "pipe:0"}
		t.Run(fmt.Sprintf("opus %d", rate), func(t *testing.T) {
			track, packets := readOpus(t, ffmpeg(t, pcm, append(input, "-c:a", "libopus", "-b:a", "64k", "-f", "ogg", "-")...))
			assertClicks(t, heard(t, track, packets), clickTimes)
		})
		t.Run(fmt.Sprintf("aac %d", rate), func(t *testing.T) {
			// ffmpeg's encoder primes with one frame of 1024 samples.
			track, packets := readADTS(t, ffmpeg(t, pcm, append(input, "-c:a", "aac", "-b:a", "96k", "-f", "adts", "-")...), 1024)
			assertClicks(t, heard(t, track, packets), clickTimes)
		})
	}
}

func TestHolesShowAsJumps(t *testing.T) {
	pcm := clickTrain(48000, 4500*time.Millisecond, clickTimes)
	track, packets := readOpus(t, ffmpeg(t, pcm, "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-c:a", "libopus", "-f", "ogg", "-"))
	// One second is lost between the third click and the fourth, and the fourth with it.
	var kept []packet
	for _, p := range packets {
		if p.PTS < 1600*time.Millisecond || p.PTS > 2600*time.Millisecond {
			p.AfterLoss = len(kept) > 0 && p.PTS-kept[len(kept)-1].PTS > 30*time.Millisecond
			kept = append(kept, p)
		}
	}
	samples := heard(t, track, kept)
	assertClicks(t, samples, []time.Duration{clickTimes[0], clickTimes[1], clickTimes[2], clickTimes[4]})
	assert.Equal(t, time.Duration(-1), clickAt(samples, clickTimes[3]))
}

func TestClockDriftIsFollowed(t *testing.T) {
	pcm := clickTrain(48000, 4500*time.Millisecond, clickTimes)
	track, packets := readOpus(t, ffmpeg(t, pcm, "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-c:a", "libopus", "-f", "ogg", "-"))
	// The container's clock runs 1 % fast, far more than any recorder's, and rounds to milliseconds.
	const fast = 1.01
	var moved []time.Duration
	for i := range packets {
		packets[i].PTS = time.Duration(float64(packets[i].PTS) * fast).Round(time.Millisecond)
	}
	for _, c := range clickTimes {
		moved = append(moved, time.Duration(float64(c)*fast))
	}
	samples := heard(t, track, packets)
	for _, want := range moved {
		// The lean is smoothed over a second: it trails a drift of this size by up to jump.
		assert.InDelta(t, want.Seconds(), clickAt(samples, want).Seconds(), 0.014)
	}
}

func TestBrokenPacketsAreSkipped(t *testing.T) {
	pcm := clickTrain(48000, 4500*time.Millisecond, clickTimes)
	track, packets := readADTS(t, ffmpeg(t, pcm, "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", "pipe:0", "-c:a", "aac", "-f", "adts", "-"), 1024)
	for i := 100; i < 110; i++ {
		packets[i].payload = make([]byte, 40)
		for j := range packets[i].payload {
			packets[i].payload[j] = 0xFF
		}
	}
	var last time.Duration
	counts, err := New().DecodeSound(context.Background(), track, source(packets), listenRate, func(at time.Duration, samples []int16) error {
		last = at
		return nil
	})
	require.NoError(t, err)
	assert.Positive(t, counts.Skipped)
	assert.LessOrEqual(t, counts.Skipped, 10)
	assert.Greater(t, last, 4*time.Second)
}

func TestNothingDecodableIsAnError(t *testing.T) {
	track := container.Track{Kind: container.Audio, Codec: container.AAC, SampleRate: 48000, Channels: 1, Private: []byte{0x11, 0x88}}
	var packets []packet
	for i := range 20 {
		packets = append(packets, packet{container.Packet{PTS: time.Duration(i) * 20 * time.Millisecond}, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}})
	}
	_, err := New().DecodeSound(context.Background(), track, source(packets), listenRate, func(time.Duration, []int16) error { return nil })
	assert.ErrorContains(t, err, "aac")
}

// BenchmarkDecodeSound says how many times faster than it sounds a recording is decoded.
func BenchmarkDecodeSound(b *testing.B) {
	c := &collector{t: b}
	require.NoError(b, New().EncodeSound(context.Background(), container.Track{ID: 2, Codec: container.Opus, SampleRate: 48000, Channels: 1}, 64_000,
		runs(clickTrain(48000, 20*time.Second, clickTimes)), c.ready, c.take))
	samples := 0
	for b.Loop() {
		_, err := New().DecodeSound(context.Background(), c.track, repeated(c.packets, 30, 20*time.Second), listenRate,
			func(_ time.Duration, run []int16) error { samples += len(run); return nil })
		require.NoError(b, err)
	}
	b.ReportMetric(float64(samples)/listenRate/b.Elapsed().Seconds(), "x-realtime")
}
