package align

import (
	"context"
	"math"
	"slices"
)

// Geometry of the coarse search.
const (
	longestBlock = 24 * frameRate // frames
	mostBlocks   = 40
	segment      = 4096 // frames of one overlap-save step
	peaksKept    = 4
	maxDrift     = 400e-6 // two phones differed by 273 ppm in Guggenberger's data
	tolerance    = 0.06   // seconds: three frames
	weakest      = 4.5    // robust z of a peak that counts
	strongest    = 14.0   // above which a peak counts no more
)

// hit is a place in the reference that a block of the other sound resembles.
type hit struct {
	at  float64 // other's time of the block's middle, seconds
	lag float64 // seconds
	z   float64
}

// coarse looks for blocks of b everywhere in a, and for the line that most of them agree on.
func coarse(ctx context.Context, a, b features, prior Prior) (line, bool, error) {
	length := min(longestBlock, max(b.n/2, shortest*frameRate*2/3), a.n)
	search := newSearch(a, length)
	step := max((b.n-length)/max(mostBlocks-1, 1), length/4, 1)
	var blocks [][]hit
	for at := 0; at+length <= b.n; at += step {
		if err := ctx.Err(); err != nil {
			return line{}, false, err
		}
		if hits := search.find(b, at, prior); hits != nil {
			blocks = append(blocks, hits)
		}
	}
	best, support, score := vote(blocks)
	if support == 0 {
		return line{}, false, nil
	}
	l := refineVote(blocks, best)
	// One block of a good peak is luck once in a few thousand; what counts is how many agree, and how plainly.
	l.certain = support >= 3 && score/float64(support) > 8 && float64(support) >= 0.6*float64(len(blocks))
	return l, score >= 2*weakest+4 || support == len(blocks) && score > weakest+2, nil
}

// search finds blocks of one length in a reference by overlap-save convolution, whose transforms are made once.
type search struct {
	a        features
	length   int
	fft      *transform
	spectra  [][bands][]complex64
	norms    []float32 // length of the reference's feature vector under the block, by position
	work     []complex64
	block    [bands][]complex64
	response []float32
}

func newSearch(a features, length int) *search {
	s := &search{a: a, length: length, fft: newTransform(segment), work: make([]complex64, segment)}
	useful := segment - length
	for at := 0; at < a.n+length; at += useful {
		var spectra [bands][]complex64
		for b := range bands {
			spectra[b] = s.spectrum(a.bands[b], at-length, segment)
		}
		s.spectra = append(s.spectra, spectra)
	}
	positions := a.n + length // position p: the block begins at frame p − length
	s.norms, s.response = make([]float32, positions), make([]float32, positions)
	energy := make([]float64, a.n+1)
	for i := range a.n {
		sum := 0.0
		for b := range bands {
			sum += float64(a.bands[b][i]) * float64(a.bands[b][i])
		}
		energy[i+1] = energy[i] + sum
	}
	for p := range s.norms {
		from, to := max(p-length, 0), min(p, a.n)
		if to > from {
			s.norms[p] = float32(math.Sqrt(energy[to] - energy[from]))
		}
	}
	return s
}

// spectrum transforms n frames from an offset, zeros outside.
func (s *search) spectrum(x []float32, from, n int) []complex64 {
	out := make([]complex64, segment)
	for i := max(-from, 0); i < n && from+i < len(x); i++ {
		out[i] = complex(x[from+i], 0)
	}
	s.fft.forward(out)
	return out
}

// find gives the best places of the block of b that begins at a frame; nil where there is nothing to be heard in it.
func (s *search) find(b features, at int, prior Prior) []hit {
	var energy float64
	for k := range bands {
		block := b.bands[k][at : at+s.length]
		for _, v := range block {
			energy += float64(v) * float64(v)
		}
		s.block[k] = s.spectrum(block, 0, s.length)
	}
	norm := math.Sqrt(energy)
	if norm < math.Sqrt(float64(s.length)) { // a seventh of what speech has
		return nil
	}
	s.correlate(norm)
	return s.peaks(float64(at)/frameRate, prior)
}

// correlate fills response with the normalised correlation of the block with the reference at every position.
func (s *search) correlate(norm float64) {
	useful := segment - s.length
	for i, spectra := range s.spectra {
		clear(s.work)
		for k := range bands {
			for j, v := range spectra[k] {
				s.work[j] += timesConjugate(v, s.block[k][j])
			}
		}
		s.fft.inverse(s.work)
		for j := 0; j < useful && i*useful+j < len(s.response); j++ {
			p := i*useful + j
			// A block of which only a little lies within the reference resembles anything.
			s.response[p] = real(s.work[j]) / segment / float32(norm) / max(s.norms[p], float32(0.3*norm))
		}
	}
}

// peaks gives the highest responses as robust z: distance from the median over 1.4826 times the median absolute deviation.
func (s *search) peaks(begins float64, prior Prior) []hit {
	sorted := slices.Clone(s.response)
	slices.Sort(sorted)
	median := sorted[len(sorted)/2]
	for i, v := range sorted {
		sorted[i] = max(v-median, median-v)
	}
	slices.Sort(sorted)
	deviation := max(1.4826*float64(sorted[len(sorted)/2]), 1e-3)
	middle := begins + float64(s.length)/2/frameRate
	var hits []hit
	for p := 1; p+1 < len(s.response); p++ {
		v := s.response[p]
		if v <= s.response[p-1] || v < s.response[p+1] {
			continue
		}
		z := float64(v-median) / deviation
		if z < weakest {
			continue
		}
		lag := (float64(p-s.length)+vertex(s.response[p-1], v, s.response[p+1]))/frameRate - begins
		if prior.Known && math.Abs(lag-prior.Start) > prior.Within+maxDrift*begins {
			continue
		}
		hits = append(hits, hit{at: middle, lag: lag, z: z})
	}
	slices.SortFunc(hits, func(a, b hit) int { return int(math.Copysign(1, b.z-a.z)) })
	if hits == nil {
		hits = []hit{}
	}
	return hits[:min(len(hits), peaksKept)]
}

// vertex is where between −½ and ½ the parabola through three values has its top.
func vertex(before, top, after float32) float64 {
	curve := before - 2*top + after
	if curve >= 0 {
		return 0
	}
	return float64((before - after) / (2 * curve))
}

// vote tries each strong hit as an anchor and adds up the blocks that have a hit on a line through it, at any drift that clocks
// have.
func vote(blocks [][]hit) (anchor hit, support int, score float64) {
	for _, hits := range blocks {
		for _, h := range hits {
			n, sum := 0, 0.0
			for _, others := range blocks {
				if z := supporting(others, h); z > 0 {
					n++
					sum += min(z, strongest)
				}
			}
			if sum > score {
				anchor, support, score = h, n, sum
			}
		}
	}
	return anchor, support, score
}

func supporting(hits []hit, anchor hit) float64 {
	for _, h := range hits {
		if math.Abs(h.lag-anchor.lag) <= tolerance+maxDrift*math.Abs(h.at-anchor.at) {
			return h.z
		}
	}
	return 0
}

// refineVote fits a line to the hits that support the anchor, and a flat one where their times are too close for a drift.
func refineVote(blocks [][]hit, anchor hit) line {
	var points []point
	for _, hits := range blocks {
		for _, h := range hits {
			if math.Abs(h.lag-anchor.lag) <= tolerance+maxDrift*math.Abs(h.at-anchor.at) {
				points = append(points, point{h.at, h.lag, min(h.z, strongest)})
				break
			}
		}
	}
	l := regress(points)
	l.residual = medianDistance(points, l)
	return l
}
