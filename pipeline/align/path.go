package align

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Geometry of the coarse search over time.
const (
	spreadBlocks = 24               // blocks that are looked for everywhere
	nearby       = 45.0             // seconds around the path in which the others are looked for first
	plain        = 9.0              // standard deviations of a hit that needs no second look
	enough       = 14.0             // above which a hit counts no more
	worth        = 4.5              // below which it counts against its path
	jumpCost     = 8.0              // of a lag that changes at once
	lookBack     = 24               // blocks
	continuity   = 0.06             // seconds: three frames
	shortBlock   = 8 * frameRate    // frames; for the surroundings of a jump
	priorSlack   = 60.0             // seconds that lost samples may add to what clocks say
	blockHop     = longestBlock / 2 // frames
)

// sighting is a block of the other sound and the places in the reference that it resembles.
type sighting struct {
	from, length int     // frames
	at           float64 // seconds of the other's time, its middle
	hits         []hit
	wide         bool // looked for everywhere
}

// stretch is a run of the other's time with one lag, known to some hundredths of a second.
type stretch struct {
	from, to float64 // seconds of the other's time: the middles of the first and the last block
	line
}

// coarse finds, roughly, how the lag goes over the other's time: a few spread blocks are looked for everywhere, the others around
// what those agree on, and short ones where the lag changes.
func coarse(ctx context.Context, s *search, b features, prior Prior) ([]stretch, error) {
	a := s.a
	c := coarseSearch{s: s, b: b, least: -float64(b.n) / frameRate, most: float64(a.n) / frameRate}
	if prior.Known {
		c.least = max(c.least, prior.Start-prior.Within-priorSlack)
		c.most = min(c.most, prior.Start+prior.Within+priorSlack)
	}
	length := min(longestBlock, max(b.n/2, 2*frameRate), b.n)
	hop := blockHop
	if length < longestBlock {
		hop = min(blockHop, max(length/4, 1))
	}
	for at := 0; ; at += hop {
		last := at+length >= b.n
		c.blocks = append(c.blocks, sighting{from: min(at, b.n-length), length: length})
		if last {
			break
		}
	}
	for i := range c.blocks {
		c.blocks[i].at = (float64(c.blocks[i].from) + float64(length)/2) / frameRate
	}
	if err := c.everywhere(ctx, max(1, len(c.blocks)/spreadBlocks)); err != nil {
		return nil, err
	}
	path, score := likeliest(c.blocks)
	if score < plain {
		if err := c.everywhere(ctx, 1); err != nil {
			return nil, err
		}
		path, score = likeliest(c.blocks)
	} else {
		if err := c.along(ctx, path); err != nil {
			return nil, err
		}
		path, score = likeliest(c.blocks)
	}
	if score < worth {
		return nil, nil
	}
	if err := c.closely(ctx, path); err != nil {
		return nil, err
	}
	path, _ = likeliest(c.blocks)
	return stretches(path), nil
}

type coarseSearch struct {
	s           *search
	b           features
	least, most float64 // seconds of lag
	blocks      []sighting
}

// everywhere looks for each stride-th block at every lag that there can be.
func (c *coarseSearch) everywhere(ctx context.Context, stride int) error {
	for i := range c.blocks {
		k := &c.blocks[i]
		if k.wide || i%stride != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		k.hits, k.wide = c.s.find(c.b, k.from, k.length, c.least, c.most), true
	}
	return nil
}

// along looks for every block near the path, and everywhere where nothing plain is near it.
func (c *coarseSearch) along(ctx context.Context, path []point) error {
	for i := range c.blocks {
		k := &c.blocks[i]
		if k.wide {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		before, after := neighbours(path, k.at)
		low, high := min(before.lag, after.lag)-nearby, max(before.lag, after.lag)+nearby
		k.hits = c.s.find(c.b, k.from, k.length, max(low, c.least), min(high, c.most))
		if k.hits != nil && !slices.ContainsFunc(k.hits, func(h hit) bool { return h.z >= plain }) {
			k.hits, k.wide = c.s.find(c.b, k.from, k.length, c.least, c.most), true
		}
	}
	return nil
}

// closely looks with short blocks where the path jumps or has no evidence for long: a piece shorter than a block shows there.
func (c *coarseSearch) closely(ctx context.Context, path []point) error {
	if c.blocks[0].length <= shortBlock {
		return nil
	}
	const block = shortBlock / float64(frameRate)
	var short []sighting
	search := func(from, to, low, high float64) error {
		for at := max(from, block/2); at <= min(to, float64(c.b.n)/frameRate-block/2); at += block / 3 {
			if err := ctx.Err(); err != nil {
				return err
			}
			k := sighting{from: int((at - block/2) * frameRate), length: shortBlock}
			k.from = min(k.from, c.b.n-shortBlock)
			k.at = (float64(k.from) + shortBlock/2) / frameRate
			k.hits = c.s.find(c.b, k.from, k.length, max(low-nearby, c.least), min(high+nearby, c.most))
			short = append(short, k)
		}
		return nil
	}
	const half = longestBlock / 2 / float64(frameRate)
	for i := 1; i < len(path); i++ {
		p, q := path[i-1], path[i]
		if q.t-p.t > 3*half || !continuous(p, q) {
			if err := search(p.t-half, q.t+half, min(p.lag, q.lag), max(p.lag, q.lag)); err != nil {
				return err
			}
		}
	}
	if first := path[0]; first.t > 2*half {
		if err := search(max(0, first.t-6*half), first.t, first.lag, first.lag); err != nil {
			return err
		}
	}
	if last := path[len(path)-1]; float64(c.b.n)/frameRate-last.t > 2*half {
		if err := search(last.t, last.t+6*half, last.lag, last.lag); err != nil {
			return err
		}
	}
	c.blocks = append(c.blocks, short...)
	slices.SortStableFunc(c.blocks, func(x, y sighting) int { return x.from*2 + x.length - y.from*2 - y.length })
	return nil
}

func continuous(p, q point) bool {
	return math.Abs(q.lag-p.lag) <= continuity+maxDrift*math.Abs(q.t-p.t)
}

// neighbours gives the path's points before and after a time; the nearest one twice beyond its ends.
func neighbours(path []point, at float64) (before, after point) {
	i, _ := slices.BinarySearchFunc(path, at, func(p point, at float64) int { return cmp.Compare(p.t, at) })
	return path[max(i-1, 0)], path[min(i, len(path)-1)]
}

// likeliest is Viterbi's algorithm over the hits: each adds what it stands out by, each jump of the lag costs, blocks may be left
// out for nothing.
func likeliest(blocks []sighting) (path []point, score float64) {
	type node struct {
		point
		score    float64
		previous int // node, or −1
	}
	var nodes []node
	begin := make([]int, 0, len(blocks)+1) // first node of each block
	best := -1
	for i, k := range blocks {
		begin = append(begin, len(nodes))
		from := begin[max(0, i-lookBack)]
		until := len(nodes)
		for _, h := range k.hits {
			n := node{point: point{k.at, h.lag, h.z}, previous: -1}
			for j := from; j < until; j++ {
				v := nodes[j].score
				if !continuous(nodes[j].point, n.point) {
					v -= jumpCost
				}
				if v > n.score {
					n.score, n.previous = v, j
				}
			}
			n.score += min(h.z, enough) - worth
			nodes = append(nodes, n)
			if best < 0 || n.score > nodes[best].score {
				best = len(nodes) - 1
			}
		}
	}
	if best < 0 {
		return nil, 0
	}
	score = nodes[best].score
	for i := best; i >= 0; i = nodes[i].previous {
		path = append(path, nodes[i].point)
	}
	slices.Reverse(path)
	return path, score
}

// stretches joins the points of a path that lie on one line.
func stretches(path []point) []stretch {
	var all []stretch
	var run []point
	end := func() {
		if len(run) > 0 {
			all = append(all, stretch{from: run[0].t, to: run[len(run)-1].t, line: regress(run)})
		}
		run = nil
	}
	for _, p := range path {
		if len(run) > 0 && !continuous(run[len(run)-1], p) {
			end()
		}
		run = append(run, p)
	}
	end()
	return all
}

// regress is the line through a run, flat where it is too short for a drift.
func regress(run []point) line {
	const shortForDrift = 60 // seconds; a block's lag is good to a hundredth of a second
	l, _ := leastSquares(run, run[len(run)-1].t-run[0].t <= shortForDrift)
	return l
}
