package align

import (
	"math"
	"slices"
)

// point is one measurement: at the other sound's time t, in seconds, its lag behind the reference's clock is lag.
type point struct {
	t, lag, weight float64
}

// ownDrift is the length of a piece, in seconds, from which on its own windows say more of its drift than the others'.
const ownDrift = 900.0

// fit draws the lines through the windows: first each piece's offset, by the densest spot of its peaks, then all offsets and the
// drift, which they share, by least squares reweighted with Tukey's biweight.
func (t *track) fit() {
	for i := range t.pieces {
		t.pieces[i].lag = t.densest(&t.pieces[i])
	}
	for range 12 {
		if !t.refit() {
			break
		}
	}
	t.pieces = slices.DeleteFunc(t.pieces, func(s segment) bool { return math.IsNaN(s.lag) })
	for i := range t.pieces {
		s := &t.pieces[i]
		points := t.of(s, inlier)
		if s.last-s.first >= ownDrift && len(points) >= 30 {
			s.line = biweight(points, s.line)
		}
		s.residual = medianDistance(points, s.line)
	}
}

// densest is the offset around a piece's where most of its peaks' weight is.
func (t *track) densest(s *segment) float64 {
	const width = 0.0008
	var offsets []point
	for i := range t.windows {
		w := &t.windows[i]
		if w.t < s.first || w.t > s.last {
			continue
		}
		for _, p := range w.peaks {
			if o := p.lag - s.drift*w.t; math.Abs(o-s.lag) <= mode && p.height >= 3.5 {
				offsets = append(offsets, point{lag: o, weight: min(p.height, strong)})
			}
		}
	}
	best, most := s.lag, 0.0
	for _, o := range offsets {
		sum := 0.0
		for _, p := range offsets {
			if d := math.Abs(p.lag-o.lag) / width; d < 1 {
				sum += p.weight * (1 - d)
			}
		}
		if sum > most {
			best, most = o.lag, sum
		}
	}
	return best
}

// refit is one step of the joint fit; it reports whether anything moved.
func (t *track) refit() bool {
	type sums struct{ w, t, l float64 }
	all := make([]sums, len(t.pieces))
	var points [][]point
	for i := range t.pieces {
		s := &t.pieces[i]
		kept := t.of(s, inlier)
		for k := range kept {
			p := &kept[k]
			u := (p.lag - s.at(p.t)) / inlier
			p.weight *= (1 - u*u) * (1 - u*u)
			all[i].w += p.weight
			all[i].t += p.weight * p.t
			all[i].l += p.weight * p.lag
		}
		points = append(points, kept)
	}
	var tt, tl float64
	for i, kept := range points {
		for _, p := range kept {
			dt := p.t - all[i].t/all[i].w
			tt += p.weight * dt * dt
			tl += p.weight * dt * (p.lag - all[i].l/all[i].w)
		}
	}
	drift := t.drift
	if tt > 0 && t.longest() >= shortForRate {
		drift = max(-maxDrift, min(maxDrift, tl/tt))
	}
	moved := math.Abs(drift-t.drift) > 1e-9
	t.drift = drift
	for i := range t.pieces {
		s := &t.pieces[i]
		if all[i].w == 0 {
			s.lag = math.NaN()
			continue
		}
		lag := (all[i].l - drift*all[i].t) / all[i].w
		moved = moved || math.Abs(lag-s.lag) > 1e-6
		s.lag, s.drift = lag, drift
	}
	return moved
}

// shortForRate is the length of the longest piece, in seconds, below which a drift cannot be told from noise.
const shortForRate = 12.0

func (t *track) longest() float64 {
	longest := 0.0
	for _, s := range t.pieces {
		longest = max(longest, s.last-s.first)
	}
	return longest
}

// biweight is a line through the points by least squares reweighted with Tukey's biweight, from a first line on.
func biweight(points []point, l line) line {
	weighted := make([]point, len(points))
	for range 8 {
		for i, p := range points {
			u := (p.lag - l.at(p.t)) / inlier
			p.weight *= max(1-u*u, 0) * max(1-u*u, 0)
			weighted[i] = p
		}
		next, ok := leastSquares(weighted, false)
		if !ok {
			return l
		}
		l = next
	}
	return l
}

// leastSquares is the line with the least weighted sum of squares, without a drift if it is to be flat; ok is false where no point has
// weight. A drift that no clock has is cut to the most that one has.
func leastSquares(points []point, flat bool) (l line, ok bool) {
	var w, wt, wl, tt, tl float64
	for _, p := range points {
		w, wt, wl = w+p.weight, wt+p.weight*p.t, wl+p.weight*p.lag
	}
	if w == 0 {
		return l, false
	}
	mt, ml := wt/w, wl/w
	for _, p := range points {
		tt += p.weight * (p.t - mt) * (p.t - mt)
		tl += p.weight * (p.t - mt) * (p.lag - ml)
	}
	if !flat && tt > 0 {
		l.drift = max(-maxDrift, min(maxDrift, tl/tt))
	}
	l.lag = ml - l.drift*mt
	return l, true
}

func medianDistance(points []point, l line) float64 {
	if len(points) == 0 {
		return 0
	}
	distances := make([]float64, len(points))
	for i, p := range points {
		distances[i] = math.Abs(p.lag - l.at(p.t))
	}
	slices.Sort(distances)
	return distances[len(distances)/2]
}
