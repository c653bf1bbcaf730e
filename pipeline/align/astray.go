package align

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Geometry of the second search.
const (
	leastAstray  = 4             // half seconds of contradiction that are worth a search
	shortAstray  = 5 * frameRate // frames of the shortest block that is looked for
	astraySearch = 60.0          // seconds around the pieces' lags
	astrayZ      = 6.0           // standard deviations that a place must stand out by
	rounds       = 3             // of searching
)

// reconsider looks again for what contradicts the pieces: a piece of some seconds between two losses, or at one of the ends, has too
// little weight in the coarse search to bend its path. It is looked for by itself, near the lags that are known, and everything is
// followed anew with what was found. The result counts if less contradicts it.
func reconsider(ctx context.Context, m *measurer, rough []stretch, t *track) (*track, []voices, error) {
	heard, err := t.compareVoices(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	for range rounds {
		found := m.findAstray(t, heard)
		if len(found) == 0 {
			break
		}
		wider := slices.Concat(rough, found)
		slices.SortFunc(wider, func(x, y stretch) int { return cmp.Compare(x.from+x.to, y.from+y.to) })
		next, err := follow(ctx, m, wider)
		if err != nil {
			return nil, nil, err
		}
		if len(next.pieces) == 0 {
			break
		}
		if err := next.bound(ctx, m); err != nil {
			return nil, nil, err
		}
		again, err := next.compareVoices(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		before, _ := contradiction(heard)
		after, _ := contradiction(again)
		if after >= before {
			break
		}
		rough, t, heard = wider, next, again
	}
	return t, heard, nil
}

// findAstray looks for each run of contradiction somewhere else.
func (m *measurer) findAstray(t *track, heard []voices) (found []stretch) {
	for i := 0; i < len(heard); {
		if heard[i].contradict <= heard[i].agree {
			i++
			continue
		}
		last, sum := i, 0
		for k := i; k < len(heard) && heard[k].contradict > heard[k].agree; k++ {
			last, sum = k, sum+heard[k].contradict
		}
		if sum >= leastAstray {
			// What lies between the run and what agrees is nobody's yet.
			from, to := 0.0, t.span[1]
			if i > 0 {
				from = heard[i-1].t
			}
			if last+1 < len(heard) {
				to = heard[last+1].t
			}
			if s, ok := m.elsewhere(t, (heard[i].t+heard[last].t)/2, from, to); ok {
				found = append(found, s)
			}
		}
		i = last + 1
	}
	return found
}

// elsewhere is the stretch that the other's sound between two times makes with a lag of its own, if there is one. What contradicts lies
// around middle.
func (m *measurer) elsewhere(t *track, middle, from, to float64) (stretch, bool) {
	b := m.features[1]
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range t.around(middle) {
		least, most = min(least, s.at(middle)), max(most, s.at(middle))
	}
	length := min(max(int((to-from)*frameRate), shortAstray), longestBlock, b.n)
	at := int(from * frameRate)
	if length == longestBlock {
		at = int(middle*frameRate) - length/2
		at = min(max(at, int(from*frameRate)), int(to*frameRate)-length)
	}
	at = max(min(at, b.n-length), 0)
	hits := m.search.find(b, at, length, least-astraySearch, most+astraySearch)
	if len(hits) == 0 {
		return stretch{}, false
	}
	best := slices.MaxFunc(hits, func(x, y hit) int { return cmp.Compare(x.z, y.z) })
	for _, s := range t.around(middle) {
		if math.Abs(best.lag-s.at(middle)) < mode {
			return stretch{}, false
		}
	}
	return stretch{from: from, to: to, line: line{lag: best.lag - t.drift*middle, drift: t.drift}}, best.z >= astrayZ
}
