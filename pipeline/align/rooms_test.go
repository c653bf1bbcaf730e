package align_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/align"
)

// A phone may lie in a corner, or face a wall: what is reflected is louder than what comes straight, and later.
func TestTheDirectPathIsFoundBehindALouderReflection(t *testing.T) {
	v := speech(14, 100)
	for i := range v.syllables {
		// Consonants begin at once.
		v.syllables[i].to = v.syllables[i].from + 0.03
	}
	a, b := hear(v, 0, 1, 60, 0.01, false, 2), hear(v, 5, 1, 50, 0.01, true, 3)
	const late = 9 * align.SampleRate / 1000
	reflected := make(align.Samples, len(b))
	for i := range b {
		sum := 0.55 * float64(b[i])
		if i >= late {
			sum += 0.65 * float64(b[i-late])
		}
		reflected[i] = int16(min(max(sum, -32768), 32767))
	}
	p, err := align.Place(t.Context(), a, reflected, align.Prior{})
	require.NoError(t, err)
	require.Len(t, p.Pieces, 1, p.Reason)
	assert.InDelta(t, 5, p.Pieces[0].At(0), 0.001)
}

// Two rooms begin with the same long question, at the same time; then each has its own answer.
func TestRoomsThatPartWaysAreNotOne(t *testing.T) {
	question, one, two := speech(30, 100), speech(31, 100), speech(32, 100)
	scene := func(answer voice) voice {
		return voice{append(between(question, 0, 33), between(answer, 33, 60)...)}
	}
	a, b := hear(scene(one), 0, 1, 52, 0.01, false, 2), hear(scene(two), 1.5, 1, 50, 0.02, true, 3)
	p, err := align.Place(t.Context(), a, b, align.Prior{})
	require.NoError(t, err)
	assert.Equal(t, align.CannotAlign, p.Verdict, "placed at %v with confidence %v", p.Pieces, p.Confidence)
}
