package gstx

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// tone is one second of a sine at half of full scale.
func tone(rate int, frequency float64) []float32 {
	out := make([]float32, rate)
	for i := range out {
		out[i] = float32(0.5 * math.Sin(2*math.Pi*frequency*float64(i)/float64(rate)))
	}
	return out
}

func TestResamplerKeepsPlaceAndLevel(t *testing.T) {
	for _, in := range []int{8000, 16000, 22050, 32000, 44100, 48000, 96000} {
		r := newResampler(in, 8000)
		got := r.flush(r.write(tone(in, 1000), nil))
		assert.Len(t, got, 8000, "%d Hz", in)
		for k := 100; k < 7900; k++ {
			want := 0.5 * math.Sin(2*math.Pi*1000*float64(k)/8000)
			if !assert.InDelta(t, want, float64(got[k])/32768, 0.005, "%d Hz, sample %d", in, k) {
				break
			}
		}
	}
}

func TestResamplerDampsWhatWouldFold(t *testing.T) {
	for _, frequency := range []float64{4700, 6000, 9000, 15000} {
		r := newResampler(48000, 8000)
		got := r.flush(r.write(tone(48000, frequency), nil))
		peak := 0.0
		for _, v := range got[100:7900] {
			peak = max(peak, math.Abs(float64(v))/32768)
		}
		assert.Less(t, 20*math.Log10(peak/0.5+1e-9), -50.0, "%v Hz", frequency)
	}
}

func TestResamplerDoesNotDependOnPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	in := make([]float32, 10000)
	for i := range in {
		in[i] = float32(rng.Float64() - 0.5)
	}
	r := newResampler(44100, 8000)
	whole := r.flush(r.write(in, nil))
	var pieces []int16
	for rest := in; len(rest) > 0; {
		n := min(len(rest), 1+rng.IntN(700))
		pieces = r.write(rest[:n], pieces)
		rest = rest[n:]
	}
	pieces = r.flush(pieces)
	assert.Equal(t, whole, pieces)
	assert.Empty(t, r.flush(nil), "a run that has ended leaves nothing behind")
}
