package align_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/align"
)

func TestPCMIsReadAsItWasWritten(t *testing.T) {
	want := []int16{0, 1, -1, math.MaxInt16, math.MinInt16, 258}
	var file bytes.Buffer
	require.NoError(t, binary.Write(&file, binary.LittleEndian, want))
	size := int64(file.Len())
	s := align.NewPCM(bytes.NewReader(file.Bytes()), size)
	require.Equal(t, len(want), s.Len())
	got := make([]int16, len(want))
	require.NoError(t, s.ReadAt(got, 0), "up to the very end")
	assert.Equal(t, want, got)
	require.NoError(t, s.ReadAt(got[:2], 3))
	assert.Equal(t, want[3:5], got[:2])

	short := align.NewPCM(bytes.NewReader(file.Bytes()[:7]), size)
	assert.ErrorIs(t, short.ReadAt(got, 0), io.ErrUnexpectedEOF, "a file that has been cut since it was measured")
	assert.Equal(t, 3, align.NewPCM(bytes.NewReader(nil), 7).Len(), "half a sample is none")
}

func TestErrorsAreNotAnswers(t *testing.T) {
	v := speech(1, 40)
	a := hear(v, 0, 1, 20, 0.01, false, 2)
	broken := align.NewPCM(bytes.NewReader(nil), 40*align.SampleRate)
	_, err := align.Place(t.Context(), a, broken, align.Prior{})
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = align.Place(ctx, a, a, align.Prior{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestHolesDoNotMoveATake(t *testing.T) {
	v := speech(6, 100)
	a := hear(v, 0, 1, 80, 0.01, false, 2)
	b := hear(v, 9, 1.00005, 60, 0.02, true, 3)
	clear(a[20*align.SampleRate : 31*align.SampleRate]) // packets that were missing
	clear(b[40*align.SampleRate : 41*align.SampleRate])
	p, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	require.NotEqual(t, align.CannotAlign, p.Verdict, p.Reason)
	require.Len(t, p.Pieces, 1)
	for _, at := range []float64{0, 30, 60} {
		assert.InDelta(t, 9+1.00005*at, p.Pieces[0].At(at), 0.001, "at %v s of the take", at)
	}
}
