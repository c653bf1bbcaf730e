package presence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/facematch"
)

// frames are observations one second apart, a letter each; a digit after a letter repeats it, "_" is a second without a frame.
func frames(text string) (all []Observation, end time.Duration) {
	letters := map[rune]Seen{'s': Same, '?': Someone, 'a': Seen(Absent), 'm': Seen(Several), 'd': Seen(Different), 'c': Seen(Covered), 'k': Seen(Dark)}
	for _, word := range strings.Fields(text) {
		letter, times := rune(word[0]), 1
		if len(word) > 1 {
			_, _ = fmt.Sscan(word[1:], &times)
		}
		for range times {
			if letter != '_' {
				all = append(all, Observation{At: end, Seen: letters[letter]})
			}
			end += time.Second
		}
	}
	return all, end
}

func tell(intervals []Interval) string {
	words := make([]string, len(intervals))
	for i, v := range intervals {
		words[i] = fmt.Sprintf("%s %v-%v", v.Kind, v.From, v.To)
	}
	return strings.Join(words, ", ")
}

func TestFind(t *testing.T) {
	for _, test := range []struct{ name, frames, want string }{
		{"there all the time", "s60", ""},
		{"nothing", "", ""},
		{"looks down for a moment", "s20 a6 s20", ""},
		{"gone", "s20 a15 s20", "absent 20s-35s"},
		{"gone from the start to the end", "a30", "absent 0s-30s"},
		{"gone, one frame found a face in the curtain", "s20 a12 ? a12 s20", "absent 20s-45s"},
		{"gone twice", "s20 a12 s20 a12 s20", "absent 20s-32s, absent 52s-1m4s"},
		{"gone for long, back for a while, gone again", "a40 s15 a40", "absent 0s-40s, absent 55s-1m35s"},
		{"comes and goes at short intervals", "a3 s3 a3 s3 a3 s3 a3 s3", ""},
		{"somebody looks over the shoulder", "s20 m4 s20", "several 20s-24s"},
		{"a poster for a moment", "s20 m2 s20", ""},
		{"somebody comes in and out of view", "s20 m2 s m2 s m2 s20", "several 20s-28s"},
		{"somebody else", "s20 d10 s20", "different 20s-30s"},
		{"one frame says so", "s20 d s20", ""},
		{"many doubtful frames", "s20 ?40 s20", ""},
		{"somebody else, often turned away", "s20 d3 ?5 d4 a3 d2 s20", "different 20s-37s"},
		{"says so now and then, and is the same in between", "s10 d3 s d3 s d3 s d3 s10", ""},
		{"covered", "s20 c8 s20", "covered 20s-28s"},
		{"covered for a moment", "s20 c3 s20", ""},
		{"dark", "s20 k15 s20", "dark 20s-35s"},
		{"dark and covered do not contradict each other", "s20 k8 c2 k8 s20", "dark 20s-38s"},
		{"covered is not absent", "s20 c30 s20", "covered 20s-50s"},
		{"gone, and then somebody else", "s20 a15 d10 s20", "absent 20s-35s, different 35s-45s"},
		{"no frames for long", "s20 a12 _30 a12 s20", "absent 20s-34s, absent 1m2s-1m14s"},
		{"no frames for long, too few on either side", "s20 a6 _30 a6 s20", ""},
		{"no frames for a moment", "s20 a6 _5 a6 s20", "absent 20s-37s"},
		{"frames far apart", "a _9 a _9 a _9 a", "absent 0s-31s"},
		{"too few frames", "a _9 a _9", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			all, end := frames(test.frames)
			got := Find(all, end, DefaultRules())
			require.NotNil(t, got)
			require.Equal(t, test.want, tell(got))
		})
	}
}

func TestWhatAnIntervalTells(t *testing.T) {
	all, end := frames("s5 d9 s5")
	for i := range all {
		d := 0.4
		if all[i].Seen == Seen(Different) {
			d = 0.7 + float64(i%3)/100
		}
		all[i].Distance = &d
	}
	all[8].Seen = Someone
	got := Find(all, end, DefaultRules())
	require.Len(t, got, 1)
	require.Equal(t, 8, got[0].Frames)
	require.Zero(t, got[0].Against)
	require.InDelta(t, 0.71, *got[0].Distance, 1e-9)
	require.Equal(t, *got[0].Distance, *all[int(got[0].Show/time.Second)].Distance)

	all, end = frames("m3 s m3")
	got = Find(all, end, DefaultRules())
	require.Len(t, got, 1)
	require.Equal(t, []int{6, 1}, []int{got[0].Frames, got[0].Against})
	require.Nil(t, got[0].Distance)
	require.Equal(t, 4*time.Second, got[0].Show)
}

// In any recording: the order of observations does not matter, intervals of a kind do not touch or cross, lie within the recording,
// begin and end with what they say, and last as long as they must.
func TestProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	seen := []Seen{Same, Same, Someone, Seen(Absent), Seen(Several), Seen(Different), Seen(Covered), Seen(Dark)}
	rules := DefaultRules()
	for range 500 {
		var all []Observation
		at, state := time.Duration(0), Same
		for range random.IntN(200) {
			if random.IntN(12) == 0 {
				state = seen[random.IntN(len(seen))]
			}
			all = append(all, Observation{At: at, Seen: state})
			at += time.Duration(random.IntN(3000)+1) * time.Millisecond
			if random.IntN(40) == 0 {
				at += 20 * time.Second
			}
		}
		got := Find(all, at, rules)
		shuffled := slices.Clone(all)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		require.Equal(t, got, Find(shuffled, at, rules))
		last := map[Kind]time.Duration{}
		for _, v := range got {
			require.GreaterOrEqual(t, v.To-v.From, rules.Least[v.Kind])
			require.GreaterOrEqual(t, v.From, last[v.Kind])
			require.LessOrEqual(t, v.To, at)
			require.GreaterOrEqual(t, v.Frames, rules.Frames)
			require.True(t, v.Show >= v.From && v.Show < v.To)
			first := slices.IndexFunc(all, func(o Observation) bool { return o.At == v.From })
			require.Equal(t, Seen(v.Kind), all[first].Seen)
			last[v.Kind] = v.To
		}
	}
}

func TestObserve(t *testing.T) {
	face := func(where float32, brightness float64) facematch.Face {
		return facematch.Face{Descriptor: facematch.Descriptor{where}, Quality: facematch.Quality{Size: 100, Sharpness: 200, Brightness: brightness, Contrast: 40}}
	}
	bright := facematch.Light{Mean: 120, Deviation: 50}
	registered := facematch.Picture{Model: "m", Faces: []facematch.Face{face(0, 120)}}
	for _, test := range []struct {
		want  Seen
		light facematch.Light
		faces []facematch.Face
	}{
		{Same, bright, []facematch.Face{face(0.5, 120)}},
		{Seen(Different), bright, []facematch.Face{face(0.7, 120)}},
		{Someone, bright, []facematch.Face{face(0.7, 20)}},
		{Seen(Several), bright, []facematch.Face{face(0.5, 120), face(0.7, 120)}},
		{Seen(Absent), bright, nil},
		{Seen(Covered), facematch.Light{Mean: 3, Deviation: 2}, nil},
		{Seen(Covered), facematch.Light{Mean: 200, Deviation: 2}, nil},
		{Seen(Dark), facematch.Light{Mean: 15, Deviation: 12}, nil},
		{Same, facematch.Light{Mean: 15, Deviation: 12}, []facematch.Face{face(0.5, 30)}},
	} {
		o, err := Observe(time.Second, facematch.Picture{Model: "m", Light: test.light, Faces: test.faces}, registered, 0.6, facematch.DefaultLimits(), DefaultRules())
		require.NoError(t, err)
		require.Equal(t, test.want, o.Seen)
		require.Equal(t, len(test.faces) == 1, o.Distance != nil)
	}
	_, err := Observe(0, facematch.Picture{Model: "n", Faces: []facematch.Face{face(0, 120)}}, registered, 0.6, facematch.DefaultLimits(), DefaultRules())
	require.ErrorContains(t, err, "different models")
}
