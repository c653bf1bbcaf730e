package main

import (
	"math"
	"sort"
)

// The verdicts that `trivue align` gives.
const (
	exact       = "exact"
	approximate = "approximate"
	cannotAlign = "cannot-align"
)

// answer is what `trivue align --json` prints.
type answer struct {
	Verdict    string  `json:"verdict"`
	Confidence float64 `json:"confidence"`
	Pieces     []piece `json:"pieces"`
	Reason     string  `json:"reason"`
}

// piece maps OTHER's media time to REFERENCE's: reference = Start + Rate·t for From ≤ t < To, in seconds.
type piece struct {
	From     float64 `json:"from"`
	To       float64 `json:"to"`
	Start    float64 `json:"start"`
	Rate     float64 `json:"rate"`
	Residual float64 `json:"residual"`
}

func (a answer) accepted() bool { return a.Verdict == exact || a.Verdict == approximate }

// at gives the moment of REFERENCE that the answer states for t.
func (a answer) at(t float64) (float64, bool) {
	for _, p := range a.Pieces {
		if p.From <= t && t < p.To {
			return p.Start + p.Rate*t, true
		}
	}
	return 0, false
}

const (
	close5         = 0.005 // seconds: what counts as placed
	aroundGap      = 5.0   // seconds before and after a gap that do not count
	boundaryRight  = 0.010 // seconds: the map counts as right beside a gap; a third of the gap's step where that is less
	boundaryNear   = 0.5   // seconds: a gap's boundary placed as near as this counts as found
	boundaryReach  = 10.0  // seconds: the greatest error of a boundary that is told apart
	claimTolerated = 5.0   // seconds of a piece that may lie where there is no counterpart
	longPiece      = 120.0 // seconds: pieces from here on count for the drift
	nowhere        = 1e6   // ms: the error of an accepted answer that places no second that has a counterpart
)

// caseScore is how one answer compares with the truth.
type caseScore struct {
	Name       string  `json:"name"`
	Set        string  `json:"set"`
	Kind       string  `json:"kind"`
	Negative   bool    `json:"negative"`
	Failure    string  `json:"failure,omitempty"` // the command gave no answer
	Verdict    string  `json:"verdict"`
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason,omitempty"`
	Pieces     []piece `json:"pieces"`

	Median        float64   `json:"medianMS"`      // of |error| over the seconds placed that have a counterpart
	Seconds       int       `json:"seconds"`       // that have a counterpart, away from gaps
	Within        int       `json:"within5ms"`     // of these
	Boundaries    []float64 `json:"boundaries"`    // seconds; the error of each true gap's place
	Drift         []float64 `json:"driftPPM"`      // |error| of each long piece's rate
	Overclaimed   int       `json:"overclaimed"`   // pieces
	OverclaimedBy float64   `json:"overclaimedBy"` // seconds without counterpart that these pieces claim

	Length float64 `json:"length"` // seconds of the longer file
	CPU    float64 `json:"cpu"`    // seconds
	PeakMB float64 `json:"peakMB"`
}

func (s caseScore) accepted() bool { return s.Verdict == exact || s.Verdict == approximate }

// wrongExact says that the answer calls itself exact and is not.
func (s caseScore) wrongExact() bool {
	return s.Verdict == exact && (s.Negative || s.Median > close5*1000)
}

// score compares an answer with a case's truth.
func score(c testCase, a answer) caseScore {
	s := caseScore{
		Name: c.Name, Set: c.Set, Kind: c.Kind, Negative: c.Negative, Length: c.length(),
		Verdict: a.Verdict, Confidence: a.Confidence, Reason: a.Reason, Pieces: a.Pieces,
	}
	if c.Negative {
		return s
	}
	if !a.accepted() {
		a.Pieces = nil // what a refusal may still guess is not offered to anyone
	}
	truth := c.segments()
	var errors []float64
	for t := 0.5; t < c.P[len(c.P)-1].To; t++ {
		segment, ok := lookUp(truth, t)
		if !ok {
			continue
		}
		got, placed := a.at(t)
		off := math.Abs(got - segment.at(t))
		if placed {
			errors = append(errors, off)
		}
		if nearGap(truth, t) {
			continue
		}
		s.Seconds++
		if placed && off <= close5 {
			s.Within++
		}
	}
	if a.accepted() {
		s.Median = nowhere
		if len(errors) > 0 {
			s.Median = quantile(errors, 0.5) * 1000
		}
	}
	for i := 1; i < len(truth); i++ {
		if e, ok := boundary(truth[i-1], truth[i], a); ok {
			s.Boundaries = append(s.Boundaries, e)
		}
	}
	for _, p := range a.Pieces {
		if without := uncounted(truth, p); without > claimTolerated {
			s.Overclaimed++
			s.OverclaimedBy += without
		}
		middle := (p.From + p.To) / 2
		if segment, ok := lookUp(truth, middle); ok && p.To-p.From >= longPiece {
			s.Drift = append(s.Drift, math.Abs(p.Rate/segment.Rate-1)*1e6)
		}
	}
	return s
}

func nearGap(truth []segment, t float64) bool {
	for i := 1; i < len(truth); i++ {
		if t > truth[i-1].To-aroundGap && t < truth[i].From+aroundGap {
			return true
		}
	}
	return false
}

// boundary measures how far from the gap between two segments the answer begins to be right, on the worse of its two sides.
// Where the answer puts its own boundary between the two is free: no second there has a counterpart.
func boundary(before, after segment, a answer) (float64, bool) {
	if before.To-before.From < 2*boundaryNear || after.To-after.From < 2*boundaryNear {
		return 0, false // too little on one side to tell
	}
	step := math.Abs(after.at(after.From) - before.at(after.From))
	tolerated := math.Min(boundaryRight, step/3)
	side := func(s segment, edge, direction float64) float64 {
		for d := 0.01; d < boundaryReach; d += 0.02 {
			t := edge + direction*d
			if t < s.From || t >= s.To {
				break
			}
			if got, ok := a.at(t); ok && math.Abs(got-s.at(t)) <= tolerated {
				return d - 0.01
			}
		}
		return boundaryReach
	}
	return math.Max(side(before, before.To, -1), side(after, after.From, 1)), true
}

// uncounted is how many seconds of a piece have no counterpart.
func uncounted(truth []segment, p piece) float64 {
	left := p.To - p.From
	for _, s := range truth {
		if common := math.Min(p.To, s.To) - math.Max(p.From, s.From); common > 0 {
			left -= common
		}
	}
	return left
}

// quantile of values, interpolated between the nearest; 0 where there are none. It orders values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sort.Float64s(values)
	place := q * float64(len(values)-1)
	i := int(place)
	if i+1 >= len(values) {
		return values[len(values)-1]
	}
	return values[i] + (place-float64(i))*(values[i+1]-values[i])
}
