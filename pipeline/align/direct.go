package align

import (
	"context"
	"math"
	"slices"
)

// Geometry of the search for the direct path.
const (
	arrivals   = 0.04     // seconds around a piece's line in which they are looked for
	fineStep   = 1.0 / 16 // milliseconds a bin of the stacked correlation
	onsetRate  = 1000     // envelope values per second
	rivalShare = 0.3      // of the highest arrival: another that may be the direct one
	apart      = 0.0025   // seconds that make another arrival a wrong one
	nearBins   = 4        // of the stacked correlation: an arrival's place with and without fading differs by less

	mostStacked = 100 // windows of a piece
	leastRise   = 0.3 // of an onset that opens the sound
	riseValues  = 4   // milliseconds for which it does: the time in which reflections are not yet there
)

// findDirect moves each piece's line to the direct path. The phase transform's highest peak may be a reflection: from a wall, a
// table, the corner in which the phone stands. But in the first milliseconds of what begins to sound no reflection has arrived yet
// (which is how ears tell directions: Wallach, Newman and Rosenzweig, 1949). So the windows are compared once more with all but the
// rises of both sounds faded out, which damps all arrivals but the direct one. That the envelopes' rises coincide there, and how high
// the arrival is without fading, have a smaller say.
//
// All pieces were heard in the same room: their stacks have the same pattern of arrivals. The largest piece's is the one that the
// others are matched to, and the sum of all of them is judged.
func (t *track) findDirect(ctx context.Context, m *measurer) error {
	stacks := make([]stack, len(t.pieces))
	largest := 0
	for i := range t.pieces {
		if err := stacks[i].add(ctx, t, m, &t.pieces[i]); err != nil {
			return err
		}
		if stacks[i].n > stacks[largest].n {
			largest = i
		}
	}
	together := stacks[largest]
	shifts := make([]int, len(t.pieces))
	for i := range t.pieces {
		if i != largest {
			shifts[i] = stacks[i].match(&stacks[largest])
			together.merge(&stacks[i], shifts[i])
		}
	}
	shift, margin := together.direct()
	t.margin = margin
	for i := range t.pieces {
		t.pieces[i].seen = t.pieces[i].lag
		t.pieces[i].lag += shift + float64(shifts[i])*fineStep/1000
	}
	return nil
}

// match is by how many fine steps the stack's pattern of arrivals comes later than another's.
func (s *stack) match(other *stack) int {
	const within = stackSize / 2
	best, top := 0, math.Inf(-1)
	for shift := -within; shift <= within; shift++ {
		sum := 0.0
		for k := max(0, -shift); k < min(stackSize, stackSize-shift); k++ {
			sum += max(s.phase[k+shift], 0) * max(other.phase[k], 0)
		}
		if sum > top {
			best, top = shift, sum
		}
	}
	return best
}

const (
	stackSize = int(2*arrivals*1000/fineStep) + 1
	onsetSize = int(2*arrivals*onsetRate) + 1
)

// stack is the sum of many windows' correlations around their line: of the waveforms' phase, of the same where they rise, and of the
// envelopes' rises.
type stack struct {
	n      int
	phase  [stackSize]float64
	rising [stackSize]float64
	onset  [onsetSize]float64
}

// merge adds another stack whose pattern comes so many fine steps later.
func (s *stack) merge(other *stack, shift int) {
	s.n += other.n
	for k := range s.phase {
		if j := k + shift; j >= 0 && j < stackSize {
			s.phase[k] += other.phase[j]
			s.rising[k] += other.rising[j]
		}
	}
	for k := range s.onset {
		if j := k + int(math.Round(float64(shift)*fineStep*onsetRate/1000)); j >= 0 && j < onsetSize {
			s.onset[k] += other.onset[j]
		}
	}
}

// add stacks the windows of a piece that agree with its line.
func (s *stack) add(ctx context.Context, t *track, m *measurer, piece *segment) error {
	var agreeing []*window
	for i := range t.windows {
		w := &t.windows[i]
		if w.t < piece.first || w.t > piece.last {
			continue
		}
		if height, _, covered := w.height(piece.at(w.t), mode); covered && height >= standing {
			agreeing = append(agreeing, w)
		}
	}
	// A hundred windows are minutes of speech: more say the same.
	stride := (len(agreeing) + mostStacked - 1) / mostStacked
	sign := t.polarity()
	var onsets [2][]float32
	for i := 0; i < len(agreeing); i += stride {
		if err := ctx.Err(); err != nil {
			return err
		}
		w := agreeing[i]
		lag := piece.at(w.t)
		for side, at := range [2]float64{w.t + lag, w.t} {
			var err error
			if onsets[side], err = m.onsets(side, at, onsets[side]); err != nil {
				return err
			}
		}
		s.n++
		w.addTo(&s.phase, w.raw, lag, sign)
		s.correlate(onsets[0], onsets[1])
		rising, ok, err := m.compare(w.t, w.base, windowSize, &onsets)
		if err != nil {
			return err
		}
		if ok {
			w.addTo(&s.rising, rising, lag, sign)
		}
	}
	return nil
}

// addTo adds a curve of the window's to a stack, around a lag. Linear interpolation is enough: the curve is band-limited to 3.4 of 4 kHz,
// and many of them are averaged.
func (w *window) addTo(sum *[stackSize]float64, curve []float32, lag, sign float64) {
	for k := range sum {
		x := (lag-w.centre()-arrivals)*SampleRate + float64(k)*fineStep*SampleRate/1000 + reach
		j := int(math.Floor(x))
		if j >= 0 && j+1 < len(curve) {
			f := x - float64(j)
			sum[k] += sign * (float64(curve[j])*(1-f) + float64(curve[j+1])*f)
		}
	}
}

// polarity is −1 where one of the microphones is wired the other way round.
func (t *track) polarity() float64 {
	sum := 0.0
	for _, p := range t.pattern {
		sum += math.Pow(float64(p.share), 3)
	}
	return math.Copysign(1, sum)
}

// correlate adds the correlation of two windows' rises.
func (s *stack) correlate(a, b []float32) {
	const half = onsetSize / 2
	norm := 0.0
	for i := half; i < len(b)-half; i++ {
		norm += float64(b[i]) * float64(b[i])
	}
	if norm == 0 {
		return
	}
	for k := range s.onset {
		sum := float32(0)
		for i := half; i < len(b)-half; i++ {
			sum += b[i] * a[i+k-half]
		}
		s.onset[k] += float64(sum) / norm
	}
}

// onsets gives how far the envelope around a time rises, in squares of natural logarithms, above its mean of the milliseconds before;
// a whole period of a voice's pitch lies within these, so that its pulses do not count as rises.
func (m *measurer) onsets(side int, at float64, out []float32) ([]float32, error) {
	const (
		perValue = SampleRate / onsetRate
		before   = 12  // milliseconds
		floor    = 0.1 // of the mean energy: below it, noise rises and falls
	)
	from := int(math.Round(at*SampleRate)) - windowSize/2
	out = append(out[:0], make([]float32, windowSize/perValue)...)
	s := m.sounds[side]
	first, last := max(from, 0), min(from+windowSize, s.Len())
	if last <= first {
		return out, nil
	}
	view := m.samples[:last-first]
	if err := s.ReadAt(view, first); err != nil {
		return nil, err
	}
	energy := make([]float32, len(out))
	for i, v := range view {
		energy[(first-from+i)/perValue] += float32(v) * float32(v)
	}
	var mean float32
	for _, e := range energy {
		mean += e / float32(len(energy))
	}
	var sum, average float32
	least := mean*floor + 1
	for i := 1; i < len(out); i++ {
		if i > before+1 {
			rise := max(log(((energy[i]+energy[i-1])/2+least)/(sum/before+least)), 0)
			out[i] = rise * rise
			average += out[i] / float32(len(out))
			sum -= energy[i-before-1]
		}
		sum += energy[i-1]
	}
	// What counts is where the rises are: their mean would only blur it.
	for i := range out {
		out[i] -= average
	}
	return out, nil
}

// openings is the weight that each of a window's samples has when all but the rises are faded out.
func openings(onsets []float32) func(sample int) float32 {
	gate := make([]float32, len(onsets)+1)
	for i, v := range onsets {
		if v <= leastRise {
			continue
		}
		v = float32(math.Sqrt(float64(v)))
		for k := i; k < min(i+riseValues, len(onsets)); k++ {
			gate[k] = max(gate[k], v)
		}
	}
	const per = SampleRate / onsetRate
	return func(sample int) float32 {
		k, f := sample/per, float32(sample%per)/per
		return gate[k]*(1-f) + gate[k+1]*f
	}
}

// direct is by how much, in seconds, the direct path comes after the line: of all arrivals the one that is the most plausible. The
// margin is how much more plausible it is, as a natural logarithm, than any that lies further than apart from it.
func (s *stack) direct() (shift, margin float64) {
	if s.n == 0 {
		return 0, 0
	}
	rises := s.rises()
	type arrival struct{ at, score float64 }
	var all []arrival
	highest, sharpest := slices.Max(s.phase[:]), slices.Max(s.rising[:])
	best := arrival{score: math.Inf(-1)}
	for k := 1; k+1 < stackSize; k++ {
		v := s.phase[k]
		if v <= s.phase[k-1] || v < s.phase[k+1] || v < rivalShare*highest {
			continue
		}
		rising := slices.Max(s.rising[max(k-nearBins, 0):min(k+nearBins+1, stackSize)])
		place := float64(k) + vertex(float32(s.phase[k-1]), float32(v), float32(s.phase[k+1]))
		a := arrival{at: place*fineStep/1000 - arrivals}
		a.score = math.Log(v/highest) + 2*math.Log(max(rising/sharpest, 0.05)) + 0.3*math.Log(max(rises(place*fineStep), 0.1))
		all = append(all, a)
		if a.score > best.score {
			best = a
		}
	}
	margin = math.Inf(1)
	for _, a := range all {
		if math.Abs(a.at-best.at) > apart {
			margin = min(margin, best.score-a.score)
		}
	}
	return best.at, margin
}

// rises gives how well the rises agree, up to 1, at so many milliseconds from the stack's begin.
func (s *stack) rises() func(ms float64) float64 {
	var smooth [onsetSize]float64
	for k := range smooth {
		smooth[k] = (s.onset[max(k-1, 0)] + 2*s.onset[k] + s.onset[min(k+1, onsetSize-1)]) / 4
	}
	sorted := smooth
	slices.Sort(sorted[:])
	median, top := sorted[onsetSize/2], sorted[onsetSize-1]
	return func(ms float64) float64 {
		k := min(int(ms), onsetSize-2)
		v := smooth[k] + (smooth[k+1]-smooth[k])*(ms-float64(k))
		return (v - median) / (top - median + 1e-12)
	}
}
