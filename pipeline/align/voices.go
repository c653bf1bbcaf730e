package align

import (
	"context"
	"math"
)

// Geometry of the comparison of voices.
const (
	cellFrames   = frameRate / 2    // half a second
	cellSize     = cellFrames * hop // samples
	cellSeconds  = 0.5              // the same
	manyBlocks   = 400              // of which there are at most, spread over the overlap
	blockCells   = 3                // compared together
	cellLively   = cellFrames / 3   // frames lively on both sides from which on a cell is compared
	cellVoiced   = 0.6              // of its frames on either side that must have a pitch for it to contradict
	alike        = 0.35             // correlation of features from which on a block agrees
	alikePhase   = 3.5              // height of the fine correlation from which on it does
	voiceWindow  = 8192             // samples of the fine correlation: 1 s
	pitchFrame   = 512              // samples: 64 ms
	pitchHop     = 2 * hop          // samples: 40 ms
	lowestPitch  = 70               // Hz
	highestPitch = 400              // Hz
	pitched      = 0.5              // normalised autocorrelation at the pitch's period, from which on a frame has one
	pitchLow     = 120              // Hz
	pitchHigh    = 1800             // Hz
	pitchSize    = 2 * pitchFrame   // of the transform, so that the autocorrelation does not wrap
)

// voices says of a time of the other sound how many of its half seconds, in which somebody speaks on both sides, agree, and how many
// contradict: it is not the same that is said.
//
// Loudness alone is no contradiction. Where a laptop takes the loudspeaker's sound out of its own and turns up what is left, noise is as
// loud as speech while the phone hears a question. But noise has no pitch.
type voices struct {
	t                 float64 // seconds of the other's time, the middle
	agree, contradict int     // half seconds
	likeness          float64 // correlation of the features over all of them, −1 to 1
}

// compareVoices goes through all of the overlap, between and beside the pieces too: there the pieces on either side are tried.
func (t *track) compareVoices(ctx context.Context, m *measurer) ([]voices, error) {
	first, last := t.pieces[0].from, t.pieces[len(t.pieces)-1].to
	const length = blockCells * cellSeconds
	stride := max(length, (last-first)/manyBlocks)
	p := newPitcher()
	var all []voices
	for at := first; at+length <= last; at += stride {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		best := voices{}
		for i, s := range t.around(at + length/2) {
			v, err := m.voicesAt(t, p, s, at)
			if err != nil {
				return nil, err
			}
			if i == 0 || v.contradict < best.contradict {
				best = v
			}
			if best.contradict == 0 {
				break
			}
		}
		if best.agree+best.contradict > 0 {
			best.t = at + length/2
			all = append(all, best)
		}
	}
	return all, nil
}

// around lists the pieces whose lag a time may have: the one that covers it, and those beside it.
func (t *track) around(at float64) (near []*segment) {
	for i := range t.pieces {
		s := &t.pieces[i]
		const slack = 1.0 // seconds that an end may be off
		before := i == 0 || t.pieces[i-1].to <= at+slack
		behind := i == len(t.pieces)-1 || t.pieces[i+1].from >= at-slack
		if before && behind {
			near = append(near, s)
		}
	}
	return near
}

// voicesAt compares the cells of a block that begins at a time of the other sound, with the lag of a piece.
func (m *measurer) voicesAt(t *track, p *pitcher, s *segment, at float64) (voices, error) {
	var v voices
	lag := s.at(at)
	var cells [blockCells]int // first frames of the other's, of those that are compared
	n := 0
	shift := int(math.Round(lag * frameRate))
	a, b := &m.features[0], &m.features[1]
	var xy, xx, yy float64
	for k := range blockCells {
		from := int(at*frameRate) + k*cellFrames
		if from < 0 || from+cellFrames > b.n || from+shift < 0 || from+shift+cellFrames > a.n {
			continue
		}
		both := 0
		for i := from; i < from+cellFrames; i++ {
			if a.lively[i+shift] && b.lively[i] {
				both++
			}
		}
		if both < cellLively {
			continue
		}
		speaks, err := m.speaks(p, from, lag)
		if err != nil {
			return v, err
		}
		if !speaks {
			continue
		}
		cells[n] = from
		n++
		for i := from; i < from+cellFrames; i++ {
			for k := range pairs {
				x, y := a.pairs[k][i+shift], b.pairs[k][i]
				xy += float64(real(x)*real(y) + imag(x)*imag(y))
				xx += float64(real(x)*real(x) + imag(x)*imag(x))
				yy += float64(real(y)*real(y) + imag(y)*imag(y))
			}
		}
	}
	if n == 0 {
		return v, nil
	}
	v.likeness = xy / math.Sqrt(max(xx*yy, 1e-12))
	if v.likeness >= alike {
		v.agree = n
		return v, nil
	}
	sum, sign := 0.0, float32(t.polarity())
	for _, from := range cells[:n] {
		middle := (float64(from) + cellFrames/2) / frameRate
		w, ok, err := m.measure(middle, lag, voiceWindow)
		if err != nil {
			return v, err
		}
		if ok {
			for i := range w.raw {
				w.raw[i] *= sign
			}
			sum += w.alone(lag)
		}
	}
	if sum >= alikePhase*float64(n) {
		v.agree = n
		return v, nil
	}
	v.contradict = n
	return v, nil
}

// speaks reports whether somebody speaks on both sides in the cell that begins at a frame of the other sound.
func (m *measurer) speaks(p *pitcher, from int, lag float64) (bool, error) {
	for side, first := range [2]int{from*hop + int(math.Round(lag*SampleRate)), from * hop} {
		share, err := m.pitch(p, side, first)
		if err != nil || share < cellVoiced {
			return false, err
		}
	}
	return true, nil
}

// pitch is the share of a cell's frames, from a side's sample number on, that have a pitch.
func (m *measurer) pitch(p *pitcher, side, first int) (float64, error) {
	s := m.sounds[side]
	first = max(min(first, s.Len()-cellSize-pitchFrame), 0)
	view := m.samples[:min(cellSize+pitchFrame, s.Len()-first)]
	if err := s.ReadAt(view, first); err != nil {
		return 0, err
	}
	n, found := 0, 0
	for at := 0; at+pitchFrame+pitchHop <= len(view); at += 2 * pitchHop {
		for _, yes := range p.pitched(view[at:at+pitchFrame], view[at+pitchHop:at+pitchHop+pitchFrame]) {
			n++
			if yes {
				found++
			}
		}
	}
	return float64(found) / max(float64(n), 1), nil
}

// pitcher tells whether frames have a pitch: whether their autocorrelation, less the window's (Boersma, 1993), has a peak at the period
// of a voice.
type pitcher struct {
	fft    *transform
	window []float32
	own    []float32 // autocorrelation of the window, 1 at lag 0
	work   []complex64
	power  []complex64
}

func newPitcher() *pitcher {
	p := &pitcher{fft: newTransform(pitchSize), window: hann(pitchFrame), work: make([]complex64, pitchSize), power: make([]complex64, pitchSize)}
	longest := SampleRate / lowestPitch
	p.own = make([]float32, longest+1)
	for lag := range p.own {
		for i := 0; i+lag < pitchFrame; i++ {
			p.own[lag] += p.window[i] * p.window[i+lag]
		}
	}
	for lag := longest; lag >= 0; lag-- {
		p.own[lag] /= p.own[0]
	}
	return p
}

// pitched says so of two frames at once: real each, they are one complex transform.
func (p *pitcher) pitched(x, y []int16) (yes [2]bool) {
	clear(p.work)
	for k, w := range p.window {
		p.work[k] = complex(float32(x[k])*w, float32(y[k])*w)
	}
	p.fft.forward(p.work)
	clear(p.power)
	// Both autocorrelations are real and even: one goes into the real part of the second transform, the other into the imaginary one.
	for k := pitchLow * pitchSize / SampleRate; k <= pitchHigh*pitchSize/SampleRate; k++ {
		u, v := p.work[k], p.work[pitchSize-k]
		xr, xi := real(u)+real(v), imag(u)-imag(v)
		yr, yi := imag(u)+imag(v), real(v)-real(u)
		p.power[k] = complex(xr*xr+xi*xi, yr*yr+yi*yi)
		p.power[pitchSize-k] = p.power[k]
	}
	p.fft.inverse(p.power)
	for lag := SampleRate / highestPitch; lag < len(p.own); lag++ {
		v := p.power[lag]
		yes[0] = yes[0] || real(v) > pitched*p.own[lag]*real(p.power[0])
		yes[1] = yes[1] || imag(v) > pitched*p.own[lag]*imag(p.power[0])
	}
	return yes
}
