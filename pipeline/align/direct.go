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
	apart      = 0.004    // seconds that make another arrival a wrong one
)

// findDirect moves each piece's line to the direct path. The phase transform's highest peak may be a reflection: from a wall, a
// table, the corner in which the phone stands. Speech rises quickly and dies away slowly in a room, so that the rises of both
// envelopes coincide where the direct paths do. That tells only to some milliseconds, but which of the sharp arrivals it is.
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

// stack is the sum of many windows' correlations around their line: of the waveforms' phase, and of the envelopes' rises.
type stack struct {
	n     int
	phase [stackSize]float64
	onset [onsetSize]float64
}

// merge adds another stack whose pattern comes so many fine steps later.
func (s *stack) merge(other *stack, shift int) {
	s.n += other.n
	for k := range s.phase {
		if j := k + shift; j >= 0 && j < stackSize {
			s.phase[k] += other.phase[j]
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
	var onsets [2][]float32
	sign := t.polarity()
	for i := range t.windows {
		w := &t.windows[i]
		if w.t < piece.first || w.t > piece.last {
			continue
		}
		lag := piece.at(w.t)
		if height, _, covered := w.height(lag, mode); !covered || height < standing {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		s.n++
		for k := range s.phase {
			// Linear interpolation is enough: the curve is band-limited to 3.4 of 4 kHz, and hundreds of them are averaged.
			x := (lag-w.centre()-arrivals)*SampleRate + float64(k)*fineStep*SampleRate/1000 + reach
			j := int(math.Floor(x))
			if j >= 0 && j+1 < len(w.raw) {
				f := x - float64(j)
				s.phase[k] += sign * (float64(w.raw[j])*(1-f) + float64(w.raw[j+1])*f)
			}
		}
		for side, at := range [2]float64{w.t + lag, w.t} {
			var err error
			if onsets[side], err = m.onsets(side, at, onsets[side]); err != nil {
				return err
			}
		}
		s.correlate(onsets[0], onsets[1])
	}
	return nil
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

// direct is by how much, in seconds, the direct path comes after the line: of all arrivals the one for which height and agreement
// of the rises are best together. The margin is how much better it is, as a natural logarithm, than any that lies further than
// apart from it.
func (s *stack) direct() (shift, margin float64) {
	if s.n == 0 {
		return 0, 0
	}
	rises := s.rises()
	type arrival struct{ at, score float64 }
	var all []arrival
	highest := slices.Max(s.phase[:])
	best := arrival{score: math.Inf(-1)}
	for k := 1; k+1 < stackSize; k++ {
		v := s.phase[k]
		if v <= s.phase[k-1] || v < s.phase[k+1] || v < rivalShare*highest {
			continue
		}
		place := float64(k) + vertex(float32(s.phase[k-1]), float32(v), float32(s.phase[k+1]))
		a := arrival{place*fineStep/1000 - arrivals, math.Log(v/highest) + math.Log(rises(place*fineStep))}
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

// rises gives how well the rises agree, from nearly 0 to 1, at so many milliseconds from the stack's begin.
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
		return max((v-median)/(top-median+1e-12), 0.02)
	}
}
