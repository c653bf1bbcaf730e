package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// speaker is one of the two voices.
type speaker int

const (
	interviewer speaker = iota // from the laptop's loudspeaker
	candidate
)

// syllable is the smallest piece of the script that both the voice and the mouth follow. Times are seconds of scene time.
type syllable struct {
	speaker   speaker
	at        float64 // where the vowel begins
	length    float64 // of the vowel
	onset     float64 // length of the consonant's noise before it, 0 for none
	vowel     int     // index into vowels
	pitch     [2]float64
	loudness  float64
	hissing   float64 // centre of the consonant's noise, Hz
	wordStart bool
}

// script is what happens in the scene. It is the same for all three recorders.
type script struct {
	seed      uint64
	length    float64 // seconds
	syllables []syllable
	beeps     []float64 // before each question
	claps     []float64 // a clap and a white flash at the same moment
	typing    []keystroke
}

// keystroke says how much of the answer stands on the screen from a moment on.
type keystroke struct {
	at      float64
	letters int
}

// newScript writes a script of questions and answers. The same seed gives the same script; a longer one begins like a shorter.
func newScript(seed uint64, length time.Duration) *script {
	s := &script{seed: seed, length: length.Seconds()}
	// Speech, claps and typing have numbers of their own, or one would change with the length of the other.
	rng := rand.New(rand.NewPCG(seed, 1))
	between := func(from, to float64) float64 { return from + (to-from)*rng.Float64() }
	for at := 1.0; at < s.length; {
		s.beeps = append(s.beeps, at)
		at = s.speak(rng, interviewer, at+0.5, at+between(3.5, 5.5))
		at = s.speak(rng, candidate, at+between(0.6, 1.4), at+between(9, 15))
		at += between(0.8, 1.6)
	}
	rng = rand.New(rand.NewPCG(seed, 4))
	for at := 9.0; at < s.length-1; at += between(9, 13) {
		s.claps = append(s.claps, math.Round(at*1000)/1000)
	}
	s.syllables = slices.DeleteFunc(s.syllables, s.besideClap)
	rng = rand.New(rand.NewPCG(seed, 5))
	at, letters := 10.0, 0
	for at < s.length {
		letters++
		at += between(0.06, 0.22)
		if rng.IntN(25) == 0 {
			at += between(0.8, 2.5)
		}
		s.typing = append(s.typing, keystroke{at, letters})
	}
	return s
}

// besideClap reports whether a syllable would blur a clap: nobody speaks while clapping.
func (s *script) besideClap(syl syllable) bool {
	const quiet = 0.2
	for _, c := range s.claps {
		if syl.at-syl.onset < c+quiet && syl.at+syl.length > c-quiet {
			return true
		}
	}
	return false
}

// speak adds words until a moment, and returns when the last one ends.
func (s *script) speak(rng *rand.Rand, who speaker, at, until float64) float64 {
	between := func(from, to float64) float64 { return from + (to-from)*rng.Float64() }
	base := 118.0
	if who == candidate {
		base = 196
	}
	for at < until {
		// One breath: the pitch sinks over it, as it does in any language's statements.
		words := 3 + rng.IntN(5)
		for w := range words {
			level := base * (1.15 - 0.3*float64(w)/float64(words))
			for n := range 1 + rng.IntN(3) {
				syl := syllable{
					speaker: who, length: between(0.09, 0.24), vowel: rng.IntN(len(vowels)), loudness: between(0.6, 1), wordStart: n == 0,
				}
				if rng.IntN(3) > 0 {
					syl.onset, syl.hissing = between(0.03, 0.09), between(2500, 6500)
				}
				syl.pitch = [2]float64{level * between(0.92, 1.12), level * between(0.86, 1.06)}
				syl.at = at + syl.onset
				at = syl.at + syl.length + between(0.005, 0.03)
				s.syllables = append(s.syllables, syl)
			}
			at += between(0.03, 0.11)
		}
		at += between(0.25, 0.8)
	}
	return at
}

// mouth is how far a speaker's mouth is open at a moment, 0 to 1.
func (s *script) mouth(who speaker, at float64) float64 {
	for i := s.firstAfter(at) - 1; i >= 0 && s.syllables[i].at > at-1; i-- {
		syl := s.syllables[i]
		if into := (at - syl.at) / syl.length; syl.speaker == who && into >= 0 && into <= 1 {
			return math.Sin(math.Pi*into) * syl.loudness * vowels[syl.vowel].open
		}
	}
	return 0
}

// firstAfter is the index of the first syllable whose vowel begins after a moment.
func (s *script) firstAfter(at float64) int {
	lo, hi := 0, len(s.syllables)
	for lo < hi {
		if mid := (lo + hi) / 2; s.syllables[mid].at > at {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// flashLength is how long a flash lasts: two pictures at 15 a second.
const flashLength = 0.134

// flashing reports whether the scene is lit by a flash.
func (s *script) flashing(at float64) bool {
	for _, c := range s.claps {
		if at >= c && at < c+flashLength {
			return true
		}
	}
	return false
}

// letters is how much of the answer is typed at a moment.
func (s *script) letters(at float64) int {
	n := 0
	for _, k := range s.typing {
		if k.at > at {
			break
		}
		n = k.letters
	}
	return n
}
