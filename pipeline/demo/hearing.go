package demo

import (
	"math"
	"math/rand/v2"
)

// hearing is the sound of one recorder: its samples in order.
type hearing interface {
	// read fills out with the samples that follow.
	read(out []float32)
}

// near is the laptop's microphone: it hears the scene as it is, from a moment on. Camera and screen recording share it.
type near struct {
	voice *voice
	ahead []float32
}

// newNear starts at a scene time in seconds, to the sample.
func newNear(s *script, start float64) *near {
	h := &near{voice: newVoice(s)}
	skip := int(math.Round(start * soundRate))
	buf := make([]float32, 10*block)
	for skip > 0 {
		n := min(skip, len(buf))
		h.read(buf[:n])
		skip -= n
	}
	return h
}

func (h *near) read(out []float32) {
	for len(out) > 0 {
		if len(h.ahead) == 0 {
			h.ahead = make([]float32, 100*block)
			h.voice.read(h.ahead)
		}
		n := copy(out, h.ahead)
		out, h.ahead = out[n:], h.ahead[n:]
	}
}

// far is the phone's microphone: across the desk, in a room, with a clock of its own.
type far struct {
	scene  *near
	noise  *rand.Rand
	step   float64 // samples of scene per sample of the phone
	place  float64 // of the next sample between window[1] and window[2]
	window [4]float32
	room   room
}

// farDelay is how long sound takes to the phone, 1.2 m away, in seconds.
const farDelay = 0.0035

// newFar starts at a scene time; rate is scene time per media time.
func newFar(s *script, start, rate float64) *far {
	h := &far{scene: newNear(s, max(0, start-farDelay)), noise: rand.New(rand.NewPCG(s.seed, 3)), step: rate}
	for i := 1; i < len(h.window); i++ {
		h.advance()
	}
	return h
}

func (h *far) advance() {
	copy(h.window[:], h.window[1:])
	var next [1]float32
	h.scene.read(next[:])
	h.window[3] = h.room.reverberate(next[0])
}

func (h *far) read(out []float32) {
	for i := range out {
		for h.place >= 1 {
			h.place--
			h.advance()
		}
		x := catmullRom(h.window, float32(h.place))
		out[i] = x + float32(0.003*(h.noise.Float64()*2-1))
		h.place += h.step
	}
}

// catmullRom interpolates between the two middle samples.
func catmullRom(p [4]float32, t float32) float32 {
	return p[1] + 0.5*t*(p[2]-p[0]+t*(2*p[0]-5*p[1]+4*p[2]-p[3]+t*(3*(p[1]-p[2])+p[3]-p[0])))
}

// room is a small room: the direct sound without its treble, early reflections, and a tail after Schroeder (Natural Sounding
// Artificial Reverberation, 1962).
type room struct {
	low   float32
	early delay
	combs [4]delay
	pass  [2]delay
}

func (r *room) reverberate(x float32) float32 {
	if r.early.line == nil {
		r.early = newDelay(0.0311)
		for i, seconds := range []float64{0.0297, 0.0371, 0.0411, 0.0437} {
			r.combs[i] = newDelay(seconds)
		}
		for i, seconds := range []float64{0.005, 0.0017} {
			r.pass[i] = newDelay(seconds)
		}
	}
	r.low += (x - r.low) * 0.45
	r.early.push(r.low)
	early := 0.18*r.early.back(0.0073) + 0.13*r.early.back(0.0131) + 0.1*r.early.back(0.0229) + 0.08*r.early.last()
	var tail float32
	for i := range r.combs {
		y := r.combs[i].last()
		r.combs[i].push(r.low + 0.72*y)
		tail += y
	}
	for i := range r.pass {
		y := r.pass[i].last()
		in := tail + 0.7*y
		r.pass[i].push(in)
		tail = y - 0.7*in
	}
	return 0.34*r.low + early + 0.035*tail
}

// delay is a delay line.
type delay struct {
	line []float32
	at   int
}

func newDelay(seconds float64) delay { return delay{line: make([]float32, int(seconds*soundRate))} }

// last is the oldest sample, which push overwrites.
func (d *delay) last() float32 { return d.line[d.at] }

func (d *delay) push(x float32) {
	d.line[d.at] = x
	d.at = (d.at + 1) % len(d.line)
}

// back is the sample of so many seconds ago.
func (d *delay) back(seconds float64) float32 {
	n := int(seconds * soundRate)
	return d.line[(d.at-1-n+2*len(d.line))%len(d.line)]
}
