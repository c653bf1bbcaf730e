package calibrate

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/facematch"
)

// at is a picture of a person at a place on a line, so that distances are known.
func at(person string, places ...float32) (samples []Sample) {
	for _, p := range places {
		samples = append(samples, Sample{person, facematch.Descriptor{p}})
	}
	return samples
}

func TestEvaluate(t *testing.T) {
	// One person's pictures: 0.25 and 0.5, 0.25 apart. Two people's: from 0.5 on.
	samples := append(append(at("a", 0, 0.25, 0.5), at("b", 1, 1.25)...), at("c", 2.25)...)
	r, err := Evaluate(samples, 0.01)
	require.NoError(t, err)
	require.Equal(t, []int{3, 6, 4, 11}, []int{r.People, r.Pictures, r.Same, r.Different})
	// Same: .25 .25 .5 .25. Different: the nearest is 1 − 0.5 = 0.5, once.
	require.InDelta(t, (3*11+10.5)/44, r.AUC, 1e-9)
	require.Equal(t, Row{Threshold: 0.375, FARAtMost: r.Suggested.FARAtMost, FalseNonMatches: 1, FRR: 0.25}, r.Suggested, "in the middle between 0.25 and 0.5")
	require.InDelta(t, 0.1974, r.Suggested.FARAtMost, 0.001)
	require.Equal(t, 0.5, r.Equal.Threshold)
	for _, row := range r.Table {
		switch {
		case row.Threshold < 0.5:
			require.Equal(t, []int{0, 1}, []int{row.FalseMatches, row.FalseNonMatches}, row.Threshold)
		case row.Threshold < 0.75:
			require.Equal(t, []int{1, 0}, []int{row.FalseMatches, row.FalseNonMatches}, row.Threshold)
		}
	}

	// A tenth of eleven pairs is one: 0.5 may match, the next may not.
	r, err = Evaluate(samples, 0.1)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, []int{r.Suggested.FalseMatches, r.Suggested.FalseNonMatches})
	require.Equal(t, 0.625, r.Suggested.Threshold)
}

func TestWhatCannotBeEvaluated(t *testing.T) {
	for says, samples := range map[string][]Sample{
		"fewer than two people": at("a", 1, 2, 3),
		"two usable pictures":   append(at("a", 1), at("b", 2)...),
	} {
		_, err := Evaluate(samples, 0.01)
		require.ErrorContains(t, err, says)
	}
	for _, target := range []float64{0, 1, -1} {
		_, err := Evaluate(append(at("a", 1, 2), at("b", 3)...), target)
		require.ErrorContains(t, err, "such as 0.001")
	}
}

func TestDoubts(t *testing.T) {
	r, err := Evaluate(append(append(at("a", 0, 5), at("b", 1)...), at("c", 2)...), 0.001)
	require.NoError(t, err)
	all := strings.Join(r.Doubts, "\n")
	for _, part := range []string{"only 3 people", "5 pairs of different people cannot show", "2 of 3 people have one usable picture", "100 % of people would not be recognised"} {
		require.Contains(t, all, part)
	}
}

// In any population: rates move one way only, the suggestion keeps its promise, and no larger threshold would.
func TestProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		var samples []Sample
		people := 2 + random.IntN(6)
		for i := range people {
			for range 1 + random.IntN(4) {
				samples = append(samples, at(string(rune('a'+i)), float32(i)*0.3+float32(random.NormFloat64()*0.2))...)
			}
		}
		target := []float64{0.5, 0.1, 0.01, 0.0001}[random.IntN(4)]
		r, err := Evaluate(samples, target)
		if err != nil {
			require.ErrorContains(t, err, "two usable")
			continue
		}
		require.LessOrEqual(t, r.Suggested.FAR, target)
		require.LessOrEqual(t, r.Suggested.FAR, r.Suggested.FARAtMost)
		for i, row := range r.Curve[1:] {
			before := r.Curve[i]
			require.GreaterOrEqual(t, row.FAR, before.FAR)
			require.LessOrEqual(t, row.FRR, before.FRR)
			if row.FAR <= target {
				require.GreaterOrEqual(t, row.FRR, r.Suggested.FRR, "a larger threshold would do")
			}
		}
		require.Zero(t, r.Curve[len(r.Curve)-1].FalseNonMatches)
	}
}

func TestLabel(t *testing.T) {
	for file, want := range map[string]string{
		"li_ming/a.jpg": "li_ming", "李明/2024/b.JPEG": "李明", "obama_1.jpg": "obama", "obama-02.png": "obama", "obama 3.webp": "obama",
		"li_ming_1.jpg": "li_ming", "passport.jpg": "passport", "x7.jpg": "x", "./a/b.jpg": "a",
		"readme.md": "", ".hidden.jpg": "", ".git/a.jpg": "", "a/.b.jpg": "",
	} {
		person, ok := Label(file)
		require.Equal(t, want != "", ok, file)
		if ok {
			require.Equal(t, want, person, file)
		}
	}
}
