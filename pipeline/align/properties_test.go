package align_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/align"
)

func TestSwappedRolesGiveTheInverseMap(t *testing.T) {
	v := speech(4, 120)
	a, b := hear(v, 0, 1, 80, 0.01, false, 2), hear(v, 6.2, 1.0002, 70, 0.02, true, 3)
	forth, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	back, err := align.Place(t.Context(), b, a, align.Prior{})
	require.NoError(t, err)
	require.Len(t, forth.Pieces, 1)
	require.Len(t, back.Pieces, 1)
	for _, at := range []float64{1, 30, 69} {
		assert.InDelta(t, at, back.Pieces[0].At(forth.Pieces[0].At(at)), 0.001, "there and back from %v s", at)
	}
}

func TestTimeReversedSoundIsRefused(t *testing.T) {
	v := speech(4, 100)
	a, b := hear(v, 0, 1, 60, 0.01, false, 2), hear(v, 5, 1, 50, 0.02, true, 3)
	slices.Reverse(b)
	p, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	assert.Equal(t, align.CannotAlign, p.Verdict, "placed at %v", p.Pieces)

	// Both reversed tell the same story backwards, less exactly: a room's echo comes first then.
	slices.Reverse(a)
	p, err = align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	require.NotEqual(t, align.CannotAlign, p.Verdict, p.Reason)
	assert.InDelta(t, 60-5-50, p.Pieces[0].Start, 0.05)
}

func TestASlowerClockChangesTheRateAlone(t *testing.T) {
	v := speech(9, 150)
	a := hear(v, 0, 1, 75, 0.01, false, 2)
	for _, ppm := range []float64{-380, 90} {
		p, err := align.Place(t.Context(), a, hear(v, 4, 1+ppm*1e-6, 65, 0.02, true, 3), align.Prior{})
		require.NoError(t, err)
		require.Len(t, p.Pieces, 1, "%v ppm", ppm)
		assert.InDelta(t, 4, p.Pieces[0].Start, 0.001, "%v ppm", ppm)
		assert.InDelta(t, ppm, (p.Pieces[0].Rate-1)*1e6, 10)
	}
}

func TestLostSamplesMakePieces(t *testing.T) {
	v := speech(11, 120)
	a := hear(v, 0, 1, 100, 0.01, false, 2)
	whole := hear(v, 3, 1, 95, 0.02, true, 3)
	const rate = align.SampleRate
	lost := slices.Concat(whole[:25*rate], whole[32*rate:62*rate], whole[62*rate+rate/8:])
	p, err := align.Place(t.Context(), a, lost, align.Prior{})
	require.NoError(t, err)
	require.Len(t, p.Pieces, 3)
	for i, want := range []struct{ to, start float64 }{{25, 3}, {55, 10}, {float64(len(lost)) / rate, 10.125}} {
		piece := p.Pieces[i]
		assert.InDelta(t, want.to, piece.To, 0.6, "end of piece %d", i)
		assert.InDelta(t, want.start, piece.At(piece.From)-piece.From, 0.001, "piece %d", i)
	}
}

// In two rooms the same questions are played at the same times, and somebody else answers.
func TestSharedQuestionsAreNoSharedRoom(t *testing.T) {
	questions, one, two := speech(20, 200), speech(21, 200), speech(22, 200)
	mixed := func(answers voice) voice {
		var v voice
		for at := 0.0; at < 90; at += 14 {
			v.syllables = append(v.syllables, between(questions, at, at+5)...)
			v.syllables = append(v.syllables, between(answers, at+5, at+14)...)
		}
		return v
	}
	a, b := hear(mixed(one), 0, 1, 75, 0.01, false, 2), hear(mixed(two), 1.5, 1, 70, 0.02, true, 3)
	p, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	assert.Equal(t, align.CannotAlign, p.Verdict, "placed at %v with confidence %v", p.Pieces, p.Confidence)

	p, err = align.Place(t.Context(), a, hear(mixed(one), 1.5, 1, 70, 0.02, true, 3), align.Prior{})
	require.NoError(t, err)
	assert.Equal(t, align.Exact, p.Verdict, p.Reason)
}

func between(v voice, from, to float64) (syllables []syllable) {
	for _, s := range v.syllables {
		if s.from >= from && s.to <= to {
			syllables = append(syllables, s)
		}
	}
	return syllables
}

// FuzzPlace takes any two sounds: whatever they are, the answer makes sense and no memory is touched that is not there.
func FuzzPlace(f *testing.F) {
	v := speech(3, 20)
	bytes := func(s align.Samples) (b []byte) {
		for _, x := range s {
			b = binary.LittleEndian.AppendUint16(b, uint16(x))
		}
		return b
	}
	f.Add(bytes(hear(v, 0, 1, 12, 0.01, false, 2)), bytes(hear(v, 2, 1, 9, 0.05, false, 3)), uint8(1))
	f.Add(bytes(hear(v, 0, 1, 5, 0.01, false, 2)), make([]byte, 60000), uint8(2))
	f.Add([]byte{0xff, 0x7f}, []byte{0, 0x80}, uint8(255))
	f.Fuzz(func(t *testing.T, a, b []byte, times uint8) {
		decode := func(b []byte, times int) (s align.Samples) {
			const most = 12 * align.SampleRate
			for range max(times, 1) {
				for i := 0; i+1 < len(b) && len(s) < most; i += 2 {
					s = append(s, int16(binary.LittleEndian.Uint16(b[i:])))
				}
			}
			return s
		}
		reference, other := decode(a, int(times)), decode(b, int(times))
		p, err := align.Place(t.Context(), reference, other, align.Prior{})
		require.NoError(t, err)
		checkSense(t, p, float64(len(reference))/align.SampleRate, float64(len(other))/align.SampleRate)
	})
}

func checkSense(t *testing.T, p align.Answer, reference, other float64) {
	t.Helper()
	assert.False(t, math.IsNaN(p.Confidence) || p.Confidence < 0 || p.Confidence > 1, "confidence %v", p.Confidence)
	if p.Verdict == align.CannotAlign {
		assert.Empty(t, p.Pieces)
		assert.NotEmpty(t, p.Reason)
		return
	}
	assert.NotEmpty(t, p.Pieces)
	end := 0.0
	for _, piece := range p.Pieces {
		assert.GreaterOrEqual(t, piece.From, end-1e-9, "pieces %v", p.Pieces)
		assert.Greater(t, piece.To, piece.From)
		assert.LessOrEqual(t, piece.To, other+1e-9)
		assert.InDelta(t, 1, piece.Rate, 500e-6)
		assert.GreaterOrEqual(t, piece.At(piece.From), -0.1)
		assert.LessOrEqual(t, piece.At(piece.To), reference+0.1)
		end = piece.To
	}
}

// looped is a sound as long as one likes that takes little memory: one chapter of a scene again and again.
type looped struct {
	chapter align.Samples
	n       int
}

func (l looped) Len() int { return l.n }

func (l looped) ReadAt(dst []int16, at int) error {
	for i := range dst {
		dst[i] = l.chapter[(at+i)%len(l.chapter)]
	}
	return nil
}

// BenchmarkMemory shows how the memory grows with the length: an hour's answer may take 150 MB of a process.
func BenchmarkMemory(b *testing.B) {
	v := speech(5, 700)
	reference, other := hear(v, 0, 1, 600, 0.01, false, 2), hear(v, 0, 1, 600, 0.02, true, 3)
	for _, hours := range []int{1, 3} {
		b.Run(fmt.Sprintf("%dh", hours), func(b *testing.B) {
			n := hours * 3600 * align.SampleRate
			peak := uint64(0)
			for b.Loop() {
				peak = max(peak, peakHeap(func() {
					if _, err := align.Place(b.Context(), looped{reference, n}, looped{other, n}, align.Prior{Known: true, Within: 30}); err != nil {
						b.Error(err)
					}
				}))
			}
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
		})
	}
}

// peakHeap is by how much the heap's live objects, as each collection finds them, and what was allocated since exceed what was there before.
func peakHeap(work func()) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, m.HeapAlloc
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	// Each look stops the program for a moment: looking all the time would stop it for good.
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-done:
			return peak - before
		case <-look.C:
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
	}
}
