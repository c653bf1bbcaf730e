// Package calibrate finds out which distance tells the people of a labelled folder apart. It is pure but for Label, which knows how
// such folders are named.
package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/trivue/trivue/facematch"
)

// Sample is one picture of one person.
type Sample struct {
	Person     string
	Descriptor facematch.Descriptor
}

// Row is what a threshold does.
type Row struct {
	Threshold float64 `json:"threshold"`
	// FalseMatches are pairs of two people that would count as one, FAR is their part of all pairs of two people.
	FalseMatches int     `json:"falseMatches"`
	FAR          float64 `json:"far"`
	// FARAtMost is the upper end of FAR's 95 % interval (Wilson, one-sided), as if the pairs had nothing to do with each other.
	FARAtMost float64 `json:"farAtMost"`
	// FalseNonMatches are pairs of one person that would count as two, FRR is their part of all pairs of one person.
	FalseNonMatches int     `json:"falseNonMatches"`
	FRR             float64 `json:"frr"`
}

// Report is how well a population is told apart.
type Report struct {
	People    int `json:"people"`
	Pictures  int `json:"pictures"`
	Same      int `json:"samePairs"`
	Different int `json:"differentPairs"`
	// AUC is how likely a pair of one person is nearer than a pair of two: 1 is perfect, 0.5 is guessing.
	AUC float64 `json:"auc"`
	// Equal is where as many are wrongly refused as wrongly accepted.
	Equal Row `json:"equal"`
	// Suggested is the largest threshold whose FAR is at most the target.
	Suggested Row     `json:"suggested"`
	Target    float64 `json:"target"`
	// Curve has a row for every distance at which something changes, thinned out where there are many.
	Curve []Row `json:"-"`
	// Table has a row for each of a few round thresholds around where it matters.
	Table []Row `json:"table"`
	// Doubts say, in English, why the numbers should not be relied upon.
	Doubts []string `json:"doubts"`
}

// Few people say little: those below this number get a doubt.
const enoughPeople = 50

// Evaluate compares every picture with every other one.
func Evaluate(samples []Sample, target float64) (Report, error) {
	if !(target > 0 && target < 1) {
		return Report{}, fmt.Errorf("the false acceptance rate is %v: give a part above 0 and below 1, such as 0.001", target)
	}
	people := map[string]int{}
	var same, different []float64
	for i, a := range samples {
		people[a.Person]++
		for _, b := range samples[:i] {
			distance := a.Descriptor.Distance(b.Descriptor)
			if a.Person == b.Person {
				same = append(same, distance)
			} else {
				different = append(different, distance)
			}
		}
	}
	switch {
	case len(people) < 2:
		return Report{}, errors.New("there are pictures of fewer than two people: put those of each person into a folder of their own")
	case len(same) == 0:
		return Report{}, errors.New("nobody has two usable pictures: put several pictures of each person into a folder of their own")
	}
	slices.Sort(same)
	slices.Sort(different)
	e := errorsAt{same, different}
	r := Report{People: len(people), Pictures: len(samples), Same: len(same), Different: len(different), Target: target, AUC: e.auc()}
	r.Curve = e.curve()
	r.Equal = slices.MinFunc(r.Curve, func(a, b Row) int { return cmp.Compare(math.Abs(a.FAR-a.FRR), math.Abs(b.FAR-b.FRR)) })
	r.Suggested = e.suggest(target)
	for hundredths := 30; hundredths <= 80; hundredths += 5 {
		r.Table = append(r.Table, e.at(float64(hundredths)/100))
	}
	r.Doubts = doubts(r, people)
	return r, nil
}

func doubts(r Report, people map[string]int) []string {
	all := []string{}
	if r.People < enoughPeople {
		all = append(all, fmt.Sprintf("only %d people: their faces stand for few others (take %d or more)", r.People, enoughPeople))
	}
	// Of n pairs without an error, 3/n is the least rate that can be told from more (the rule of three).
	if least := 3 / float64(r.Different); r.Target < least {
		all = append(all, fmt.Sprintf("%d pairs of different people cannot show a false acceptance rate of %.3g, only one of %.3g", r.Different, r.Target, least))
	}
	once := 0
	for _, n := range people {
		if n == 1 {
			once++
		}
	}
	if 2*once > len(people) {
		all = append(all, fmt.Sprintf("%d of %d people have one usable picture only: the false rejection rate is that of the others", once, len(people)))
	}
	if r.Suggested.FRR > 0.2 {
		all = append(all, fmt.Sprintf("at the suggested threshold, %.0f %% of people would not be recognised: this model does not fit these people or pictures", 100*r.Suggested.FRR))
	}
	return all
}

// errorsAt counts errors by threshold; both lists are sorted.
type errorsAt struct{ same, different []float64 }

// upTo is how many distances are at most the threshold.
func upTo(sorted []float64, threshold float64) int {
	n, _ := slices.BinarySearchFunc(sorted, threshold, func(d, t float64) int {
		if d <= t {
			return -1
		}
		return 1
	})
	return n
}

func (e errorsAt) at(threshold float64) Row {
	matches, nonMatches := upTo(e.different, threshold), len(e.same)-upTo(e.same, threshold)
	return Row{
		Threshold: threshold, FalseMatches: matches, FAR: float64(matches) / float64(len(e.different)), FARAtMost: atMost(matches, len(e.different)),
		FalseNonMatches: nonMatches, FRR: float64(nonMatches) / float64(len(e.same)),
	}
}

// atMost is the upper end of Wilson's one-sided 95 % interval.
func atMost(hits, n int) float64 {
	const z = 1.6449
	p, count := float64(hits)/float64(n), float64(n)
	return (p + z*z/(2*count) + z*math.Sqrt(p*(1-p)/count+z*z/(4*count*count))) / (1 + z*z/count)
}

// auc is the Mann-Whitney statistic; equal distances count half.
func (e errorsAt) auc() float64 {
	var sum float64
	for _, d := range e.same {
		notLess := len(e.different) - upTo(e.different, math.Nextafter(d, 0))
		more := len(e.different) - upTo(e.different, d)
		sum += float64(more) + float64(notLess-more)/2
	}
	return sum / float64(len(e.same)) / float64(len(e.different))
}

// maxCurve is how many rows a curve keeps.
const maxCurve = 1000

func (e errorsAt) curve() []Row {
	all := slices.Concat(e.same, e.different)
	slices.Sort(all)
	all = slices.Compact(all)
	step := (len(all) + maxCurve - 1) / maxCurve
	rows := []Row{e.at(0)}
	for i := step - 1; i < len(all); i += step {
		rows = append(rows, e.at(all[i]))
	}
	return append(rows, e.at(all[len(all)-1]))
}

// suggest gives the largest threshold, in thousandths, whose FAR is at most the target, but none beyond all pairs of one person: what
// lies there was never seen.
func (e errorsAt) suggest(target float64) Row {
	allowed := int(target * float64(len(e.different)))
	border := math.Inf(1)
	if allowed < len(e.different) {
		border = e.different[allowed] // the first pair that is one too many
	}
	// In the middle between the last distance that may match and the first that must not, there is as much room on either side.
	last := 0.0
	for _, list := range [][]float64{e.same, e.different} {
		// Those below the border.
		if n := upTo(list, math.Nextafter(border, 0)); n > 0 {
			last = max(last, list[n-1])
		}
	}
	threshold := last
	if !math.IsInf(border, 1) {
		threshold = (last + border) / 2
	}
	if rounded := math.Floor(threshold*1000) / 1000; rounded >= last {
		threshold = rounded
	}
	return e.at(threshold)
}
