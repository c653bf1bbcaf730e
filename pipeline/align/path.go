package align

import (
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
	jumpCost     = 14.0             // of a lag that changes at once
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
func coarse(ctx context.Context, a, b features, prior Prior) ([]stretch, error) {
	c := coarseSearch{s: newSearch(a), b: b, least: -float64(b.n) / frameRate, most: float64(a.n) / frameRate}
	if prior.Known {
		c.least = max(c.least, prior.Start-prior.Within-priorSlack)
		c.most = min(c.most, prior.Start+prior.Within+priorSlack)
	}
	length := min(longestBlock, max(b.n/2, 2*frameRate), b.n)
	step := min(blockHop, max(length/4, 1))
	if length == longestBlock {
		step = blockHop
	}
	for at := 0; ; at += step {
		last := at+length >= b.n
		c.blocks = append(c.blocks, sighting{from: min(at, b.n-length), length: length})
		if last {
			break
		}
	}
	for i := range c.blocks {
		c.blocks[i].at = (float64(c.blocks[i].from) + float64(length)/2) / frameRate
	}
	if err := c.spread(ctx); err != nil {
		return nil, err
	}
	path, score := likeliest(c.blocks)
	if score < plain {
		if err := c.everywhere(ctx, func(sighting) bool { return true }); err != nil {
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
	if err := c.around(ctx, path); err != nil {
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

// spread looks for a few blocks everywhere.
func (c *coarseSearch) spread(ctx context.Context) error {
	stride := max(1, len(c.blocks)/spreadBlocks)
	return c.everywhere(ctx, func(s sighting) bool { return s.from/max(c.blocks[min(1, len(c.blocks)-1)].from, 1)%stride == 0 })
}

func (c *coarseSearch) everywhere(ctx context.Context, which func(sighting) bool) error {
	for i := range c.blocks {
		k := &c.blocks[i]
		if k.wide || !which(*k) {
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
func (c *coarseSearch) along(ctx context.Context, path []step) error {
	for i := range c.blocks {
		k := &c.blocks[i]
		if k.wide {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		before, after := around(path, k.at)
		low, high := min(before.lag, after.lag)-nearby, max(before.lag, after.lag)+nearby
		k.hits = c.s.find(c.b, k.from, k.length, max(low, c.least), min(high, c.most))
		if k.hits != nil && !slices.ContainsFunc(k.hits, func(h hit) bool { return h.z >= plain }) {
			k.hits, k.wide = c.s.find(c.b, k.from, k.length, c.least, c.most), true
		}
	}
	return nil
}

// around looks with short blocks where the path jumps or has no evidence for long: a piece shorter than a block shows there.
func (c *coarseSearch) around(ctx context.Context, path []step) error {
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
		if q.at-p.at > 3*half || !continuous(p, q) {
			if err := search(p.at-half, q.at+half, min(p.lag, q.lag), max(p.lag, q.lag)); err != nil {
				return err
			}
		}
	}
	if first := path[0]; first.at > 2*half {
		if err := search(max(0, first.at-6*half), first.at, first.lag, first.lag); err != nil {
			return err
		}
	}
	if last := path[len(path)-1]; float64(c.b.n)/frameRate-last.at > 2*half {
		if err := search(last.at, last.at+6*half, last.lag, last.lag); err != nil {
			return err
		}
	}
	c.blocks = append(c.blocks, short...)
	slices.SortStableFunc(c.blocks, func(x, y sighting) int { return x.from*2 + x.length - y.from*2 - y.length })
	return nil
}

// step is one block of a path.
type step struct {
	at, lag, z float64
}

func continuous(p, q step) bool {
	return math.Abs(q.lag-p.lag) <= continuity+maxDrift*math.Abs(q.at-p.at)
}

// around gives the path's steps before and after a time; the nearest one twice beyond its ends.
func around(path []step, at float64) (before, after step) {
	i, _ := slices.BinarySearchFunc(path, at, func(s step, at float64) int { return int(math.Copysign(1, s.at-at)) })
	return path[max(i-1, 0)], path[min(i, len(path)-1)]
}

// likeliest is Viterbi's algorithm over the hits: each adds what it stands out by, each jump of the lag costs, blocks may be left
// out for nothing.
func likeliest(blocks []sighting) (path []step, score float64) {
	type node struct {
		step
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
			n := node{step: step{k.at, h.lag, h.z}, previous: -1}
			for j := from; j < until; j++ {
				v := nodes[j].score
				if !continuous(nodes[j].step, n.step) {
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
		path = append(path, nodes[i].step)
	}
	slices.Reverse(path)
	return path, score
}

// stretches joins the steps of a path that lie on one line.
func stretches(path []step) []stretch {
	var all []stretch
	var run []step
	end := func() {
		if len(run) > 0 {
			all = append(all, stretch{from: run[0].at, to: run[len(run)-1].at, line: regress(run)})
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

// regress is weighted least squares, flat where the steps lie too close together for a drift or agree on one that no clock has.
func regress(run []step) line {
	var w, wt, wl float64
	for _, p := range run {
		w, wt, wl = w+p.z, wt+p.z*p.at, wl+p.z*p.lag
	}
	mt, ml := wt/w, wl/w
	var tt, tl float64
	for _, p := range run {
		tt += p.z * (p.at - mt) * (p.at - mt)
		tl += p.z * (p.at - mt) * (p.lag - ml)
	}
	drift := 0.0
	if run[len(run)-1].at-run[0].at > 60 && tt > 0 {
		drift = max(-maxDrift, min(maxDrift, tl/tt))
	}
	return line{lag: ml - drift*mt, drift: drift}
}
