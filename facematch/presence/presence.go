// Package presence turns what single frames of a recording showed into intervals that a person should look at: nobody there, several
// people, somebody else, a covered camera, too dark to see. It is pure.
//
// Single frames are wrong often: heads turn away, a face on a poster appears, a frame is blurred. An interval is given only when
// evidence for it has piled up, and what contradicts it takes evidence away (a cumulative sum, as in quality control).
package presence

import (
	"math"
	"slices"
	"time"

	"github.com/trivue/trivue/facematch"
)

// Kind is what an interval shows.
type Kind string

// The kinds, in the order in which intervals of the same start are given.
const (
	Absent    Kind = "absent"
	Several   Kind = "several"
	Different Kind = "different"
	Covered   Kind = "covered"
	Dark      Kind = "dark"
)

// Kinds are all of them.
var Kinds = []Kind{Absent, Several, Different, Covered, Dark}

// Seen is what one frame showed.
type Seen string

// What a frame can show: one of the kinds, or one of these.
const (
	Same Seen = "same" // one face, near enough to the registered one
	// Someone is one face of which it cannot be said whose it is.
	Someone Seen = "someone"
)

// Observation is one frame.
type Observation struct {
	At   time.Duration `json:"at"` // interview time
	Seen Seen          `json:"seen"`
	// Distance to the registered face, where there was one face; nil otherwise.
	Distance *float64 `json:"distance,omitempty"`
}

// Interval is a time that a person should look at.
type Interval struct {
	Kind Kind          `json:"kind"`
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	// Frames showed it, Against showed something that contradicts it.
	Frames  int `json:"frames"`
	Against int `json:"against"`
	// Show is the time of the frame to show first: the one in the middle, and for Different the one with the median distance.
	Show time.Duration `json:"show"`
	// Distance is the median of the frames', for Different.
	Distance *float64 `json:"distance,omitempty"`
}

// Rules say how much evidence makes an interval.
type Rules struct {
	// Least is how long a kind must have been seen, after what contradicts it was taken off.
	Least map[Kind]time.Duration `json:"least"`
	// Frames is in how many frames it must have been seen.
	Frames int `json:"frames"`
	// Step is for how long one frame speaks at most: frames farther apart leave time of which nothing is known.
	Step time.Duration `json:"step"`
	// Break is how long a time without frames may be within an interval.
	Break time.Duration `json:"break"`
	// CoveredDeviation and DarkMean are up to which a frame without a face counts as covered and as dark (facematch.Light).
	CoveredDeviation float64 `json:"coveredDeviation"`
	DarkMean         float64 `json:"darkMean"`
}

// DefaultRules are for a frame every second or two. Heads are turned away longer than others look over a shoulder.
func DefaultRules() Rules {
	return Rules{
		Least:  map[Kind]time.Duration{Absent: 10 * time.Second, Several: 3 * time.Second, Different: 6 * time.Second, Covered: 5 * time.Second, Dark: 10 * time.Second},
		Frames: 3, Step: 3 * time.Second, Break: 15 * time.Second, CoveredDeviation: 6, DarkMean: 25,
	}
}

// Observe says what a frame showed, compared with the registered picture.
func Observe(at time.Duration, frame, registered facematch.Picture, threshold float64, limits facematch.Limits, rules Rules) (Observation, error) {
	o := Observation{At: at}
	flaws := frame.Flaws(limits)
	switch {
	case slices.Contains(flaws, facematch.NoFace) && frame.Light.Deviation <= rules.CoveredDeviation:
		o.Seen = Seen(Covered)
	case slices.Contains(flaws, facematch.NoFace) && frame.Light.Mean <= rules.DarkMean:
		o.Seen = Seen(Dark)
	case slices.Contains(flaws, facematch.NoFace):
		o.Seen = Seen(Absent)
	case slices.Contains(flaws, facematch.SeveralFaces):
		o.Seen = Seen(Several)
	default:
		comparison, err := facematch.Compare(registered, frame, threshold, limits)
		if err != nil {
			return Observation{}, err
		}
		o.Distance = comparison.Distance
		switch comparison.Verdict {
		case facematch.Same:
			o.Seen = Same
		case facematch.Different:
			o.Seen = Seen(Different)
		default:
			o.Seen = Someone
		}
	}
	return o, nil
}

// votes say what a frame that shows something means for a kind: how fast evidence for it grows or goes. What is not listed says nothing.
var votes = map[Kind]map[Seen]float64{
	Absent:    {Seen(Absent): 1, Same: -2, Someone: -2, Seen(Several): -2, Seen(Different): -2},
	Several:   {Seen(Several): 1, Same: -0.5, Someone: -0.5, Seen(Different): -0.5, Seen(Absent): -0.5},
	Different: {Seen(Different): 1, Same: -3},
	Covered:   {Seen(Covered): 1, Same: -2, Someone: -2, Seen(Several): -2, Seen(Different): -2, Seen(Absent): -1},
	Dark:      {Seen(Dark): 1, Same: -2, Someone: -2, Seen(Several): -2, Seen(Different): -2, Seen(Absent): -1},
}

// Find gives the intervals of a recording, by start. The observations may come in any order; end is when the last frame's time is over.
func Find(observations []Observation, end time.Duration, rules Rules) []Interval {
	sorted := slices.Clone(observations)
	slices.SortStableFunc(sorted, func(a, b Observation) int { return int(a.At - b.At) })
	found := []Interval{}
	for _, kind := range Kinds {
		s := search{kind: kind, rules: rules, all: sorted}
		for i, o := range sorted {
			next := end
			if i+1 < len(sorted) {
				next = sorted[i+1].At
			}
			s.take(i, o, max(next-o.At, 0))
		}
		s.conclude()
		found = append(found, s.found...)
	}
	slices.SortStableFunc(found, func(a, b Interval) int { return int(a.From - b.From) })
	return found
}

// search follows the evidence for one kind.
type search struct {
	kind  Kind
	rules Rules
	all   []Observation
	found []Interval

	score, peak time.Duration
	from        int           // the frame at which the score left zero
	last        int           // the frame at which it was highest
	to          time.Duration // when that frame's time is over
}

// take adds a frame that is followed by the next one after a while.
func (s *search) take(i int, o Observation, until time.Duration) {
	vote := votes[s.kind][o.Seen]
	weight := time.Duration(vote * float64(min(until, s.rules.Step)))
	switch {
	case vote > 0:
		if s.score == 0 {
			s.from, s.peak = i, 0
		}
		s.score += weight
		if s.score >= s.peak {
			s.peak, s.last, s.to = s.score, i, o.At+min(until, s.rules.Step)
		}
	case s.score > 0:
		s.score = max(s.score+weight, 0)
		// Once as much speaks against it as it takes to speak for it, the interval was over at its peak.
		if s.score == 0 || s.peak-s.score >= s.rules.Least[s.kind] {
			s.conclude()
		}
	}
	if until > s.rules.Break {
		s.conclude()
	}
}

// conclude keeps what has piled up, if it is enough, and starts anew.
func (s *search) conclude() {
	if s.peak >= s.rules.Least[s.kind] {
		if interval := s.interval(); interval.Frames >= s.rules.Frames {
			s.found = append(s.found, interval)
		}
	}
	s.score, s.peak = 0, 0
}

func (s *search) interval() Interval {
	interval := Interval{Kind: s.kind, From: s.all[s.from].At, To: s.to}
	var showing []Observation
	for _, o := range s.all[s.from : s.last+1] {
		switch vote := votes[s.kind][o.Seen]; {
		case vote > 0:
			showing = append(showing, o)
		case vote < 0:
			interval.Against++
		}
	}
	interval.Frames = len(showing)
	if s.kind == Different {
		slices.SortStableFunc(showing, func(a, b Observation) int {
			switch x, y := distance(a), distance(b); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		interval.Distance = showing[len(showing)/2].Distance
	}
	interval.Show = showing[len(showing)/2].At
	return interval
}

func distance(o Observation) float64 {
	if o.Distance == nil {
		return math.Inf(1)
	}
	return *o.Distance
}
