package gstx

import (
	"math"
	"slices"
)

// lobes is how many zero crossings of the windowed sinc lie on each side of its centre. With 8 and a Kaiser window of β = 6 what
// would fold back is damped by some 60 dB, more than speech needs.
const (
	lobes      = 8
	kaiserBeta = 6.0
	passband   = 0.92 // of the lower Nyquist frequency
)

// resampler changes the sample rate of one channel by a rational factor, with a polyphase FIR filter (Crochiere and Rabiner,
// Multirate Digital Signal Processing, 1983, section 3.3). Its output sample k lies exactly at the time of input sample
// k·in/out: the filter is symmetric and its delay is taken out.
type resampler struct {
	up, down int       // out and in rate without their common divisor
	half     int       // input samples on each side of the centre
	taps     []float32 // one set for each position between two input samples
	history  []float32 // input from sample index base on
	base     int       // index of history[0] in the run
	next     int       // number of the next output sample
	got      int       // input samples in the run
}

func newResampler(in, out int) *resampler {
	d := gcd(in, out)
	r := &resampler{up: out / d, down: in / d}
	cutoff := passband * min(1, float64(out)/float64(in)) // relative to the input's Nyquist frequency
	r.half = int(math.Ceil(lobes / cutoff))
	for p := range r.up {
		taps := make([]float32, 2*r.half+1)
		offset := float64(p) / float64(r.up)
		sum := 0.0
		for i := range taps {
			x := float64(i-r.half) - offset
			v := sinc(x*cutoff) * kaiser(x/float64(r.half+1))
			taps[i] = float32(v)
			sum += v
		}
		for i := range taps {
			taps[i] /= float32(sum)
		}
		r.taps = append(r.taps, taps...)
	}
	r.reset()
	return r
}

// reset begins a new run: what came before is forgotten.
func (r *resampler) reset() {
	r.history = append(r.history[:0], make([]float32, r.half)...)
	r.base, r.next, r.got = -r.half, 0, 0
}

// write takes input and appends what output can be made of it.
func (r *resampler) write(in []float32, out []int16) []int16 {
	r.history = append(r.history, in...)
	r.got += len(in)
	return r.produce(out)
}

// flush appends the rest of the run's output, as if silence followed, and begins a new run.
func (r *resampler) flush(out []int16) []int16 {
	last := (r.got*r.up + r.down - 1) / r.down // output samples of the whole run
	r.history = append(r.history, make([]float32, r.half+1)...)
	out = r.produce(out)
	if surplus := r.next - last; surplus > 0 {
		out = out[:len(out)-min(surplus, len(out))]
	}
	r.reset()
	return out
}

func (r *resampler) produce(out []int16) []int16 {
	// Output sample k needs input up to half samples behind k·down/up.
	usable := max((r.base+len(r.history)-r.half)*r.up, 0)
	if count := (usable+r.down-1)/r.down - r.next; count > 0 {
		n := len(out)
		out = slices.Grow(out, count)[:n+count]
		filterRun(r.history, r.taps, r.half+r.base, r.up, r.down, r.next, out[n:])
		r.next += count
	}
	// What no later output needs goes; the copy is small because it is done once per buffer.
	if keep := r.next*r.down/r.up - r.half - r.base; keep > 0 {
		keep = min(keep, len(r.history))
		r.history = append(r.history[:0], r.history[keep:]...)
		r.base += keep
	}
	return out
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the Kaiser window over −1…1.
func kaiser(x float64) float64 {
	if x <= -1 || x >= 1 {
		return 0
	}
	return bessel0(kaiserBeta*math.Sqrt(1-x*x)) / bessel0(kaiserBeta)
}

// bessel0 is the modified Bessel function of the first kind and order zero, by its power series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
