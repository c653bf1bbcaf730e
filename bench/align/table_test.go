package main

import (
	"strings"
	"testing"
)

func TestSummaries(t *testing.T) {
	scores := []caseScore{
		{Name: "a", Set: "good", Verdict: exact, Confidence: 0.9, Median: 0.1, Seconds: 100, Within: 100, Boundaries: []float64{0.1, 3}, Drift: []float64{1}, Length: 300, CPU: 1, PeakMB: 80},
		{Name: "b", Set: "good", Verdict: approximate, Confidence: 0.6, Median: 7, Seconds: 100, Within: 20, Length: 100, CPU: 1, PeakMB: 120},
		{Name: "c", Set: "hard", Verdict: exact, Confidence: 0.8, Median: 6, Seconds: 50, Length: 100, CPU: 1},
		{Name: "d", Set: "hard", Failure: "crashed", Seconds: 50, Length: 100},
		{Name: "e", Set: "neg-x", Negative: true, Verdict: cannotAlign, Confidence: 0.4, Length: 100, CPU: 1},
		{Name: "f", Set: "neg-x", Negative: true, Verdict: approximate, Confidence: 0.5, Length: 100, CPU: 1},
		{Name: "g", Set: "neg-x", Negative: true, Verdict: exact, Confidence: 0.45, Length: 100, CPU: 1},
	}
	positive, negative := summaries(scores)
	if len(positive) != 3 || len(negative) != 2 {
		t.Fatalf("%d and %d lines", len(positive), len(negative))
	}
	good, all := positive[0], positive[2]
	if good.Set != "good" || good.Accepted != 2 || good.Exact != 1 || good.Within != 0.6 || good.Gaps != 2 || good.GapsFound != 1 ||
		good.Confidence != 0.6 || good.Realtime != 200 || good.PeakMB != 120 || good.WrongExact != 0 {
		t.Errorf("%+v", good)
	}
	if all.Set != "all" || all.Cases != 4 || all.Accepted != 3 || all.WrongExact != 1 || all.Failures != 1 || all.ErrorMax != 7 || all.Within != 0.48 || all.WithinAll != 0.4 {
		t.Errorf("%+v", all)
	}
	if n := negative[1]; n.Exact != 1 || n.Accepted != 2 || n.Confidence != 0.5 || n.WrongExact != 1 {
		t.Errorf("%+v", n)
	}

	var text, markdown strings.Builder
	print(&text, positive, negative, table.text)
	print(&markdown, positive, negative, table.markdown)
	if !strings.Contains(markdown.String(), "| good | 2 | 2 | 1 | 3.55 / 6.65 / 7.00 | 60.0 | 60.0 | 1 of 2 |") {
		t.Error(markdown.String())
	}
	if !strings.Contains(markdown.String(), "| neg-x | 3 | 1 | 1 | 0.50 |") || !strings.Contains(text.String(), "2 (1 failed)") {
		t.Errorf("%s\n%s", markdown.String(), text.String())
	}
	columns := strings.Count(strings.SplitN(markdown.String(), "\n", 2)[0], "|")
	for _, line := range strings.Split(markdown.String(), "\n")[:4] {
		if strings.Count(line, "|") != columns {
			t.Errorf("columns differ: %s", line)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	c := gappy()
	c.Negative = true
	cases := map[string]testCase{"false": c, "fine": gappy(), "refused": gappy(), "wrong": gappy()}
	scores := []caseScore{
		{Name: "fine", Verdict: exact, Median: 0.1, Seconds: 10, Within: 10},
		{Name: "refused", Verdict: cannotAlign, Seconds: 10},
		{Name: "wrong", Verdict: exact, Median: 30, Seconds: 10},
		{Name: "false", Verdict: approximate, Negative: true},
	}
	var b strings.Builder
	worst(&b, scores, cases, 3)
	said := b.String()
	places := []int{strings.Index(said, "false ("), strings.Index(said, "wrong ("), strings.Index(said, "refused (")}
	if places[0] < 0 || places[0] > places[1] || places[1] > places[2] || strings.Contains(said, "fine (") {
		t.Error(said)
	}
}
