package main

import (
	"fmt"
	"io"
	"sort"
)

// badness orders cases for people who look for what to mend: false accepts and wrong "exact" first, then answers that failed,
// refusals, and the rest by the seconds that are not placed and by the error.
func badness(s caseScore) float64 {
	switch {
	case s.Failure != "":
		return 5e6
	case s.Negative && s.Verdict == exact:
		return 4e6
	case s.Negative && s.accepted():
		return 3e6 + s.Confidence
	case s.Negative:
		return s.Confidence
	case s.wrongExact():
		return 2e6 + s.Median
	case !s.accepted():
		return 1e6
	}
	missed := 0.0
	for _, b := range s.Boundaries {
		if b > boundaryNear {
			missed++
		}
	}
	return s.Median + 100*(1-ratio(float64(s.Within), float64(s.Seconds))) + 20*missed + float64(10*s.Overclaimed)
}

// worst prints the n worst cases with their figures, what was answered and what is true.
func worst(w io.Writer, scores []caseScore, cases map[string]testCase, n int) {
	order := append([]caseScore(nil), scores...)
	sort.SliceStable(order, func(i, j int) bool { return badness(order[i]) > badness(order[j]) })
	for _, s := range order[:min(n, len(order))] {
		c := cases[s.Name]
		fmt.Fprintf(w, "\n%s (%s)  %s, confidence %.2f  %s%s\n  %s\n  %s\n", s.Name, s.Kind, s.Verdict, s.Confidence, s.Reason, s.Failure, c.reference(), c.other())
		if !s.Negative {
			fmt.Fprintf(w, "  median %s ms, %d of %d s within 5 ms, boundaries %.2f s, drift %.1f ppm, overclaimed %.0f s\n",
				milliseconds(s.Median), s.Within, s.Seconds, s.Boundaries, s.Drift, s.OverclaimedBy)
		}
		for _, t := range c.segments() {
			fmt.Fprintf(w, "    true    %9.3f –%9.3f  start %+10.4f  %+7.1f ppm\n", t.From, t.To, t.Start, (t.Rate-1)*1e6)
		}
		for _, p := range s.Pieces {
			fmt.Fprintf(w, "    answer  %9.3f –%9.3f  start %+10.4f  %+7.1f ppm  residual %.4f\n", p.From, p.To, p.Start, (p.Rate-1)*1e6, p.Residual)
		}
	}
}
