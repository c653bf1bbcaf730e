package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

// gappy is ten minutes with drift, sound 4 ms later at OTHER, two gaps in OTHER and one in REFERENCE.
func gappy() testCase {
	const l, p = 1.00001, 0.99996
	return testCase{
		Name: "gappy000", Set: "gappy", Kind: "gappy", Acoustic: 0.004, LFile: "gappy000_l.webm", PFile: "gappy000_p.m4a",
		L: []recorded{{0.007, 300.007, 20, l}, {300.007, 500, 332, l}},
		P: []recorded{{0, 150, 0, p}, {150, 250, 150.1, p}, {250, 600, 262, p}},
	}
}

func perfect(c testCase) answer {
	a := answer{Verdict: exact, Confidence: 1}
	for _, s := range c.segments() {
		a.Pieces = append(a.Pieces, piece{From: s.From, To: s.To, Start: s.Start, Rate: s.Rate})
	}
	return a
}

// plainLag is the simulator's own way to look the truth up: piece by piece, for one moment.
func plainLag(c testCase, t float64) (float64, bool) {
	for _, p := range c.P {
		if p.From <= t && t < p.To {
			scene := p.Scene + (t-p.From)*p.Rate - c.Acoustic
			for _, l := range c.L {
				if f := l.From + (scene-l.Scene)/l.Rate; l.From <= f && f < l.To {
					return f - t, true
				}
			}
		}
	}
	return 0, false
}

func TestSegmentsAreTheSimulatorsTruth(t *testing.T) {
	c := gappy()
	truth := c.segments()
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20000 {
		at := r.Float64() * 620
		want, has := plainLag(c, at)
		s, ok := lookUp(truth, at)
		if ok != has {
			t.Fatalf("%.4f s: has a counterpart: %v, want %v", at, ok, has)
		}
		if !has {
			continue
		}
		found++
		if math.Abs(s.at(at)-at-want) > 1e-9 {
			t.Fatalf("%.4f s: lag %.6f, want %.6f", at, s.at(at)-at, want)
		}
	}
	if found < 5000 || len(truth) != 4 {
		t.Fatalf("%d moments with a counterpart in %d segments", found, len(truth))
	}
}

func TestPerfectAnswerScoresPerfectly(t *testing.T) {
	c := gappy()
	s := score(c, perfect(c))
	if s.Median > 1e-6 || s.Within != s.Seconds || s.Seconds < 400 || s.Overclaimed != 0 || s.wrongExact() {
		t.Errorf("%+v", s)
	}
	if len(s.Boundaries) != 3 || quantile(s.Boundaries, 1) > 0.011 {
		t.Errorf("boundaries %v, want three without error", s.Boundaries)
	}
	if len(s.Drift) != 2 || quantile(s.Drift, 1) > 1e-6 {
		t.Errorf("drift %v, want two without error", s.Drift)
	}
}

func TestErrorOfSixMilliseconds(t *testing.T) {
	c := gappy()
	a := perfect(c)
	for i := range a.Pieces {
		a.Pieces[i].Start += 0.006
	}
	s := score(c, a)
	if math.Abs(s.Median-6) > 1e-6 || s.Within != 0 || !s.wrongExact() {
		t.Errorf("median %.3f ms, %d within, wrong exact %v", s.Median, s.Within, s.wrongExact())
	}
	a.Verdict = approximate
	if score(c, a).wrongExact() {
		t.Error("an approximate answer was called a wrong exact one")
	}
}

func TestDriftIsThatOfTheRate(t *testing.T) {
	c := gappy()
	a := perfect(c)
	a.Pieces[0].Rate *= 1 + 3e-6
	s := score(c, a)
	if len(s.Drift) != 2 || math.Abs(s.Drift[0]-3) > 1e-3 {
		t.Errorf("drift %v, want 3 ppm first", s.Drift)
	}
}

func TestBoundaryPlacedLate(t *testing.T) {
	c := gappy()
	a := perfect(c)
	// A gap in OTHER alone, of 100 ms: what is 0.8 s behind it is still placed by the piece before.
	a.Pieces[0].To += 0.8
	a.Pieces[1].From += 0.8
	s := score(c, a)
	if e := s.Boundaries[0]; e < 0.78 || e > 0.82 {
		t.Errorf("boundary error %.2f s, want 0.8", e)
	}
	if s.Within != s.Seconds {
		t.Errorf("%d of %d: seconds beside a gap must not count", s.Within, s.Seconds)
	}
}

func TestStepMissedAltogether(t *testing.T) {
	c := gappy()
	a := perfect(c)
	a.Pieces[0].To = a.Pieces[1].To
	a.Pieces = append(a.Pieces[:1], a.Pieces[2:]...)
	s := score(c, a)
	if s.Boundaries[0] != boundaryReach {
		t.Errorf("boundary error %.2f s of a step that was missed", s.Boundaries[0])
	}
	if lost := s.Seconds - s.Within; lost < 80 {
		t.Errorf("%d seconds counted as wrong, want those of the piece but for 10", lost)
	}
}

func TestStepSmallerThanTheTolerance(t *testing.T) {
	// A step of 12 ms met half way is wrong by 6 ms on either side: it is not found.
	before := segment{From: 0, To: 50, Start: 0, Rate: 1}
	after := segment{From: 50, To: 100, Start: 0.012, Rate: 1}
	between := answer{Verdict: exact, Pieces: []piece{{From: 0, To: 100, Start: 0.006, Rate: 1}}}
	if e, ok := boundary(before, after, between); !ok || e != boundaryReach {
		t.Errorf("boundary error %.2f, %v", e, ok)
	}
}

func TestPieceBesideTheRecordingIsOverclaimed(t *testing.T) {
	c := gappy()
	a := perfect(c)
	if last := a.Pieces[len(a.Pieces)-1]; 600-last.To < 10 {
		t.Fatalf("the last %.0f s should have no counterpart", 600-last.To)
	}
	a.Pieces[len(a.Pieces)-1].To = 600
	s := score(c, a)
	if s.Overclaimed != 1 || s.OverclaimedBy < 10 || s.Median > 1e-6 {
		t.Errorf("%d pieces by %.1f s, median %.3f ms", s.Overclaimed, s.OverclaimedBy, s.Median)
	}
	a = perfect(c)
	a.Pieces[0].From -= 4.9
	if s := score(c, a); s.Overclaimed != 0 {
		t.Error("less than 5 s was counted as overclaimed")
	}
}

func TestRefusalPlacesNothing(t *testing.T) {
	c := gappy()
	a := perfect(c)
	a.Verdict = cannotAlign
	s := score(c, a)
	if s.accepted() || s.Within != 0 || s.Seconds == 0 || s.Boundaries[0] != boundaryReach {
		t.Errorf("%+v", s)
	}
}

func TestAnswerThatPlacesNothingThatIsThere(t *testing.T) {
	c := gappy()
	s := score(c, answer{Verdict: exact, Pieces: []piece{{From: 700, To: 800, Rate: 1}}})
	if s.Median != nowhere || !s.wrongExact() || s.Overclaimed != 1 {
		t.Errorf("median %.0f, wrong exact %v, overclaimed %d", s.Median, s.wrongExact(), s.Overclaimed)
	}
}

func TestNegativeAccepted(t *testing.T) {
	c := gappy()
	c.Negative = true
	if c.segments() != nil {
		t.Error("a negative has a truth")
	}
	s := score(c, answer{Verdict: exact, Pieces: []piece{{From: 0, To: 600, Rate: 1}}})
	if !s.wrongExact() || s.Seconds != 0 {
		t.Errorf("%+v", s)
	}
	if score(c, answer{Verdict: approximate}).wrongExact() {
		t.Error("a false approximate counted as a wrong exact")
	}
}

func TestQuantile(t *testing.T) {
	for _, tc := range []struct {
		values  []float64
		q, want float64
	}{
		{nil, 0.5, 0},
		{[]float64{3}, 0.95, 3},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{4, 1, 3, 2}, 1, 4},
		{[]float64{0, 10}, 0.95, 9.5},
	} {
		if got := quantile(tc.values, tc.q); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("quantile(%v, %v) = %v, want %v", tc.values, tc.q, got, tc.want)
		}
	}
}
