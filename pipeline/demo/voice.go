package demo

import (
	"math"
	"math/rand/v2"
)

// soundRate is the rate at which sound is made, as browsers record it.
const soundRate = 48000

// vowel is a shape of the vocal tract: the first three formants of a man's voice in Hz (Peterson and Barney, Control Methods
// Used in a Study of the Vowels, 1952), and how far the mouth is open.
type vowel struct {
	formants [3]float64
	open     float64
}

var vowels = []vowel{
	{[3]float64{730, 1090, 2440}, 1},    // father
	{[3]float64{530, 1840, 2480}, 0.7},  // head
	{[3]float64{270, 2290, 3010}, 0.35}, // heed
	{[3]float64{570, 840, 2410}, 0.75},  // hawed
	{[3]float64{300, 870, 2240}, 0.3},   // who'd
	{[3]float64{490, 1350, 1690}, 0.5},  // heard
	{[3]float64{660, 1720, 2410}, 0.85}, // had
}

// voice renders the script's sound as the microphone of the laptop hears it: glottal pulses through formants that move from
// vowel to vowel (a cascade synthesiser after Klatt, 1980), hissing consonants, beeps and claps.
type voice struct {
	script *script
	n      int // number of the next sample; sample n is at scene time n/soundRate
	next   int // index of the syllable that is due
	noise  *rand.Rand

	phase, jitter float64
	pulse         float64
	formants      [3]float64
	tract         [4]resonator
	hiss          resonator
}

func newVoice(s *script) *voice {
	v := &voice{script: s, noise: rand.New(rand.NewPCG(s.seed, 2)), jitter: 1}
	v.formants = vowels[5].formants
	v.tract[3].tune(3500, 250)
	return v
}

// block is how many samples share one set of parameters: 1 ms.
const block = soundRate / 1000

// read fills out with the samples that follow. Its length is a multiple of block.
func (v *voice) read(out []float32) {
	for len(out) > 0 {
		v.block(out[:block])
		out = out[block:]
		v.n += block
	}
}

func (v *voice) block(out []float32) {
	at := float64(v.n) / soundRate
	all := v.script.syllables
	for v.next < len(all) && all[v.next].at+all[v.next].length < at {
		v.next++
	}
	clear(out)
	if v.next < len(all) && at >= all[v.next].at-all[v.next].onset {
		v.speak(all[v.next], at, out)
	} else {
		v.silence(out)
	}
	v.beep(at, out)
	v.clap(out)
	for i := range out {
		// The room's own noise: 60 dB below full scale.
		out[i] += float32(0.001 * (v.noise.Float64()*2 - 1))
	}
}

// speak adds one millisecond of a syllable.
func (v *voice) speak(s syllable, at float64, out []float32) {
	into := (at - s.at) / s.length
	target := vowels[s.vowel].formants
	size := 1.0
	if s.speaker == candidate {
		size = 1.14 // a shorter vocal tract
	}
	for i := range v.formants {
		v.formants[i] += (target[i]*size - v.formants[i]) * 0.05
		v.tract[i].tune(v.formants[i], []float64{70, 95, 140}[i])
	}
	v.hiss.tune(max(s.hissing, 1000), 1200)
	voiced, breath := 0.0, 0.004*s.loudness
	if into >= 0 {
		voiced = s.loudness * math.Pow(math.Sin(math.Pi*min(max(into, 0.02), 0.98)), 0.6)
	} else {
		breath = 0.07 * s.loudness * (1 + into*s.length/max(s.onset, 0.001)*0.3)
	}
	pitch := s.pitch[0] + (s.pitch[1]-s.pitch[0])*max(into, 0)
	gain := 0.5
	if s.speaker == interviewer {
		gain = 0.45
	}
	for i := range out {
		white := v.noise.Float64()*2 - 1
		x := voiced * v.glottis(pitch)
		for t := range v.tract {
			x = v.tract[t].filter(x)
		}
		x += v.hiss.filter(breath*white) * 1.5
		out[i] += float32(math.Tanh(gain * x))
	}
}

// silence lets the resonances ring out.
func (v *voice) silence(out []float32) {
	for i := range out {
		x := 0.0
		for t := range v.tract {
			x = v.tract[t].filter(x)
		}
		out[i] += float32(0.3 * x)
	}
}

// glottis gives the derivative of Rosenberg's glottal pulse (Effect of Glottal Pulse Shape on the Quality of Natural Vowels,
// 1971), with periods that vary by some percent so that no two are alike.
func (v *voice) glottis(pitch float64) float64 {
	v.phase += pitch * v.jitter / soundRate
	if v.phase >= 1 {
		v.phase--
		v.jitter = 1 + 0.03*(v.noise.Float64()*2-1)
	}
	const opening, closing = 0.4, 0.16
	flow := 0.0
	switch {
	case v.phase < opening:
		flow = 0.5 * (1 - math.Cos(math.Pi*v.phase/opening))
	case v.phase < opening+closing:
		flow = math.Cos(math.Pi / 2 * (v.phase - opening) / closing)
	}
	change := flow - v.pulse
	v.pulse = flow
	return change * 14
}

func (v *voice) beep(at float64, out []float32) {
	const length = 0.18
	for _, b := range v.script.beeps {
		if at < b || at >= b+length {
			continue
		}
		for i := range out {
			t := at - b + float64(i)/soundRate
			envelope := min(1, t/0.01, max(0, length-t)/0.03)
			out[i] += float32(0.15 * envelope * math.Sin(2*math.Pi*(740+440*t/length)*t))
		}
	}
}

// clapLength is how long a clap rings.
const clapLength = 0.04

// clap adds a burst of noise that begins with the very sample of its moment.
func (v *voice) clap(out []float32) {
	for c, at := range v.script.claps {
		first := int(math.Round(at * soundRate))
		if v.n+len(out) <= first || v.n > first+int(clapLength*soundRate) {
			continue
		}
		for i := range out {
			n := v.n + i - first
			if n < 0 {
				continue
			}
			// Noise below 4 kHz, where hands have their loudness and a room does not swallow it.
			burst := hash(v.script.seed+uint64(c), uint64(n/6))
			out[i] += float32(0.9 * burst * math.Exp(-float64(n)/(0.006*soundRate)))
		}
	}
}

// hash gives a number between −1 and 1 (splitmix64).
func hash(a, b uint64) float64 {
	z := a*0x9E3779B97F4A7C15 + b + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>11)/(1<<52) - 1
}

// resonator is a digital resonator of second order (Klatt, Software for a Cascade/Parallel Formant Synthesizer, 1980, eq. 1–2).
type resonator struct{ a, b, c, y1, y2 float64 }

func (r *resonator) tune(frequency, bandwidth float64) {
	r.c = -math.Exp(-2 * math.Pi * bandwidth / soundRate)
	r.b = 2 * math.Exp(-math.Pi*bandwidth/soundRate) * math.Cos(2*math.Pi*frequency/soundRate)
	r.a = 1 - r.b - r.c
}

func (r *resonator) filter(x float64) float64 {
	y := r.a*x + r.b*r.y1 + r.c*r.y2
	r.y2, r.y1 = r.y1, y
	return y
}
