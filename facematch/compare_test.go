package facematch

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// frontal is a face that looks straight ahead, with eyes that far apart.
func frontal(size float64) Landmarks {
	return Landmarks{
		RightEyeOuter: {X: size}, RightEyeInner: {X: 0.68 * size}, LeftEyeOuter: {}, LeftEyeInner: {X: 0.32 * size}, NoseBase: {X: size / 2, Y: noseDrop * size},
	}
}

func good(where float32) Face {
	l := frontal(120)
	return Face{Landmarks: l, Descriptor: Descriptor{where}, Quality: Quality{Size: SizeOf(l), Sharpness: 200, Brightness: 130, Contrast: 45, Pose: PoseOf(l)}}
}

func of(faces ...Face) Picture { return Picture{Model: "m", Faces: faces} }

func TestCompare(t *testing.T) {
	dark, small := good(0.7), good(0.7)
	dark.Quality.Brightness = 30
	small.Quality.Size = 20
	tiny := good(0.1)
	tiny.Quality.Size = 30 // a quarter of the largest
	darkButNear := dark
	darkButNear.Descriptor[0] = 0.5
	for _, test := range []struct {
		name     string
		a, b     Picture
		verdict  Verdict
		distance float64 // below zero: none
		flaws    [2][]Flaw
	}{
		{"near", of(good(0)), of(good(0.5)), Same, 0.5, [2][]Flaw{{}, {}}},
		{"at the threshold", of(good(0)), of(good(0.6)), Same, 0.6, [2][]Flaw{{}, {}}},
		{"far", of(good(0)), of(good(0.7)), Different, 0.7, [2][]Flaw{{}, {}}},
		{"far in the dark", of(good(0)), of(dark), Unsure, 0.7, [2][]Flaw{{}, {TooDark}}},
		{"far and small", of(small), of(good(0)), Unsure, 0.7, [2][]Flaw{{TooSmall}, {}}},
		{"near in the dark", of(good(0)), of(darkButNear), Same, 0.5, [2][]Flaw{{}, {TooDark}}},
		{"nobody", of(good(0)), of(), Unsure, -1, [2][]Flaw{{}, {NoFace}}},
		{"two", of(good(0), good(0.1)), of(good(0)), Unsure, -1, [2][]Flaw{{SeveralFaces}, {}}},
		{"somebody far behind", of(good(0), tiny), of(good(0)), Same, 0, [2][]Flaw{{}, {}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// 0.6 as a float32 is a little more than 0.6.
			c, err := Compare(test.a, test.b, 0.6000001, DefaultLimits())
			require.NoError(t, err)
			require.Equal(t, test.verdict, c.Verdict)
			require.Equal(t, test.flaws, c.Flaws)
			if test.distance < 0 {
				require.Nil(t, c.Distance)
				return
			}
			require.InDelta(t, test.distance, *c.Distance, 1e-6)
		})
	}
}

func TestModelsAreNotMixed(t *testing.T) {
	other := of(good(0))
	other.Model = "n"
	_, err := Compare(of(good(0)), other, 0.6, DefaultLimits())
	require.ErrorContains(t, err, "different models")
}

func TestDistance(t *testing.T) {
	require.InDelta(t, 5, Descriptor{0: 3}.Distance(Descriptor{127: 4}), 1e-9, "not its square")
	require.Zero(t, Descriptor{5: 0.25}.Distance(Descriptor{5: 0.25}))
}

func TestFlaws(t *testing.T) {
	l := DefaultLimits()
	for flaw, change := range map[Flaw]func(*Quality){
		TooSmall:   func(q *Quality) { q.Size = l.Size - 1 },
		Blurred:    func(q *Quality) { q.Sharpness = l.Sharpness - 1 },
		TooDark:    func(q *Quality) { q.Brightness = l.Dark - 1 },
		TooBright:  func(q *Quality) { q.Brightness = l.Bright + 1 },
		Flat:       func(q *Quality) { q.Contrast = l.Contrast - 1 },
		TurnedAway: func(q *Quality) { q.Pose.Yaw = -l.Yaw - 1 },
		Tilted:     func(q *Quality) { q.Pose.Roll = l.Roll + 1 },
	} {
		f := good(0)
		change(&f.Quality)
		require.Equal(t, []Flaw{flaw}, of(f).Flaws(l))
	}
}

func TestPoseOf(t *testing.T) {
	straight := PoseOf(frontal(100))
	require.InDelta(t, 0, math.Abs(straight.Yaw)+math.Abs(straight.Pitch)+math.Abs(straight.Roll), 1e-9)

	turned := frontal(100)
	turned[NoseBase].X += 20
	require.InDelta(t, degrees(math.Atan(0.2/noseDepth)), PoseOf(turned).Yaw, 1e-9)
	up := frontal(100)
	up[NoseBase].Y -= 10
	require.Greater(t, PoseOf(up).Pitch, 10.0)

	// Tilting the head changes neither of the other two.
	tilted := turned
	sin, cos := math.Sincos(20 * math.Pi / 180)
	for i, p := range tilted {
		tilted[i] = Point{p.X*cos - p.Y*sin, p.X*sin + p.Y*cos}
	}
	require.InDelta(t, 20, PoseOf(tilted).Roll, 1e-9)
	require.InDelta(t, PoseOf(turned).Yaw, PoseOf(tilted).Yaw, 1e-9)
	require.InDelta(t, PoseOf(turned).Pitch, PoseOf(tilted).Pitch, 1e-9)
	require.Equal(t, Pose{}, PoseOf(Landmarks{}))
}

func TestWhoseProblem(t *testing.T) {
	for _, code := range []string{Empty, NotPicture, TooLarge, TooTiny, Damaged, Unsupported} {
		require.True(t, (&Problem{Code: code}).OfPicture(), code)
	}
	for _, code := range []string{NoModels, Timeout, Crashed, Memory, Unavailable} {
		require.False(t, (&Problem{Code: code}).OfPicture(), code)
	}
}
