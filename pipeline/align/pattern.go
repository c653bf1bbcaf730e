package align

import (
	"cmp"
	"math"
	"slices"
)

// Geometry of the room's pattern.
const (
	patternReach = 112  // samples to either side: 14 ms, less than any loss of samples that is worth finding
	patternTaps  = 24   // arrivals that are taken
	plainTap     = 5.0  // standard deviations of one
	relativeTap  = 0.35 // of the strongest
	smoothing    = 3    // windows before and behind that a window is looked at with
	smoothSpan   = 36.0 // seconds within which they have to lie
)

// tap is one arrival of the room's pattern: samples after its middle, and its share.
type tap struct {
	at    int
	share float32
}

// findPattern adds up all windows along the drift and takes the strongest cluster of arrivals for the pattern that this pair of
// microphones has in this room: the direct path and reflections, of either sign. A single window that is lost in noise can be
// found by it, as a matched filter (Turin, 1960) would.
func (t *track) findPattern() []tap {
	stack := t.stackAlong(t.drift)
	n := math.Sqrt(float64(len(t.windows)))
	top := float32(0)
	for _, v := range stack {
		top = max(top, v, -v)
	}
	least := max(float32(plainTap*n), relativeTap*top)
	// The stack is a ring: a cluster may lie across its ends.
	at := func(i int) float32 { return stack[(i+len(stack))%len(stack)] }
	weight := func(i int) float32 {
		if v := at(i); v >= least || v <= -least {
			return v * v
		}
		return 0
	}
	var energy float32
	for i := -patternReach; i < patternReach; i++ {
		energy += weight(i)
	}
	middle, most := 0, float32(0)
	for i := range stack {
		energy += weight(i + patternReach)
		if energy > most {
			middle, most = i, energy
		}
		energy -= weight(i - patternReach)
	}
	// The middle of many equally good ones does not matter; the strongest arrival's place does, as peaks should be where it is.
	strongest := middle
	for i := middle - patternReach; i <= middle+patternReach; i++ {
		if weight(i) > weight(strongest) {
			strongest = i
		}
	}
	var taps []tap
	for i := middle - patternReach; i <= middle+patternReach; i++ {
		v := at(i)
		if weight(i) > 0 && (v > 0 && v >= at(i-1) && v > at(i+1) || v < 0 && v <= at(i-1) && v < at(i+1)) {
			taps = append(taps, tap{i - strongest, v / top})
		}
	}
	if len(taps) == 0 {
		return []tap{{0, 1}}
	}
	slices.SortFunc(taps, func(x, y tap) int { return cmp.Compare(math.Abs(float64(y.share)), math.Abs(float64(x.share))) })
	return taps[:min(len(taps), patternTaps)]
}

// stackAlong adds up the raw curves of all windows along a drift; see steepest for its places.
func (t *track) stackAlong(drift float64) []float32 {
	curves := t.raw()
	stack := make([]float32, t.stackSize(curves, 1))
	t.addAlong(stack, curves, drift, 1)
	return stack
}

// match sees a window's curve through the pattern.
func (t *track) match(w *window) {
	if len(t.pattern) == 1 && t.pattern[0] == (tap{0, 1}) {
		w.matched = w.raw
		return
	}
	out := make([]float32, len(w.raw))
	for _, p := range t.pattern {
		from, to := max(0, -p.at), min(len(out), len(out)-p.at)
		x := w.raw[from+p.at : to+p.at]
		for i, v := range x {
			out[from+i] += v * p.share
		}
	}
	energy := 0.0
	for _, v := range out {
		energy += float64(v) * float64(v)
	}
	scale(out, energy)
	w.matched = out
}

// smooth sees each window through the pattern, adds to its curve those of its neighbours in time, along the drift, and finds the
// peaks.
func (t *track) smooth() {
	for i := range t.windows {
		t.match(&t.windows[i])
	}
	for i := range t.windows {
		w := &t.windows[i]
		curve := make([]float32, len(w.raw))
		for k := max(0, i-smoothing); k <= min(len(t.windows)-1, i+smoothing); k++ {
			n := &t.windows[k]
			if math.Abs(n.t-w.t) > smoothSpan {
				continue
			}
			shift := int(math.Round((w.centre() - n.centre() + t.drift*(n.t-w.t)) * SampleRate))
			from, to := max(0, -shift), min(len(curve), len(n.matched)-shift)
			for j := from; j < to; j++ {
				curve[j] += min(max(n.matched[j+shift], -strong), strong)
			}
		}
		energy := 0.0
		for _, v := range curve {
			energy += float64(v) * float64(v)
		}
		scale(curve, energy)
		w.curve = curve
		w.findPeaks()
	}
}
