package align

import (
	"context"
	"math"
)

// Geometry of the features.
const (
	frameRate  = 50                     // features per second
	hop        = SampleRate / frameRate // samples
	frameSize  = 256                    // samples of one frame: 32 ms
	bands      = 7
	lowest     = 150.0  // Hz
	highest    = 3600.0 // Hz
	meanFrames = 65     // 1.3 s: what is slower is the room and the gain control, not speech
	spread     = 400    // 8 s
	clip       = 2.5    // standard deviations
)

// features are the log energies of a sound in a few bands, each less its mean of the last moment and over its deviation, so that
// neither loudness nor the colour of a room matters. Missing media is zero.
type features struct {
	n     int
	bands [bands][]float32
	heard []bool // whether there is any sound in the frame
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
	for b := range f.bands {
		f.bands[b] = make([]float32, n)
	}
	window := hann(frameSize)
	edges := bandEdges()
	fft := newTransform(frameSize)
	spectrum := make([]complex64, frameSize)
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
		for i := range count {
			var energy float32
			for k, v := range view[i*hop : i*hop+frameSize] {
				spectrum[k] = complex(float32(v)*window[k], 0)
				energy += float32(v) * float32(v)
			}
			// Below one unit of the least significant bit there is nothing but rounding.
			f.heard[first+i] = energy > frameSize
			fft.forward(spectrum)
			for b := range bands {
				var sum float32
				for k := edges[b]; k < edges[b+1]; k++ {
					sum += real(spectrum[k])*real(spectrum[k]) + imag(spectrum[k])*imag(spectrum[k])
				}
				f.bands[b][first+i] = float32(math.Log(float64(sum) + frameSize))
			}
		}
	}
	for b := range f.bands {
		normalise(f.bands[b], f.heard)
	}
	return f, nil
}

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
	add := func(i, sign int) {
		if i >= 0 && i < len(x) && heard[i] {
			v := float64(x[i])
			sum += float64(sign) * v
			squares += float64(sign) * v * v
			count += sign
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
