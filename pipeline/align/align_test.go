package align_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/align"
)

// voice makes something with the rhythm and the bands of speech: syllables of noise and of a buzzing tone, with pauses. It is a
// function of time, so that it can be heard by any clock.
type voice struct{ syllables []syllable }

type syllable struct{ from, to, pitch, formant, loud float64 }

func speech(seed uint64, seconds float64) voice {
	random := rand.New(rand.NewPCG(seed, 7))
	var v voice
	for at := 0.5; at < seconds; {
		length := 0.08 + 0.2*random.Float64()
		v.syllables = append(v.syllables, syllable{at, at + length, 90 + 90*random.Float64(), 400 + 2000*random.Float64(), 0.3 + random.Float64()})
		at += length + 0.03*random.Float64()
		if random.IntN(7) == 0 {
			at += 0.2 + 0.8*random.Float64()
		}
	}
	return v
}

// at gives the sound's pressure at scene times that rise with each call.
func (v *voice) at(t float64, next *int) float64 {
	for *next < len(v.syllables) && v.syllables[*next].to < t {
		*next++
	}
	if *next == len(v.syllables) || t < v.syllables[*next].from {
		return 0
	}
	s := v.syllables[*next]
	x := (t - s.from) / (s.to - s.from)
	envelope := math.Sin(math.Pi*x) * s.loud
	pulse := math.Mod(t*s.pitch, 1)
	return envelope * math.Exp(-6*pulse) * math.Sin(2*math.Pi*s.formant*pulse/s.pitch)
}

// hear records a scene from scene time start on with a clock of the given rate (scene seconds per media second), in a room with a
// few reflections and with noise.
func hear(v voice, start, rate, seconds, noise float64, room bool, seed uint64) align.Samples {
	random := rand.New(rand.NewPCG(seed, 11))
	// A reflection may come at any sample: what has to be exact is the direct path. So what is expensive is computed once.
	const lead = 1000 // samples before the begin whose reflections are still heard
	dry := make([]float32, lead+int(seconds*align.SampleRate))
	next := 0
	for i := range dry {
		dry[i] = float32(v.at(start+rate*float64(i-lead)/align.SampleRate, &next))
	}
	sum := make([]float32, len(dry)-lead)
	copy(sum, dry[lead:])
	if room {
		for range 12 {
			delay := 0.004 + 0.12*random.Float64()
			gain := float32(0.6 * math.Exp(-delay*18) * (2*random.Float64() - 1))
			late := dry[lead-int(delay*align.SampleRate):]
			for i := range sum {
				sum[i] += gain * late[i]
			}
		}
	}
	out := make(align.Samples, len(sum))
	for i, x := range sum {
		out[i] = int16(min(max((float64(x)+noise*random.NormFloat64())*7000, -32768), 32767))
	}
	return out
}

func TestATakeIsPlacedToAMillisecond(t *testing.T) {
	const reference = 90.0
	for name, c := range map[string]struct{ start, ppm, seconds, noise float64 }{
		"begins later":        {12.345, 0, 60, 0.02},
		"begins before":       {-4.1, 0, 70, 0.02},
		"fast clock":          {3, 270, 80, 0.02},
		"slow clock":          {3, -390, 80, 0.02},
		"noisy room":          {7.7, 120, 70, 0.2},
		"short":               {30, 0, 15, 0.02},
		"overlaps by a third": {60, 50, 90, 0.02},
	} {
		t.Run(name, func(t *testing.T) {
			v := speech(1, 200)
			rate := 1 + c.ppm*1e-6
			a := hear(v, 0, 1, reference, 0.01, false, 2)
			b := hear(v, c.start, rate, c.seconds, c.noise, true, 3)
			p, err := align.Place(t.Context(), a, b, align.Prior{})
			require.NoError(t, err)
			require.Equal(t, align.Exact, p.Verdict, p.Reason)
			require.Len(t, p.Pieces, 1)
			piece := p.Pieces[0]
			from, to := max(0, -c.start), min(c.seconds, reference-c.start)
			for _, at := range []float64{from, (from + to) / 2, to} {
				assert.InDelta(t, c.start+rate*at, piece.At(at), 0.001, "at %v s of the take", at)
			}
			if to-from >= 60 {
				assert.InDelta(t, c.ppm, (piece.Rate-1)*1e6, 10, "drift")
			}
			assert.Greater(t, p.Confidence, 0.5)
			assert.Less(t, piece.Residual, 0.001)
		})
	}
}

func TestWhatWasNotHeardTogetherIsRefused(t *testing.T) {
	v := speech(1, 100)
	a := hear(v, 0, 1, 60, 0.01, false, 2)
	for seed := range uint64(3) {
		p, err := align.Place(t.Context(), a, hear(speech(100+seed, 100), 0, 1, 60, 0.02, true, seed), align.Prior{})
		require.NoError(t, err)
		assert.Equal(t, align.CannotAlign, p.Verdict, "another conversation (seed %d) was placed at %v", seed, p.Pieces)
		assert.NotEmpty(t, p.Reason)
	}
	for name, other := range map[string]align.Samples{
		"silence":         make(align.Samples, 60*align.SampleRate),
		"noise":           hear(voice{}, 0, 1, 60, 0.3, false, 5),
		"half a second":   hear(v, 10, 1, 0.5, 0, false, 5),
		"mains hum":       hum(60),
		"later than that": hear(v, 70, 1, 25, 0.02, true, 5),
	} {
		p, err := align.Place(t.Context(), a, other, align.Prior{})
		require.NoError(t, err)
		assert.Equal(t, align.CannotAlign, p.Verdict, "%s was placed at %v with confidence %v", name, p.Pieces, p.Confidence)
		assert.Empty(t, p.Pieces)
	}
}

func hum(seconds int) align.Samples {
	out := make(align.Samples, seconds*align.SampleRate)
	for i := range out {
		t := float64(i) / align.SampleRate
		out[i] = int16(2000*math.Sin(2*math.Pi*50*t) + 800*math.Sin(2*math.Pi*150*t))
	}
	return out
}

func TestGainPolarityAndShiftDoNotMatter(t *testing.T) {
	v := speech(4, 100)
	a := hear(v, 0, 1, 60, 0.01, false, 2)
	b := hear(v, 5, 1.0001, 50, 0.02, true, 3)
	plain, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	require.Equal(t, align.Exact, plain.Verdict, plain.Reason)

	turned := make(align.Samples, len(b))
	for i, s := range b {
		turned[i] = -s / 4
	}
	p, err := align.Place(t.Context(), a, turned, align.Prior{})
	require.NoError(t, err)
	require.Len(t, p.Pieces, 1)
	assert.InDelta(t, plain.Pieces[0].Start, p.Pieces[0].Start, 0.0005)
	assert.InDelta(t, plain.Pieces[0].Rate, p.Pieces[0].Rate, 5e-6)

	cut := b[3*align.SampleRate:]
	p, err = align.Place(t.Context(), a, cut, align.Prior{})
	require.NoError(t, err)
	require.Len(t, p.Pieces, 1)
	assert.InDelta(t, plain.Pieces[0].At(3), p.Pieces[0].Start, 0.0005)
}

func TestAPriorNarrowsTheSearch(t *testing.T) {
	v := speech(4, 100)
	a, b := hear(v, 0, 1, 60, 0.01, false, 2), hear(v, 5, 1, 50, 0.02, true, 3)
	p, err := align.Place(t.Context(), a, b, align.Prior{Known: true, Start: 6, Within: 3})
	require.NoError(t, err)
	assert.Equal(t, align.Exact, p.Verdict, p.Reason)
	p, err = align.Place(t.Context(), a, b, align.Prior{Known: true, Start: 80, Within: 3})
	require.NoError(t, err)
	assert.Equal(t, align.CannotAlign, p.Verdict, "a match that the clocks rule out is none")
}

func BenchmarkPlaceAnHour(b *testing.B) {
	v := speech(1, 3700)
	reference, other := hear(v, 0, 1, 3600, 0.01, false, 2), hear(v, 20, 1.0001, 3500, 0.05, true, 3)
	b.ReportAllocs()
	for b.Loop() {
		p, err := align.Place(b.Context(), reference, other, align.Prior{})
		if err != nil || p.Verdict != align.Exact {
			b.Fatal(p, err)
		}
	}
}
