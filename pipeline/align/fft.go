package align

import (
	"math"
	"math/bits"
)

// transform is a radix-2 fast Fourier transform (Cooley and Tukey, 1965) of a fixed length, in single precision: sound has 16
// bits, and this is three times as fast as a library in double precision.
type transform struct {
	n       int
	twiddle []complex64 // exp(−2πik/n), k < n/2
}

func newTransform(n int) *transform {
	t := &transform{n: n, twiddle: make([]complex64, n/2)}
	for k := range t.twiddle {
		sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		t.twiddle[k] = complex(float32(cos), float32(sin))
	}
	return t
}

// forward transforms x in place.
func (t *transform) forward(x []complex64) {
	shift := 64 - bits.Len(uint(t.n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for size := 2; size <= t.n; size *= 2 {
		half, step := size/2, t.n/size
		for start := 0; start < t.n; start += size {
			low, high := x[start:start+half], x[start+half:start+size]
			for k := range low {
				w := t.twiddle[k*step]
				v := complex(real(w)*real(high[k])-imag(w)*imag(high[k]), real(w)*imag(high[k])+imag(w)*real(high[k]))
				low[k], high[k] = low[k]+v, low[k]-v
			}
		}
	}
}

// inverse transforms x back in place, without the factor 1/n.
func (t *transform) inverse(x []complex64) {
	t.forward(x)
	for i, j := 1, t.n-1; i < j; i, j = i+1, j-1 {
		x[i], x[j] = x[j], x[i]
	}
}

// timesConjugate gives a · conj(b).
func timesConjugate(a, b complex64) complex64 {
	return complex(real(a)*real(b)+imag(a)*imag(b), imag(a)*real(b)-real(a)*imag(b))
}
