package align

import (
	"context"
	"math"
	"slices"
)

// Geometry of the features.
const (
	frameRate  = 50                     // features per second
	hop        = SampleRate / frameRate // samples
	frameSize  = 256                    // samples of one frame: 32 ms
	bands      = 8
	pairs      = bands / 2
	lowest     = 150.0  // Hz
	highest    = 3700.0 // Hz
	meanFrames = 65     // 1.3 s: what is slower is the room and the gain control, not speech
	spread     = 400    // 8 s
	clip       = 2.5    // standard deviations
)

// features are the log energies of a sound in a few bands, each less its mean of the last moment and over its deviation, so that
// neither loudness nor the colour of a room matters. Missing media is zero.
//
// Two bands make one complex number: the correlation of complex sequences, Σ x·conj(y), has the sum of both bands' correlations
// for its real part, at half the price.
type features struct {
	n      int
	pairs  [pairs][]complex64
	heard  []bool // whether there is any sound in the frame
	lively []bool // whether the frame stands out from the quiet around it
}

// silent reports whether less than a second of anything was heard.
func (f features) silent() bool {
	n := 0
	for _, h := range f.heard {
		if h {
			n++
		}
	}
	return n < frameRate
}

// extract computes the features of a whole sound, reading it in pieces.
func extract(ctx context.Context, s Sound) (features, error) {
	n := max((s.Len()-frameSize)/hop+1, 0)
	f := features{n: n, heard: make([]bool, n)}
	var raw [bands][]float32
	for b := range raw {
		raw[b] = make([]float32, n)
	}
	total := make([]float32, n)
	e := newFrameAnalyser()
	const piece = 1500 // frames read at once: 30 s
	samples := make([]int16, (piece-1)*hop+frameSize)
	for first := 0; first < n; first += piece {
		if err := ctx.Err(); err != nil {
			return f, err
		}
		count := min(piece, n-first)
		view := samples[:(count-1)*hop+frameSize]
		if err := s.ReadAt(view, first*hop); err != nil {
			return f, err
		}
		// Two frames, real each, are one complex transform.
		for i := 0; i < count; i += 2 {
			j := min(i+1, count-1)
			e.analyse(view[i*hop:i*hop+frameSize], view[j*hop:j*hop+frameSize])
			for k, at := range [2]int{i, j} {
				for b := range bands {
					raw[b][first+at] = log(e.energy[k][b] + frameSize)
				}
				total[first+at] = log(e.total[k] + frameSize)
				// Below one unit of the least significant bit there is nothing but rounding.
				f.heard[first+at] = e.total[k] > frameSize
			}
		}
	}
	for b := range raw {
		normalise(raw[b], f.heard)
	}
	for p := range f.pairs {
		f.pairs[p] = make([]complex64, n)
		for i := range f.pairs[p] {
			f.pairs[p][i] = complex(raw[2*p][i], raw[2*p+1][i])
		}
	}
	f.lively = lively(total, f.heard)
	return f, nil
}

// frameAnalyser gives the energies of two frames at once.
type frameAnalyser struct {
	fft    *transform
	window []float32
	edges  [bands + 1]int
	work   []complex64
	energy [2][bands]float32
	total  [2]float32 // of the bands together
}

func newFrameAnalyser() *frameAnalyser {
	return &frameAnalyser{fft: newTransform(frameSize), window: hann(frameSize), edges: bandEdges(), work: make([]complex64, frameSize)}
}

func (e *frameAnalyser) analyse(x, y []int16) {
	x, y = x[:len(e.window)], y[:len(e.window)]
	for k, w := range e.window {
		e.work[k] = complex(float32(x[k])*w, float32(y[k])*w)
	}
	e.fft.forward(e.work)
	e.total = [2]float32{}
	for b := range bands {
		var first, second float32
		for k := e.edges[b]; k < e.edges[b+1]; k++ {
			p, q := e.work[k], e.work[frameSize-k]
			// X = (P + conj Q)/2, Y = (P − conj Q)/2i for the transforms P and Q at k and −k.
			xr, xi := real(p)+real(q), imag(p)-imag(q)
			yr, yi := imag(p)+imag(q), real(q)-real(p)
			first += xr*xr + xi*xi
			second += yr*yr + yi*yi
		}
		e.energy[0][b], e.energy[1][b] = first/4, second/4
		e.total[0] += first / 4
		e.total[1] += second / 4
	}
}

func log(v float32) float32 { return float32(math.Log(float64(v))) }

// bandEdges are the first bins of the bands, spaced evenly in the logarithm of frequency.
func bandEdges() (edges [bands + 1]int) {
	for b := range edges {
		hz := lowest * math.Pow(highest/lowest, float64(b)/bands)
		edges[b] = int(math.Round(hz * frameSize / SampleRate))
		if b > 0 {
			edges[b] = max(edges[b], edges[b-1]+1)
		}
	}
	return edges
}

func hann(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n)))
	}
	return w
}

// lively marks the frames whose energy is well above the floor of their half minute: someone speaks, something happens.
func lively(energy []float32, heard []bool) []bool {
	const (
		reach = 15 * frameRate
		stand = 1.1 // 4.8 dB as a natural logarithm of power
	)
	out := make([]bool, len(energy))
	around := make([]float32, 0, 2*reach)
	for from := 0; from < len(energy); from += reach {
		around = around[:0]
		for i := max(0, from-reach/2); i < min(len(energy), from+reach+reach/2); i++ {
			if heard[i] {
				around = append(around, energy[i])
			}
		}
		if len(around) == 0 {
			continue
		}
		slices.Sort(around)
		floor := around[len(around)/5]
		for i := from; i < min(len(energy), from+reach); i++ {
			out[i] = heard[i] && energy[i] > floor+stand
		}
	}
	return out
}

// normalise subtracts the running mean and divides by the running deviation, both centred, counting heard frames only.
func normalise(x []float32, heard []bool) {
	centred(x, heard, meanFrames/2, func(v, mean, _ float64) float64 { return v - mean })
	centred(x, heard, spread/2, func(v, _, deviation float64) float64 {
		return min(max(v/max(deviation, 0.1), -clip), clip)
	})
}

// centred replaces each heard value by f of itself and of the mean and root mean square of its surroundings; others become 0.
func centred(x []float32, heard []bool, reach int, f func(v, mean, rms float64) float64) {
	var sum, squares float64
	var count int
	add := func(i int, sign float64) {
		if i >= 0 && i < len(x) && heard[i] {
			v := float64(x[i])
			sum += sign * v
			squares += sign * v * v
			count += int(sign)
		}
	}
	for i := range min(reach, len(x)) {
		add(i, 1)
	}
	out := make([]float32, len(x))
	for i := range x {
		add(i+reach, 1)
		if heard[i] && count > 0 {
			n := float64(count)
			out[i] = float32(f(float64(x[i]), sum/n, math.Sqrt(max(squares/n, 0))))
		}
		add(i-reach, -1)
	}
	copy(x, out)
}
