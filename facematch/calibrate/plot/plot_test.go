package plot

import (
	"bytes"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/calibrate"
)

func TestWrite(t *testing.T) {
	var samples []calibrate.Sample
	for i, person := range []string{"a", "a", "a", "b", "b", "c"} {
		samples = append(samples, calibrate.Sample{Person: person, Descriptor: facematch.Descriptor{float32(i) * 0.2}})
	}
	r, err := calibrate.Evaluate(samples, 0.1)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, Write(&b, r))
	m, err := png.Decode(&b)
	require.NoError(t, err)
	seen := map[[3]uint32]bool{}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
		}
	}
	require.True(t, seen[[3]uint32{0xd1, 0x3b, 0x2e}], "false acceptance")
	require.True(t, seen[[3]uint32{0x2b, 0x6c, 0xb0}], "false rejection")
	require.True(t, seen[[3]uint32{0x1b, 0x7f, 0x5c}], "the suggestion")
}
