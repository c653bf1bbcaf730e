package align

import (
	"context"
	"math"
)

// Geometry of the fine measurement.
const (
	fineSize    = 32768 // samples of one window: 4.1 s
	fineReach   = 1200  // samples searched to either side: 150 ms
	mostWindows = 160
	whitening   = 0.78                         // exponent of the phase transform
	fineLow     = 200 * fineSize / SampleRate  // bins: 200 Hz
	fineHigh    = 3400 * fineSize / SampleRate // bins: 3400 Hz
)

// point is one measurement: at the other sound's time t, in seconds, its lag behind the reference's clock is lag.
type point struct {
	t, lag, weight float64
}

// measure finds, for windows spread over the overlap, the lag by generalised cross-correlation with phase transform (Knapp and
// Carter, 1976), whitened not quite fully, which keeps bands without speech from having their say.
func measure(ctx context.Context, reference, other Sound, rough line) ([]point, error) {
	fft := newTransform(fineSize)
	m := measurer{fft: fft, window: hann(fineSize), a: make([]complex64, fineSize), b: make([]complex64, fineSize), samples: make([]int16, fineSize)}
	from := max(0, -rough.lag)
	to := min(float64(other.Len()), float64(reference.Len())-rough.lag*SampleRate) / SampleRate
	const length = float64(fineSize) / SampleRate
	if to-from < length {
		from = max(0, min(from, to-length))
	}
	step := max((to-from-length)/mostWindows, length/4)
	var points []point
	for t := from; t+length <= to+0.01 || len(points) == 0 && t < to; t += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		expected := rough.at(t + length/2)
		p, ok, err := m.measureAt(reference, other, t, expected)
		if err != nil {
			return nil, err
		}
		if ok {
			points = append(points, p)
		}
	}
	return points, nil
}

type measurer struct {
	fft     *transform
	window  []float32
	a, b    []complex64
	samples []int16
}

// measureAt measures one window that begins at the other's time t.
func (m *measurer) measureAt(reference, other Sound, t, expected float64) (point, bool, error) {
	at := int(math.Round(t * SampleRate))
	shift := int(math.Round(expected * SampleRate))
	for _, side := range []struct {
		s    Sound
		from int
		into []complex64
	}{{reference, at + shift, m.a}, {other, at, m.b}} {
		loud, err := m.load(side.s, side.from, side.into)
		if err != nil || !loud {
			return point{}, false, err
		}
	}
	m.fft.forward(m.a)
	m.fft.forward(m.b)
	for k := range m.a {
		if k < fineLow || k > fineHigh {
			m.a[k] = 0
			continue
		}
		cross := timesConjugate(m.a[k], m.b[k])
		size := math.Hypot(float64(real(cross)), float64(imag(cross)))
		weight := float32(math.Pow(size+1e-9, -whitening))
		m.a[k] = complex(real(cross)*weight, imag(cross)*weight)
	}
	m.fft.inverse(m.a)
	best, top, energy := 0, float32(0), 0.0
	value := func(lag int) float32 { return real(m.a[(lag+fineSize)%fineSize]) }
	for lag := -fineReach; lag <= fineReach; lag++ {
		v := value(lag)
		if v < 0 {
			v = -v // one microphone may be wired the other way round
		}
		energy += float64(v) * float64(v)
		if v > top {
			best, top = lag, v
		}
	}
	sharp := float64(top) / math.Sqrt(energy/(2*fineReach+1)+1e-30)
	if best == -fineReach || best == fineReach || sharp < 4 {
		return point{}, false, nil
	}
	sign := float32(1)
	if value(best) < 0 {
		sign = -1
	}
	fraction := vertex(sign*value(best-1), sign*value(best), sign*value(best+1))
	lag := (float64(shift+best) + fraction) / SampleRate
	return point{t: t + float64(fineSize)/2/SampleRate, lag: lag, weight: min(sharp, 20)}, true, nil
}

// load reads a window, zeros outside the sound; it reports whether there is anything to be heard.
func (m *measurer) load(s Sound, from int, into []complex64) (bool, error) {
	clear(into)
	first, last := max(from, 0), min(from+fineSize, s.Len())
	if last-first < fineSize/4 {
		return false, nil
	}
	view := m.samples[:last-first]
	if err := s.ReadAt(view, first); err != nil {
		return false, err
	}
	energy := 0.0
	for i, v := range view {
		k := first - from + i
		into[k] = complex(float32(v)*m.window[k], 0)
		energy += float64(v) * float64(v)
	}
	return energy > float64(len(view)), nil
}
