package align

import (
	"math"
)

// Geometry of the fine measurement.
const (
	windowSize    = 32768 // samples: 4.1 s
	windowSeconds = float64(windowSize) / SampleRate
	reach         = 1200 // samples searched to either side: 150 ms
	lowCut        = 200  // Hz
	highCut       = 3400 // Hz
	peaksOfWindow = 4
	mute          = 2.0 // root mean square of samples below which there is nothing but rounding
)

// window is one comparison of a few seconds of both sounds around an expected lag.
type window struct {
	t       float64   // the other's time of its middle, seconds
	base    int       // lag at the curve's middle, in samples
	raw     []float32 // correlation at lags base−reach … base+reach, its root mean square being 1
	matched []float32 // the same, seen through the room's pattern
	curve   []float32 // and together with its neighbours in time
	peaks   []peak
	// lively says of the reference and of the other whether anything stood out in it: speech, most often.
	lively [2]bool
}

// peak is a candidate for the lag: seconds, and how far it stands out.
type peak struct{ lag, height float64 }

// centre is the window's lag, in seconds, at the middle of its curve.
func (w *window) centre() float64 { return float64(w.base) / SampleRate }

// height is the best of the curve within so many seconds of a lag, and where it is; covered is false where the lag lies outside of
// what was measured.
func (w *window) height(lag, within float64) (best, at float64, covered bool) {
	middle := (lag-w.centre())*SampleRate + reach
	first, last := int(math.Ceil(middle-within*SampleRate)), int(math.Floor(middle+within*SampleRate))
	if last < 1 || first > 2*reach-1 {
		return 0, lag, false
	}
	first, last = max(first, 1), min(last, 2*reach-1)
	top := first
	for i := first; i <= last; i++ {
		if w.curve[i] > w.curve[top] {
			top = i
		}
	}
	fraction := vertex(w.curve[top-1], w.curve[top], w.curve[top+1])
	return float64(w.curve[top]), w.centre() + (float64(top-reach)+fraction)/SampleRate, true
}

// alone is what the window says of a lag without its neighbours: the best within a millisecond, as near reflections come and go with
// what is said.
func (w *window) alone(lag float64) float64 {
	k := int(math.Round((lag-w.centre())*SampleRate)) + reach
	best := math.Inf(-1)
	for i := max(0, k-SampleRate/1000); i <= min(len(w.matched)-1, k+SampleRate/1000); i++ {
		best = max(best, float64(w.matched[i]))
	}
	return best
}

// measurer compares windows of two sounds.
type measurer struct {
	sounds   [2]Sound // reference, other
	features [2]features
	search   *search // in the reference's features
	fft      map[int]*transform
	hann     map[int][]float32
	work     []complex64
	samples  []int16
}

func newMeasurer(reference, other Sound, a, b features) *measurer {
	return &measurer{
		sounds: [2]Sound{reference, other}, features: [2]features{a, b}, search: newSearch(a),
		fft: map[int]*transform{}, hann: map[int][]float32{},
		work: make([]complex64, windowSize), samples: make([]int16, windowSize),
	}
}

// measure compares size samples (a power of two) around the other's time t with the reference as much later as lag says, both in
// seconds, by generalised cross-correlation with the phase transform (Knapp and Carter, 1976), whitened not quite fully: bands
// without speech must not have the same say. It reports false where one of them has nothing to be heard.
func (m *measurer) measure(t, lag float64, size int) (window, bool, error) {
	at := int(math.Round(t*SampleRate)) - size/2
	w := window{t: (float64(at) + float64(size)/2) / SampleRate, base: int(math.Round(lag * SampleRate))}
	raw, ok, err := m.compare(w.t, w.base, size, nil)
	if err != nil || !ok {
		return w, false, err
	}
	for side, from := range [2]int{at + w.base, at} {
		w.lively[side] = m.isLively(side, from, size)
	}
	w.raw, w.matched, w.curve = raw, raw, raw
	return w, true, nil
}

// compare gives the correlation at lags base−reach … base+reach, in samples, its root mean square being 1. With onsets, those of both
// sounds in this very window, only what rises is compared.
func (m *measurer) compare(t float64, base, size int, onsets *[2][]float32) ([]float32, bool, error) {
	at := int(math.Round(t*SampleRate)) - size/2
	x := m.work[:size]
	clear(x)
	for side, from := range [2]int{at + base, at} {
		loud, err := m.load(side, from, x)
		if err != nil || !loud {
			return nil, false, err
		}
	}
	if onsets != nil {
		a, b := openings(onsets[0]), openings(onsets[1])
		for i, v := range x {
			x[i] = complex(real(v)*a(i), imag(v)*b(i))
		}
	}
	fft := m.fft[size]
	if fft == nil {
		fft = newTransform(size)
		m.fft[size] = fft
	}
	fft.forward(x)
	whiten(x)
	fft.inverse(x)
	raw := make([]float32, 2*reach+1)
	energy := 0.0
	for i := range raw {
		v := real(x[(i-reach+size)%size])
		raw[i] = v
		energy += float64(v) * float64(v)
	}
	scale(raw, energy)
	return raw, true, nil
}

// scale makes a curve's root mean square 1.
func scale(curve []float32, energy float64) {
	f := float32(1 / math.Sqrt(energy/float64(len(curve))+1e-30))
	for i := range curve {
		curve[i] *= f
	}
}

// whiten turns the transform of reference + i·other into their cross spectrum, the size of each bin raised to a quarter.
func whiten(x []complex64) {
	n := len(x)
	low, high := lowCut*n/SampleRate, highCut*n/SampleRate
	for k := low; k <= high; k++ {
		p, q := x[k], x[n-k]
		a := complex(real(p)+real(q), imag(p)-imag(q))
		b := complex(imag(p)+imag(q), real(q)-real(p))
		c := timesConjugate(a, b)
		size := math.Sqrt(float64(real(c)*real(c)+imag(c)*imag(c))) + 1e-9
		root := math.Sqrt(size)
		f := float32(1 / (root * math.Sqrt(root))) // size to the power of −¾
		x[k] = complex(real(c)*f, imag(c)*f)
	}
	clear(x[:low])
	clear(x[high+1:])
}

// load reads a side's samples from number from on into the real (reference) or imaginary (other) parts, under a Hann window, zeros
// outside the sound; it reports whether there is anything to be heard.
func (m *measurer) load(side, from int, into []complex64) (bool, error) {
	size := len(into)
	s := m.sounds[side]
	first, last := max(from, 0), min(from+size, s.Len())
	if last-first < size/4 {
		return false, nil
	}
	taper := m.hann[size]
	if taper == nil {
		taper = hann(size)
		m.hann[size] = taper
	}
	view := m.samples[:last-first]
	if err := s.ReadAt(view, first); err != nil {
		return false, err
	}
	energy := 0.0
	for i, v := range view {
		k := first - from + i
		f := float32(v) * taper[k]
		if side == 0 {
			into[k] = complex(f, imag(into[k]))
		} else {
			into[k] = complex(real(into[k]), f)
		}
		energy += float64(f) * float64(f)
	}
	return energy > mute*mute*0.375*float64(len(view)), nil
}

// isLively reports whether a quarter of the middle half of a window's frames stand out.
func (m *measurer) isLively(side, from, size int) bool {
	frames := m.features[side].lively
	first, last := max((from+size/4)/hop, 0), min((from+size*3/4)/hop, len(frames))
	n := 0
	for i := first; i < last; i++ {
		if frames[i] {
			n++
		}
	}
	return n*4 >= size/2/hop
}

// findPeaks lists the highest places of the curve, a millisecond apart at least.
func (w *window) findPeaks() {
	w.peaks = w.peaks[:0]
	for i := 1; i < len(w.curve)-1; i++ {
		v := w.curve[i]
		if v < 3 || v < w.curve[i-1] || v <= w.curve[i+1] {
			continue
		}
		fraction := vertex(w.curve[i-1], v, w.curve[i+1])
		p := peak{w.centre() + (float64(i-reach)+fraction)/SampleRate, float64(v)}
		if n := len(w.peaks); n > 0 && p.lag-w.peaks[n-1].lag < 0.001 {
			if w.peaks[n-1].height < p.height {
				w.peaks[n-1] = p
			}
			continue
		}
		w.peaks = append(w.peaks, p)
	}
	for len(w.peaks) > peaksOfWindow {
		least := 0
		for i, p := range w.peaks {
			if p.height < w.peaks[least].height {
				least = i
			}
		}
		w.peaks = append(w.peaks[:least], w.peaks[least+1:]...)
	}
}
