package align

import (
	"math"
)

// Geometry of the search for the drift.
const (
	pooled     = 4    // samples of a curve that make one value while the drift is only sought roughly
	roughError = 0.03 // seconds that the ends of a stretch may be off
)

// commonDrift finds the drift under which the curves of all windows, added up along lines of that slope, stand out most: in noise
// no single window shows its lag, but hundreds do together. Lost samples change the offset, never the drift, so that all stretches
// have their say.
func (t *track) commonDrift(plans []stretch) float64 {
	first, last := t.windows[0].t, t.windows[len(t.windows)-1].t
	span := last - first
	longest, guess := 0.0, 0.0
	for _, p := range plans {
		if d := p.to - p.from; d > longest {
			longest, guess = d, p.drift
		}
	}
	if span < shortForRate || longest < shortForRate {
		return guess
	}
	around := min(maxDrift, max(2*roughError/longest, 20e-6))
	best := t.steepest(t.pool(), guess, around, 0.5*pooled/SampleRate/span, pooled)
	return t.steepest(t.raw(), best, 2*pooled/SampleRate/span, 0.4/SampleRate/span, 1)
}

// raw lists the windows' curves as they were measured.
func (t *track) raw() [][]float32 {
	curves := make([][]float32, len(t.windows))
	for i := range t.windows {
		curves[i] = t.windows[i].raw
	}
	return curves
}

// pool makes curves of a quarter of the length: the greatest size of each few values, less their mean.
func (t *track) pool() [][]float32 {
	out := make([][]float32, len(t.windows))
	for i := range t.windows {
		raw := t.windows[i].raw
		short := make([]float32, len(raw)/pooled)
		var mean float32
		for k := range short {
			for _, v := range raw[k*pooled : (k+1)*pooled] {
				short[k] = max(short[k], v, -v)
			}
			short[k] = min(short[k], strong)
			mean += short[k] / float32(len(short))
		}
		for k := range short {
			short[k] -= mean
		}
		out[i] = short
	}
	return out
}

// steepest tries the drifts around one, and gives the one whose stack is the most peaked: the greatest sum of fourth powers.
func (t *track) steepest(curves [][]float32, centre, around, step float64, per int) float64 {
	best, top := centre, -1.0
	stack := make([]float32, t.stackSize(curves, per))
	for d := max(-maxDrift, centre-around); d <= min(maxDrift, centre+around); d += step {
		clear(stack)
		t.addAlong(stack, curves, d, per)
		sum := 0.0
		for _, v := range stack {
			s := float64(v) * float64(v)
			sum += s * s
		}
		if sum > top {
			best, top = d, sum
		}
	}
	return best
}

// stackSize is the length of a stack in which one stretch has room at any drift.
func (t *track) stackSize(curves [][]float32, per int) int {
	return len(curves[0]) + int((maxDrift*t.windows[len(t.windows)-1].t+0.3)*SampleRate)/per
}

// addAlong adds up the windows' curves, whose values are per samples apart, along lines of one drift. Stretches whose lags lie seconds
// apart would make a long stack with nothing in it: places are taken modulo its length.
func (t *track) addAlong(stack []float32, curves [][]float32, drift float64, per int) {
	size := len(stack)
	for i := range t.windows {
		w := &t.windows[i]
		at := int(math.Round((w.centre() - drift*w.t) * SampleRate / float64(per)))
		at = ((at % size) + size) % size
		curve := curves[i]
		n := min(len(curve), size-at)
		addTo(stack[at:at+n], curve[:n])
		addTo(stack[:len(curve)-n], curve[n:])
	}
}

func addTo(sum, x []float32) {
	x = x[:len(sum)]
	for i, v := range x {
		sum[i] += v
	}
}
