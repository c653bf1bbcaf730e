package align

import (
	"math"
)

// Geometry of the search for the drift.
const (
	pooled     = 4    // samples of a curve that make one value while the drift is only sought roughly
	roughError = 0.03 // seconds that the ends of a stretch may be off
	smoothing  = 3    // windows before and behind that a window is looked at with
	smoothSpan = 12.0 // seconds within which they have to lie
)

// commonDrift finds the drift under which the curves of all windows, added up along lines of that slope, stand out most: in noise
// no single window shows its lag, but hundreds do together. Lost samples change the offset, never the drift, so that all stretches
// have their say. With it comes the polarity.
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
		t.sign = t.polarity(t.windows, guess)
		return guess
	}
	around := min(maxDrift, max(2*roughError/longest, 20e-6))
	coarse := t.pool()
	best := t.steepest(coarse, guess, around, 0.5*pooled/SampleRate/span, pooled)
	curves := make([][]float32, len(t.windows))
	for i := range t.windows {
		curves[i] = t.windows[i].raw
	}
	best = t.steepest(curves, best, 2*pooled/SampleRate/span, 0.4/SampleRate/span, 1)
	t.sign = t.polarity(t.windows, best)
	return best
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
	low, high := math.Inf(1), math.Inf(-1)
	for i := range t.windows {
		low, high = min(low, t.windows[i].centre()), max(high, t.windows[i].centre())
	}
	// Stretches that lie minutes apart would make a long stack with nothing in it: their places are taken modulo its length.
	size := len(curves[0]) + int((maxDrift*t.windows[len(t.windows)-1].t+0.3)*SampleRate)/per
	stack := make([]float32, size)
	for d := max(-maxDrift, centre-around); d <= min(maxDrift, centre+around); d += step {
		clear(stack)
		for i := range t.windows {
			w := &t.windows[i]
			at := int(math.Round((w.centre() - d*w.t) * SampleRate / float64(per)))
			at = ((at % size) + size) % size
			curve := curves[i]
			n := min(len(curve), size-at)
			addTo(stack[at:at+n], curve[:n])
			addTo(stack[:len(curve)-n], curve[n:])
		}
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

func addTo(sum, x []float32) {
	x = x[:len(sum)]
	for i, v := range x {
		sum[i] += v
	}
}

// polarity is the sign of what stands out.
func (t *track) polarity(windows []window, drift float64) float64 {
	size := 2*reach + 1 + int((maxDrift*t.span[1]+0.3)*SampleRate)
	stack := make([]float32, size)
	for i := range windows {
		w := &windows[i]
		at := int(math.Round((w.centre() - drift*w.t) * SampleRate))
		at = ((at % size) + size) % size
		n := min(len(w.raw), size-at)
		addTo(stack[at:at+n], w.raw[:n])
		addTo(stack[:len(w.raw)-n], w.raw[n:])
	}
	var up, down float64
	for _, v := range stack {
		c := math.Abs(float64(v) * float64(v) * float64(v) * float64(v))
		if v > 0 {
			up += c
		} else {
			down += c
		}
	}
	if down > up {
		return -1
	}
	return 1
}

// smooth adds to each window's curve those of its neighbours in time, along the drift, and finds the peaks.
func (t *track) smooth() {
	for i := range t.windows {
		w := &t.windows[i]
		curve := make([]float32, len(w.raw))
		for k := max(0, i-smoothing); k <= min(len(t.windows)-1, i+smoothing); k++ {
			n := &t.windows[k]
			if math.Abs(n.t-w.t) > smoothSpan {
				continue
			}
			shift := int(math.Round((w.centre() - n.centre() + t.drift*(n.t-w.t)) * SampleRate))
			from, to := max(0, -shift), min(len(curve), len(n.raw)-shift)
			for j := from; j < to; j++ {
				curve[j] += min(max(n.raw[j+shift], -strong), strong)
			}
		}
		energy := 0.0
		for _, v := range curve {
			energy += float64(v) * float64(v)
		}
		scale(curve, energy)
		w.curve = curve
	}
	for i := range t.windows {
		t.windows[i].findPeaks(float32(t.sign))
	}
}
