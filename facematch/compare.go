package facematch

import (
	"fmt"
	"slices"
)

// Verdict is what a comparison says. Only a person decides what follows from it.
type Verdict string

const (
	// Same: the faces are as near as those of one person.
	Same Verdict = "same"
	// Different: they are farther, and both pictures are good enough for that to mean something.
	Different Verdict = "different"
	// Unsure: the pictures say nothing either way; Comparison.Flaws says why.
	Unsure Verdict = "unsure"
)

// DefaultThreshold is where dlib's author puts the border between people. It was measured on photographs of Western adults; an operator
// measures their own (package calibrate).
const DefaultThreshold = 0.6

// Comparison is how near the faces of two pictures are.
type Comparison struct {
	Verdict   Verdict `json:"verdict"`
	Threshold float64 `json:"threshold"`
	// Distance is nil where there is nothing to compare.
	Distance *float64 `json:"distance,omitempty"`
	// Flaws are those of the first and of the second picture.
	Flaws [2][]Flaw `json:"flaws"`
}

// Compare holds the face of one picture against that of another. A distance above the threshold means nothing if either picture is
// flawed; one below it does, since flaws push faces apart rather than together. Whoever lets somebody in on it asks for a picture
// without flaws first. Pictures in which there are several faces are never compared: nobody could say which of them was meant.
func Compare(a, b Picture, threshold float64, limits Limits) (Comparison, error) {
	if a.Model != b.Model {
		return Comparison{}, fmt.Errorf("the pictures were looked at with different models (%s and %s): look at both again", a.Model, b.Model)
	}
	c := Comparison{Verdict: Unsure, Threshold: threshold, Flaws: [2][]Flaw{a.Flaws(limits), b.Flaws(limits)}}
	for _, flaws := range c.Flaws {
		if slices.Contains(flaws, NoFace) || slices.Contains(flaws, SeveralFaces) {
			return c, nil
		}
	}
	distance := a.Faces[0].Descriptor.Distance(b.Faces[0].Descriptor)
	c.Distance = &distance
	switch {
	case distance <= threshold:
		c.Verdict = Same
	case len(c.Flaws[0])+len(c.Flaws[1]) == 0:
		c.Verdict = Different
	}
	return c, nil
}
