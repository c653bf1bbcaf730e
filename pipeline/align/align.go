// Package align finds where one recording lies on another's clock, from the sound that both heard. It is pure computation: no
// files, no network, no clocks.
package align

import "context"

// SampleRate is the number of samples per second of every Sound.
const SampleRate = 8000

// Sound is what a recording heard: one channel of 16-bit samples, SampleRate per second, by media time. Where media is missing
// the samples are zero.
type Sound interface {
	// Len is the number of samples.
	Len() int
	// ReadAt fills dst with the samples from number at on; at+len(dst) is at most Len. It is never called concurrently.
	ReadAt(dst []int16, at int) error
}

// Prior is what is known of a take's start before listening.
type Prior struct {
	Known  bool
	Start  float64 // reference time, in seconds, at which the other sound is believed to start
	Within float64 // seconds that Start may be off, either way
}

// Placement says where the other sound lies: its time t is reference time Start + Rate·t, both in seconds.
type Placement struct {
	Start, Rate float64
	Residual    float64 // seconds; median distance of the evidence from the map
	Confidence  float64 // 0 to 1: the share of the evidence that agrees
	OK          bool    // whether the two were found to have heard the same
	Reason      string  // in plain English, why not; empty where OK
}

// Place finds where other lies on reference's clock. That it cannot be found is not an error but a Placement with a Reason;
// errors are the context's and those of ReadAt.
//
// It goes from coarse to fine. Blocks of the other sound are looked for everywhere in the reference by the shape of their energy
// in a few bands, which survives rooms and codecs (coarse.go). Those that agree on one line, offset and drift, say where to look
// closely: there the phase of the sound gives the distance to a fraction of a millisecond, window by window (fine.go), and a
// robust line through these is the answer (fit.go). Two sounds that are not of one scene give blocks and windows that agree on
// nothing; how probable their agreement is by chance decides.
func Place(ctx context.Context, reference, other Sound, prior Prior) (Placement, error) {
	refused := func(reason string) (Placement, error) { return Placement{Rate: 1, Reason: reason}, ctx.Err() }
	if min(reference.Len(), other.Len()) < shortest*SampleRate {
		return refused("one of the recordings has less than three seconds of sound")
	}
	a, err := extract(ctx, reference)
	if err != nil {
		return Placement{}, err
	}
	b, err := extract(ctx, other)
	if err != nil {
		return Placement{}, err
	}
	if a.silent() || b.silent() {
		return refused("one of the recordings is silent")
	}
	rough, ok, err := coarse(ctx, a, b, prior)
	if err != nil {
		return Placement{}, err
	}
	if !ok {
		return refused("nothing that is heard in the one is heard in the other")
	}
	windows, err := measure(ctx, reference, other, rough)
	if err != nil {
		return Placement{}, err
	}
	if answer, ok := fit(windows); ok {
		return answer, nil
	}
	if rough.certain {
		return Placement{Start: rough.lag, Rate: 1 + rough.drift, Residual: rough.residual, Confidence: 0.5, OK: true}, nil
	}
	return refused("the two sound alike in places, but their clocks cannot be matched")
}

// shortest is the least sound, in seconds, that is worth comparing.
const shortest = 3

// line is a hypothesis: a time t of the other sound is t + lag + drift·t of the reference.
type line struct {
	lag, drift float64 // seconds; seconds per second
	residual   float64 // seconds
	certain    bool    // coarse evidence alone is enough
}

func (l line) at(t float64) float64 { return l.lag + l.drift*t }
