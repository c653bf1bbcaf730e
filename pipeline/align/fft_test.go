package align

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTransform compares with the definition, in double precision.
func TestTransform(t *testing.T) {
	const n = 64
	random := rand.New(rand.NewPCG(1, 2))
	x := make([]complex64, n)
	for i := range x {
		x[i] = complex(float32(random.NormFloat64()), float32(random.NormFloat64()))
	}
	got := append([]complex64(nil), x...)
	fft := newTransform(n)
	fft.forward(got)
	for k := range n {
		var want complex128
		for i, v := range x {
			want += complex128(v) * cmplx.Rect(1, -2*math.Pi*float64(i*k)/n)
		}
		assert.InDelta(t, 0, cmplx.Abs(want-complex128(got[k])), 1e-4, "bin %d", k)
	}
	fft.inverse(got)
	for i := range x {
		assert.InDelta(t, 0, cmplx.Abs(complex128(got[i]/n-x[i])), 1e-5, "sample %d", i)
	}
}
