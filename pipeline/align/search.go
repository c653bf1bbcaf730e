package align

import (
	"math"
	"slices"
)

// Geometry of the coarse search.
const (
	overlapSave  = 4096           // frames of one overlap-save step
	longestBlock = 24 * frameRate // frames
	peaksKept    = 4
	weakest      = 4.0 // standard deviations of a peak that is worth keeping
)

// hit is a place in the reference that a block of the other sound resembles.
type hit struct {
	lag float64 // seconds
	z   float64 // standard deviations above what chance gives
}

// search finds blocks of the other sound in the reference by overlap-save convolution, the reference's transforms made once.
type search struct {
	a        features
	fft      *transform
	spectra  [][pairs][]complex64
	energy   []float64 // of the reference's features, summed up to each frame
	work     []complex64
	block    [pairs][]complex64
	response []float32
}

// useful is how many positions one step gives, whatever the length of a block.
const useful = overlapSave - longestBlock

func newSearch(a features) *search {
	s := &search{a: a, fft: newTransform(overlapSave), work: make([]complex64, overlapSave), energy: make([]float64, a.n+1)}
	for p := range s.block {
		s.block[p] = make([]complex64, overlapSave)
	}
	for at := -longestBlock; at < a.n; at += useful {
		var spectra [pairs][]complex64
		for p := range pairs {
			spectra[p] = make([]complex64, overlapSave)
			for i := max(-at, 0); i < overlapSave && at+i < a.n; i++ {
				spectra[p][i] = a.pairs[p][at+i]
			}
			s.fft.forward(spectra[p])
		}
		s.spectra = append(s.spectra, spectra)
	}
	for i := range a.n {
		sum := 0.0
		for p := range pairs {
			v := a.pairs[p][i]
			sum += float64(real(v)*real(v) + imag(v)*imag(v))
		}
		s.energy[i+1] = s.energy[i] + sum
	}
	return s
}

// find gives the best places of length frames of b from frame at on, at lags from least to most, in seconds; nil where there is
// nothing to be heard in them. A block may reach over either end of the reference.
func (s *search) find(b features, at, length int, least, most float64) []hit {
	var energy float64
	for p := range pairs {
		clear(s.block[p])
		copy(s.block[p], b.pairs[p][at:at+length])
		for _, v := range s.block[p][:length] {
			energy += float64(real(v)*real(v) + imag(v)*imag(v))
		}
	}
	norm := math.Sqrt(energy)
	if norm < math.Sqrt(float64(length)) { // a seventh of what speech has
		return nil
	}
	// Position q: the block begins at the reference's frame q.
	first := max(-length*2/3, at+int(math.Floor(least*frameRate)))
	last := min(s.a.n-length/3, at+int(math.Ceil(most*frameRate)))
	if last-first < 2 {
		return nil
	}
	for p := range pairs {
		s.fft.forward(s.block[p])
	}
	s.correlate(first, last, length, norm)
	return s.peaks(first-at, min(length/2, frameRate))
}

// correlate fills response with the normalised correlation of the block with the reference at positions first up to last.
func (s *search) correlate(first, last, length int, norm float64) {
	s.response = slices.Grow(s.response[:0], last-first)[:last-first]
	for i := (first + longestBlock) / useful; i < len(s.spectra); i++ {
		begin := i*useful - longestBlock // position of the step's first value
		if begin >= last {
			break
		}
		spectra := &s.spectra[i]
		for p := range pairs {
			ref, block, work := spectra[p], s.block[p][:overlapSave], s.work[:overlapSave]
			if p == 0 {
				for j, v := range ref {
					work[j] = timesConjugate(v, block[j])
				}
				continue
			}
			for j, v := range ref {
				work[j] += timesConjugate(v, block[j])
			}
		}
		s.fft.inverse(s.work)
		for q := max(begin, first); q < min(begin+useful, last); q++ {
			from, to := max(q, 0), min(q+length, s.a.n)
			under := math.Sqrt(s.energy[to] - s.energy[from])
			// A block of which only a little lies within the reference resembles anything.
			s.response[q-first] = real(s.work[q-begin]) / overlapSave / float32(norm*max(under, 0.5*norm))
		}
	}
}

// peaks gives the highest responses, at least apart frames from each other, in standard deviations from the mean.
func (s *search) peaks(lag0, apart int) []hit {
	var sum, squares float64
	for _, v := range s.response {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(s.response))
	mean := sum / n
	deviation := max(math.Sqrt(max(squares/n-mean*mean, 0)), 1e-3)
	type top struct {
		at int
		v  float32
	}
	var tops [peaksKept]top
	found := 0
	threshold := float32(mean + weakest*deviation)
	for q := 1; q+1 < len(s.response); q++ {
		v := s.response[q]
		if v < threshold || v <= s.response[q-1] || v < s.response[q+1] {
			continue
		}
		slot := found
		for k := range found {
			if q-tops[k].at < apart && q-tops[k].at > -apart {
				slot = k
			}
		}
		switch {
		case slot < found && tops[slot].v >= v:
			continue
		case slot == peaksKept:
			slot = 0
			for k := range tops {
				if tops[k].v < tops[slot].v {
					slot = k
				}
			}
			if tops[slot].v >= v {
				continue
			}
		case slot == found:
			found++
		}
		tops[slot] = top{q, v}
	}
	hits := make([]hit, 0, found)
	for _, t := range tops[:found] {
		fraction := vertex(s.response[t.at-1], t.v, s.response[t.at+1])
		hits = append(hits, hit{lag: (float64(lag0+t.at) + fraction) / frameRate, z: (float64(t.v) - mean) / deviation})
	}
	return hits
}
