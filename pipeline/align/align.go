// Package align finds where one recording lies on another's clock, from the sound that both heard. It is pure computation: no
// files, no network, no clocks. docs/alignment.md has the reasons, the figures and the peers.
package align

import (
	"context"
	"encoding/json"
	"math"
)

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

// Verdict says how far an Answer may be trusted.
type Verdict string

// The verdicts.
const (
	Exact       Verdict = "exact"        // right to a few milliseconds
	Approximate Verdict = "approximate"  // the same scene; the place may be some tens of milliseconds off
	CannotAlign Verdict = "cannot-align" // nothing ties the two together
)

// Piece maps an interval of the other sound's media time to the reference's: t is Start + Rate·t for From ≤ t < To, all in
// seconds. One recorder that lost samples without noticing makes two pieces out of one take.
type Piece struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Start    float64 `json:"start"`
	Rate     float64 `json:"rate"`
	Residual float64 `json:"residual"` // seconds; median distance of the evidence from the map
}

// At is the reference's time for the other's time t.
func (p Piece) At(t float64) float64 { return p.Start + p.Rate*t }

// Answer is where the other sound lies on the reference's clock.
type Answer struct {
	Verdict    Verdict `json:"verdict"`
	Confidence float64 `json:"confidence"` // 0 to 1: the share of what could be compared that agrees
	Pieces     []Piece `json:"pieces"`     // in order of From, apart from each other; empty where Verdict is CannotAlign
	Reason     string  `json:"reason"`     // in plain English, why not, or why not exactly; empty where Exact
	Evidence   []Point `json:"-"`          // what the answer rests on, for plots
}

// MarshalJSON writes no pieces as an empty list: programs that read the answer loop over it.
func (a Answer) MarshalJSON() ([]byte, error) {
	type plain Answer
	if a.Pieces == nil {
		a.Pieces = []Piece{}
	}
	return json.Marshal(plain(a))
}

// Point is one comparison of a few seconds: at the other's time T its sound came Lag seconds later on the reference's clock.
type Point struct {
	T, Lag float64
	Agrees bool // lies on its piece
}

// Place finds where other lies on reference's clock. That it cannot be found is not an error but a verdict with a reason; errors
// are the context's and those of ReadAt.
//
// It goes from coarse to fine. Blocks of the other sound are looked for in the reference by the shape of their energy in a few
// bands, which survives rooms and codecs (search.go); the likeliest path through what was found says roughly how the lag went
// over time (path.go). Along it the phase of the sound gives the lag of single windows to a fraction of a millisecond (window.go);
// lines of one slope through them are the pieces (track.go), whose ends are looked for closely (boundary.go). In a room the
// strongest arrival need not be the first: onsets tell which is (direct.go). How much of all that could be compared agrees, and
// how probable that is by chance, decides (verdict.go).
func Place(ctx context.Context, reference, other Sound, prior Prior) (Answer, error) {
	if min(reference.Len(), other.Len()) < shortest*SampleRate {
		return refused("one of the recordings has less than three seconds of sound"), ctx.Err()
	}
	a, err := extract(ctx, reference)
	if err != nil {
		return Answer{}, err
	}
	b, err := extract(ctx, other)
	if err != nil {
		return Answer{}, err
	}
	if a.silent() || b.silent() {
		return refused("one of the recordings is silent"), nil
	}
	m := newMeasurer(reference, other, a, b)
	rough, err := coarse(ctx, m.search, b, prior)
	if err != nil {
		return Answer{}, err
	}
	if len(rough) == 0 {
		return refused("nothing that is heard in the one is heard in the other"), nil
	}
	track, err := follow(ctx, m, rough)
	if err != nil {
		return Answer{}, err
	}
	if len(track.pieces) == 0 {
		return refused("the two sound alike in places, but their clocks cannot be matched"), nil
	}
	if err := track.bound(ctx, m); err != nil {
		return Answer{}, err
	}
	track, voices, err := reconsider(ctx, m, rough, track)
	if err != nil {
		return Answer{}, err
	}
	if err := track.findDirect(ctx, m); err != nil {
		return Answer{}, err
	}
	return track.judge(voices), nil
}

func refused(reason string) Answer {
	return Answer{Verdict: CannotAlign, Reason: reason}
}

// shortest is the least sound, in seconds, that is worth comparing.
const shortest = 3

// maxDrift is how far two clocks may differ: two phones differed by 273 ppm in Guggenberger's data.
const maxDrift = 450e-6

// line is a hypothesis: a time t of the other sound is t + lag + drift·t of the reference.
type line struct {
	lag, drift float64 // seconds; seconds per second
}

func (l line) at(t float64) float64 { return l.lag + l.drift*t }

// vertex is where between −½ and ½ the parabola through three values has its top.
func vertex(before, top, after float32) float64 {
	curve := before - 2*top + after
	if curve >= 0 {
		return 0
	}
	return math.Max(-0.5, math.Min(0.5, float64((before-after)/(2*curve))))
}
