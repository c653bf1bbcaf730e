package align

import (
	"math"
	"slices"
)

// Robust fitting.
const (
	inlier       = 0.003 // seconds: a little more than a reflection from the nearest wall comes late
	shortForRate = 12.0  // seconds of overlap below which a drift cannot be told from noise
	improbable   = -8.0  // log10 of the probability of an agreement that chance would have made
)

// fit draws the line that most windows agree on: RANSAC (Fischler and Bolles, 1981) over pairs of windows, then reweighted least
// squares with Tukey's biweight. It refuses an agreement that chance would have made.
func fit(points []point) (Placement, bool) {
	if len(points) < 3 {
		return Placement{}, false
	}
	best, count := consensus(points)
	if count < 3 || chance(count, len(points)) > improbable {
		return Placement{}, false
	}
	l := best
	for range 8 {
		weighted := make([]point, 0, len(points))
		for _, p := range points {
			if u := math.Abs(p.lag-l.at(p.t)) / inlier; u < 1 {
				p.weight *= (1 - u*u) * (1 - u*u)
				weighted = append(weighted, p)
			}
		}
		if len(weighted) < 3 {
			break
		}
		l = regress(weighted)
	}
	near := within(points, l)
	share := float64(len(near)) / float64(len(points))
	return Placement{Start: l.lag, Rate: 1 + l.drift, Residual: medianDistance(near, l), Confidence: min(1, 0.3+0.7*share), OK: true}, true
}

// consensus tries the lines through all pairs of points, up to some thousand.
func consensus(points []point) (best line, count int) {
	span := points[len(points)-1].t - points[0].t
	try := func(l line) {
		if n := len(within(points, l)); n > count {
			best, count = l, n
		}
	}
	stride := max(len(points)*len(points)/8000, 1)
	pair := 0
	for i, p := range points {
		try(line{lag: p.lag})
		for _, q := range points[i+1:] {
			if pair++; pair%stride != 0 || q.t-p.t < span/4 || span < shortForRate {
				continue
			}
			if drift := (q.lag - p.lag) / (q.t - p.t); math.Abs(drift) <= maxDrift {
				try(line{lag: p.lag - drift*p.t, drift: drift})
			}
		}
	}
	return best, count
}

func within(points []point, l line) []point {
	return slices.DeleteFunc(slices.Clone(points), func(p point) bool { return math.Abs(p.lag-l.at(p.t)) > inlier })
}

// chance bounds the probability, as its logarithm to base 10, that k of n windows fall on one line by luck: Chernoff's bound for
// windows that each fall anywhere in reach, times the number of lines that were tried.
func chance(k, n int) float64 {
	p := 2 * inlier * SampleRate / (2 * fineReach)
	q := float64(k) / float64(n)
	divergence := q * math.Log(q/p)
	if q < 1 {
		divergence += (1 - q) * math.Log((1-q)/(1-p))
	}
	if q <= p {
		divergence = 0
	}
	return (-float64(n)*divergence + 2*math.Log(float64(n))) / math.Ln10
}

// regress is weighted least squares; flat where the points lie too close together for a drift, or agree on one that no clock has.
func regress(points []point) line {
	var w, wt, wl float64
	for _, p := range points {
		w, wt, wl = w+p.weight, wt+p.weight*p.t, wl+p.weight*p.lag
	}
	if w == 0 {
		return line{}
	}
	mt, ml := wt/w, wl/w
	var tt, tl float64
	for _, p := range points {
		tt += p.weight * (p.t - mt) * (p.t - mt)
		tl += p.weight * (p.t - mt) * (p.lag - ml)
	}
	drift := 0.0
	if span := points[len(points)-1].t - points[0].t; span >= shortForRate && tt > 0 {
		drift = tl / tt
	}
	if math.Abs(drift) > maxDrift*1.25 {
		drift = 0
	}
	return line{lag: ml - drift*mt, drift: drift}
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
