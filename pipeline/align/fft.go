package align

import (
	"math"
	"math/bits"
)

// transform is the discrete Fourier transform of one length, a power of two of at least 8, in single precision: Cooley and Tukey's
// with decimation in time, the first two steps as one of radix 4. gonum's, in double precision, takes three times as long.
type transform struct {
	n       int
	reverse []uint32
	twiddle [][]complex64 // by step: exp(−2πik/size), k < size/2
}

func newTransform(n int) *transform {
	t := &transform{n: n, reverse: make([]uint32, n)}
	shift := 32 - bits.Len(uint(n-1))
	for i := range t.reverse {
		t.reverse[i] = bits.Reverse32(uint32(i)) >> shift
	}
	for size := 8; size <= n; size *= 2 {
		w := make([]complex64, size/2)
		for k := range w {
			sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(size))
			w[k] = complex(float32(cos), float32(sin))
		}
		t.twiddle = append(t.twiddle, w)
	}
	return t
}

// forward transforms x in place.
func (t *transform) forward(x []complex64) {
	for i, j := range t.reverse {
		if int(j) > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	for i := 0; i+4 <= len(x); i += 4 {
		q := x[i : i+4 : i+4]
		a, b, c, d := q[0]+q[1], q[0]-q[1], q[2]+q[3], q[2]-q[3]
		d = complex(imag(d), -real(d))
		q[0], q[1], q[2], q[3] = a+c, b+d, a-c, b-d
	}
	for step, w := range t.twiddle {
		size := 8 << step
		half := size / 2
		for start := 0; start < t.n; start += size {
			low, high := x[start:start+half:start+half], x[start+half:start+size:start+size]
			high, w = high[:len(low)], w[:len(low)]
			for k, l := range low {
				h, f := high[k], w[k]
				v := complex(real(f)*real(h)-imag(f)*imag(h), real(f)*imag(h)+imag(f)*real(h))
				low[k], high[k] = l+v, l-v
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
