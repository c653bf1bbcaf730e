package align

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Geometry of the fine measurement over time.
const (
	manyWindows  = 160
	densest      = 1.5   // seconds between windows
	sparsest     = 12.0  // seconds between windows
	standing     = 4.5   // height of a peak that counts
	strong       = 12.0  // above which it counts no more
	mode         = 0.012 // seconds: reflections that are one hypothesis together
	inlier       = 0.002 // seconds
	switchCost   = 9.0   // of another hypothesis
	leastWindows = 3     // that make a piece
)

// track is how the lag was followed, and what it was found to be.
type track struct {
	span    [2]float64 // lengths of the reference and the other, seconds
	windows []window   // in order of time
	drift   float64
	pattern []tap // of the room's arrivals
	pieces  []segment
	margin  float64 // by which the direct path is more plausible than other arrivals
}

// segment is a piece in the making: its line, and the windows that it rests on.
type segment struct {
	line
	from, to float64 // seconds of the other's time, as far as it is claimed
	first    float64 // the other's times of the first and the last window that it rests on
	last     float64
	residual float64
	seen     float64 // offset by the room's pattern, before the direct path was chosen
}

// follow measures windows along the rough stretches and finds the lines that they lie on.
func follow(ctx context.Context, m *measurer, rough []stretch) (*track, error) {
	t := &track{span: [2]float64{float64(m.sounds[0].Len()) / SampleRate, float64(m.sounds[1].Len()) / SampleRate}}
	plans := t.plan(rough)
	if err := t.measureAlong(ctx, m, plans); err != nil {
		return nil, err
	}
	// The lag may have changed between windows that lie far apart: more are measured there, and everything is thought over.
	const attempts = 3
	for round := range attempts {
		if len(t.windows) < leastWindows {
			return t, nil
		}
		t.drift = t.commonDrift(plans)
		t.pattern = t.findPattern()
		t.smooth()
		labels, offsets := t.label()
		if more := t.between(labels); len(more) > 0 && round < attempts-1 {
			n := len(t.windows)
			if err := t.measureAt(ctx, m, more, plans); err != nil {
				return nil, err
			}
			if len(t.windows) > n {
				continue
			}
		}
		t.collect(labels, offsets)
		break
	}
	t.fit()
	return t, nil
}

// plan says which lag is expected when: each stretch reaches to the middles of its neighbours and a little beyond, the first and
// the last as far as there can be an overlap.
func (t *track) plan(rough []stretch) []stretch {
	plans := slices.Clone(rough)
	const margin = longestBlock / 2 / float64(frameRate)
	for i := range plans {
		p := &plans[i]
		if i == 0 {
			p.from = max(0, -rough[i].at(0))
		} else {
			p.from = min(p.from, rough[i-1].to) - margin
		}
		if i == len(plans)-1 {
			p.to = min(t.span[1], t.span[0]-rough[i].at(t.span[1]))
		} else {
			p.to = max(p.to, rough[i+1].from) + margin
		}
		p.from, p.to = max(p.from, 0), min(p.to, t.span[1])
	}
	return plans
}

func (t *track) measureAlong(ctx context.Context, m *measurer, plans []stretch) error {
	total := 0.0
	for _, p := range plans {
		total += max(p.to-p.from, 0)
	}
	hop := max(min(densest, total/12), min(total/manyWindows, sparsest), 0.5)
	var times []float64
	for _, p := range plans {
		first, last := p.from+windowSeconds*0.4, p.to-windowSeconds*0.4
		n := max(int((last-first)/hop), 0)
		for i := range n + 1 {
			at := first
			if n > 0 {
				at += (last - first) * float64(i) / float64(n)
			}
			times = append(times, at)
		}
	}
	slices.Sort(times)
	return t.measureAt(ctx, m, slices.Compact(times), plans)
}

// measureAt measures at these times, under every lag that is planned for them.
func (t *track) measureAt(ctx context.Context, m *measurer, times []float64, plans []stretch) error {
	for _, at := range times {
		var measured []float64
		for _, p := range plans {
			lag := p.at(at)
			if at < p.from || at > p.to || slices.ContainsFunc(measured, func(l float64) bool { return math.Abs(l-lag) < 0.05 }) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			w, ok, err := m.measure(at, lag, windowSize)
			if err != nil {
				return err
			}
			if ok {
				t.windows = append(t.windows, w)
				measured = append(measured, lag)
			}
		}
	}
	slices.SortStableFunc(t.windows, func(x, y window) int { return cmp.Compare(x.t, y.t) })
	return nil
}

// label finds the offsets (lag − drift·t) that windows agree on, and which of them each window belongs to, by Viterbi's algorithm;
// −1 where a window supports none.
func (t *track) label() (labels []int, offsets []float64) {
	offsets = t.candidates()
	labels = make([]int, len(t.windows))
	if len(offsets) == 0 {
		for i := range labels {
			labels[i] = -1
		}
		return labels, nil
	}
	n := len(offsets)
	score := make([]float64, n)
	from := make([][]int16, len(t.windows))
	gains := make([]float64, n)
	for i := range t.windows {
		w := &t.windows[i]
		best := 0
		for k := range score {
			if score[k] > score[best] {
				best = k
			}
		}
		from[i] = make([]int16, n)
		for k, offset := range offsets {
			height, _, covered := w.height(offset+t.drift*w.t, mode)
			gains[k] = -0.5
			if covered {
				gains[k] = min(height, strong) - standing
			}
		}
		base := score[best] - switchCost
		for k := range score {
			from[i][k] = int16(k)
			if score[k] < base {
				score[k], from[i][k] = base, int16(best)
			}
			score[k] += gains[k]
		}
	}
	at := 0
	for k := range score {
		if score[k] > score[at] {
			at = k
		}
	}
	for i := len(t.windows) - 1; i >= 0; i-- {
		labels[i] = at
		at = int(from[i][at])
	}
	for i := range t.windows {
		w := &t.windows[i]
		if height, _, covered := w.height(offsets[labels[i]]+t.drift*w.t, mode); !covered || height < standing {
			labels[i] = -1
		}
	}
	return labels, offsets
}

// candidates are the offsets that several windows have a peak at, apart from each other by more than a room makes.
func (t *track) candidates() []float64 {
	type vote struct{ offset, weight float64 }
	var votes []vote
	for i := range t.windows {
		w := &t.windows[i]
		for _, p := range w.peaks {
			if p.height >= standing {
				votes = append(votes, vote{p.lag - t.drift*w.t, min(p.height, strong) - standing + 1})
			}
		}
	}
	slices.SortFunc(votes, func(x, y vote) int { return cmp.Compare(x.offset, y.offset) })
	const width = 0.003
	density := make([]float64, len(votes))
	for i, j, k := 0, 0, 0; i < len(votes); i++ {
		for votes[j].offset < votes[i].offset-width {
			j++
		}
		for k < len(votes) && votes[k].offset <= votes[i].offset+width {
			k++
		}
		for _, v := range votes[j:k] {
			density[i] += v.weight * (1 - math.Abs(v.offset-votes[i].offset)/width)
		}
	}
	order := make([]int, len(votes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(density[y], density[x]) })
	const most = 48
	var offsets []float64
	for _, i := range order {
		if density[i] < 3 || len(offsets) == most {
			break
		}
		if !slices.ContainsFunc(offsets, func(o float64) bool { return math.Abs(o-votes[i].offset) < mode*1.25 }) {
			offsets = append(offsets, votes[i].offset)
		}
	}
	return offsets
}

// between lists times at which more windows are wanted: where the lag changed between two that lie far apart, or where some that
// should agree do not.
func (t *track) between(labels []int) []float64 {
	var times []float64
	previous := -1
	for i := range t.windows {
		if labels[i] < 0 {
			continue
		}
		if previous >= 0 && labels[i] != labels[previous] {
			from, to := t.windows[previous].t, t.windows[i].t
			for n, k := int((to-from)/densest), 1; k < n; k++ {
				times = append(times, from+(to-from)*float64(k)/float64(n))
			}
		}
		previous = i
	}
	// What has been measured already, with or without success, is not measured again.
	return slices.DeleteFunc(times, func(at float64) bool {
		return slices.ContainsFunc(t.windows, func(w window) bool { return math.Abs(w.t-at) < densest*0.6 })
	})
}

// collect makes a piece of each run of windows of one label.
func (t *track) collect(labels []int, offsets []float64) {
	type run struct {
		label, n    int
		first, last float64
	}
	var runs []run
	for i := range t.windows {
		if labels[i] < 0 {
			continue
		}
		at := t.windows[i].t
		if n := len(runs); n > 0 && runs[n-1].label == labels[i] {
			runs[n-1].last = at
			runs[n-1].n++
			continue
		}
		runs = append(runs, run{labels[i], 1, at, at})
	}
	runs = slices.DeleteFunc(runs, func(r run) bool { return r.n < leastWindows })
	for _, r := range runs {
		if n := len(t.pieces); n > 0 && t.pieces[n-1].lag == offsets[r.label] {
			t.pieces[n-1].last, t.pieces[n-1].to = r.last, r.last
			continue
		}
		t.pieces = append(t.pieces, segment{line: line{offsets[r.label], t.drift}, from: r.first, to: r.last, first: r.first, last: r.last})
	}
}

// of lists the measurements that a piece can rest on: for each of its windows the peak nearest to the line, if one is within reach.
func (t *track) of(s *segment, within float64) (points []point) {
	for i := range t.windows {
		w := &t.windows[i]
		if w.t < s.first || w.t > s.last {
			continue
		}
		best := point{t: w.t}
		for _, p := range w.peaks {
			d := math.Abs(p.lag - s.at(w.t))
			if d <= within && p.height >= 3.5 && (best.weight == 0 || d < math.Abs(best.lag-s.at(w.t))) {
				best.lag, best.weight = p.lag, min(p.height, strong)
			}
		}
		if best.weight > 0 {
			points = append(points, best)
		}
	}
	return points
}
