package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLongerScriptBeginsLikeAShorter(t *testing.T) {
	short, long := newScript(3, 60*time.Second), newScript(3, 5*time.Minute)
	require.NotEmpty(t, short.claps)
	assert.Equal(t, short.claps, long.claps[:len(short.claps)])
	n := short.firstAfter(50)
	assert.Equal(t, short.syllables[:n], long.syllables[:n])
	assert.Equal(t, short.typing[:100], long.typing[:100])
	other := newScript(4, 60*time.Second)
	assert.NotEqual(t, short.claps, other.claps)
}

func TestMouthMovesWithTheVoice(t *testing.T) {
	s := newScript(1, time.Minute)
	h := newNear(s, 0)
	sound := make([]float32, soundRate/10)
	loudOpen, loudShut, quietOpen := 0, 0, 0
	for i := range 300 {
		h.read(sound)
		energy := 0.0
		for _, v := range sound {
			energy += float64(v) * float64(v)
		}
		open := 0.0
		for k := range 10 {
			at := (float64(i) + float64(k)/10) / 10
			open = max(open, s.mouth(candidate, at), s.mouth(interviewer, at))
		}
		loud := energy/float64(len(sound)) > 1e-3
		switch {
		case loud && open > 0:
			loudOpen++
		case loud:
			loudShut++
		case open > 0.3:
			quietOpen++
		}
	}
	assert.Greater(t, loudOpen, 80)
	assert.Less(t, loudShut+quietOpen, loudOpen/5)
}

func TestTheSameSoundWhereverARecorderStarts(t *testing.T) {
	s := newScript(1, time.Minute)
	early, late := newNear(s, 2), newNear(s, 5.5)
	a, b := make([]float32, 5*soundRate), make([]float32, soundRate+soundRate/2)
	early.read(a)
	late.read(b)
	assert.Equal(t, b, a[3*soundRate+soundRate/2:])
}

func TestThePhoneHearsTheSceneLaterAndByItsOwnClock(t *testing.T) {
	s := newScript(1, time.Minute)
	clap := s.claps[0]
	for _, rate := range []float64{1, 1.001} {
		start := clap - 4
		h := newFar(s, start, rate)
		sound := make([]float32, 5*soundRate)
		h.read(sound)
		want := (clap + farDelay - start) / rate
		first := 0
		for i := int((want - 0.1) * soundRate); i < len(sound); i++ {
			if v := sound[i]; v > 0.08 || v < -0.08 {
				first = i
				break
			}
		}
		assert.InDelta(t, want, float64(first)/soundRate, 0.0005, "rate %v", rate)
	}
}
