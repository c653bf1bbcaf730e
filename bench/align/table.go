package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
)

// summary is one line of the table: a set, or all of them.
type summary struct {
	Set         string  `json:"set"`
	Cases       int     `json:"cases"`
	Failures    int     `json:"failures"`
	Accepted    int     `json:"accepted"`
	Exact       int     `json:"exact"`
	ErrorP50    float64 `json:"errorP50MS"` // quantiles of the accepted cases' medians
	ErrorP95    float64 `json:"errorP95MS"`
	ErrorMax    float64 `json:"errorMaxMS"`
	Within      float64 `json:"within5ms"`      // share of the accepted cases' seconds that have a counterpart, away from gaps
	WithinAll   float64 `json:"within5msOfAll"` // the same of all cases: what was refused or could not be read counts as wrong
	Gaps        int     `json:"gaps"`
	GapsFound   int     `json:"gapsFound"`  // within half a second
	GapP95      float64 `json:"gapP95"`     // seconds
	LongPieces  int     `json:"longPieces"` // of two minutes and more: those that count for the drift
	DriftP95    float64 `json:"driftP95PPM"`
	Overclaimed int     `json:"overclaimed"` // pieces that claim over 5 s without counterpart
	WrongExact  int     `json:"wrongExact"`
	Confidence  float64 `json:"confidence"` // the lowest of the accepted, for negatives the highest of all
	Realtime    float64 `json:"realtime"`   // seconds of recording for each second of CPU
	PeakMB      float64 `json:"peakMB"`
}

func summarise(set string, scores []caseScore) summary {
	s := summary{Set: set, Cases: len(scores)}
	var medians, boundaries, drift []float64
	var seconds, within, offered int
	var length, cpu float64
	for _, c := range scores {
		length, cpu = length+c.Length, cpu+c.CPU
		s.PeakMB = max(s.PeakMB, c.PeakMB)
		seconds, within = seconds+c.Seconds, within+c.Within
		boundaries, drift = append(boundaries, c.Boundaries...), append(drift, c.Drift...)
		s.Overclaimed += c.Overclaimed
		if c.Failure != "" {
			s.Failures++
		}
		if c.wrongExact() {
			s.WrongExact++
		}
		if c.Verdict == exact {
			s.Exact++
		}
		if c.Negative {
			s.Confidence = max(s.Confidence, c.Confidence)
		}
		if !c.accepted() {
			continue
		}
		if !c.Negative {
			medians = append(medians, c.Median)
			if s.Accepted == 0 || c.Confidence < s.Confidence {
				s.Confidence = c.Confidence
			}
		}
		s.Accepted++
		offered += c.Seconds
	}
	s.ErrorP50, s.ErrorP95, s.ErrorMax = quantile(medians, 0.5), quantile(medians, 0.95), quantile(medians, 1)
	s.Within, s.WithinAll = ratio(float64(within), float64(offered)), ratio(float64(within), float64(seconds))
	s.Gaps, s.GapP95 = len(boundaries), quantile(boundaries, 0.95)
	s.LongPieces, s.DriftP95 = len(drift), quantile(drift, 0.95)
	for _, b := range boundaries {
		if b <= boundaryNear {
			s.GapsFound++
		}
	}
	s.Realtime = ratio(length, cpu)
	return s
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// summaries are those of each set, in order of name, and of all; first those with a truth, then the negatives.
func summaries(scores []caseScore) (positive, negative []summary) {
	sets := map[string][]caseScore{}
	var all [2][]caseScore
	for _, s := range scores {
		sets[s.Set] = append(sets[s.Set], s)
		if s.Negative {
			all[1] = append(all[1], s)
		} else {
			all[0] = append(all[0], s)
		}
	}
	names := make([]string, 0, len(sets))
	for name := range sets {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if sets[name][0].Negative {
			negative = append(negative, summarise(name, sets[name]))
		} else {
			positive = append(positive, summarise(name, sets[name]))
		}
	}
	if len(positive) > 0 {
		positive = append(positive, summarise("all", all[0]))
	}
	if len(negative) > 0 {
		negative = append(negative, summarise("all", all[1]))
	}
	return positive, negative
}

// table is rows of cells, the first being the heads; the first column is text, the others figures.
type table [][]string

func positiveTable(lines []summary) table {
	t := table{{"set", "n", "accepted", "exact", "error p50/p95/max ms", "≤ 5 ms %", "of all %", "gaps ≤ 0.5 s", "gap p95 s", "drift p95 ppm", "overclaimed",
		"wrong “exact”", "lowest confidence", "× realtime", "peak MB"}}
	for _, s := range lines {
		gaps, gapP95, drift := "–", "–", "–"
		if s.Gaps > 0 {
			gaps, gapP95 = fmt.Sprintf("%d of %d", s.GapsFound, s.Gaps), fmt.Sprintf("%.2f", s.GapP95)
		}
		if s.LongPieces > 0 {
			drift = fmt.Sprintf("%.1f", s.DriftP95)
		}
		t = append(t, []string{s.Set, count(s.Cases, s.Failures), fmt.Sprint(s.Accepted), fmt.Sprint(s.Exact),
			fmt.Sprintf("%s / %s / %s", milliseconds(s.ErrorP50), milliseconds(s.ErrorP95), milliseconds(s.ErrorMax)),
			fmt.Sprintf("%.1f", s.Within*100), fmt.Sprintf("%.1f", s.WithinAll*100), gaps, gapP95, drift, fmt.Sprint(s.Overclaimed),
			fmt.Sprint(s.WrongExact), fmt.Sprintf("%.2f", s.Confidence), fmt.Sprintf("%.0f", s.Realtime), fmt.Sprintf("%.0f", s.PeakMB)})
	}
	return t
}

func negativeTable(lines []summary) table {
	t := table{{"negatives", "n", "false “exact”", "false “approximate”", "highest confidence", "× realtime", "peak MB"}}
	for _, s := range lines {
		t = append(t, []string{s.Set, count(s.Cases, s.Failures), fmt.Sprint(s.Exact), fmt.Sprint(s.Accepted - s.Exact),
			fmt.Sprintf("%.2f", s.Confidence), fmt.Sprintf("%.0f", s.Realtime), fmt.Sprintf("%.0f", s.PeakMB)})
	}
	return t
}

func count(cases, failures int) string {
	if failures == 0 {
		return fmt.Sprint(cases)
	}
	return fmt.Sprintf("%d (%d failed)", cases, failures)
}

// milliseconds with two digits where they mean something.
func milliseconds(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 1e5:
		return fmt.Sprintf("%.0f", v)
	default:
		return "nowhere"
	}
}

func (t table) markdown(w io.Writer) {
	for i, row := range t {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|---%s|\n", strings.Repeat("|--:", len(row)-1))
		}
	}
}

func (t table) text(w io.Writer) {
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range t {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i == 0 {
				fmt.Fprint(w, cell, pad)
			} else {
				fmt.Fprint(w, "  ", pad, cell)
			}
		}
		fmt.Fprintln(w)
	}
}
