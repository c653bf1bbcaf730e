package facematch

import (
	"math"
	"slices"
)

// Quality is what can be measured of a face without knowing whose it is.
type Quality struct {
	// Size is the distance between the outer corners of the eyes, in pixels of the picture as it came.
	Size float64 `json:"size"`
	// Sharpness is the variance of the Laplacian of the face's luma, scaled to SharpnessSide pixels.
	Sharpness float64 `json:"sharpness"`
	// Brightness and Contrast are mean and standard deviation of the face's luma, 0 to 255.
	Brightness float64 `json:"brightness"`
	Contrast   float64 `json:"contrast"`
	// Clipped is which part of the face is all black or all white, 0 to 1.
	Clipped float64 `json:"clipped"`
	Pose    Pose    `json:"pose"`
}

// SharpnessSide is the side in pixels that faces are scaled to before their sharpness is measured, so that it does not depend on the
// picture's size.
const SharpnessSide = 128

// Pose is how a face is turned, in degrees, estimated from five landmarks: good enough to ask somebody to look into the camera, or to
// see that a head was turned, and no better than some ten degrees.
type Pose struct {
	// Yaw is positive when the nose points to the right side of the picture.
	Yaw float64 `json:"yaw"`
	// Pitch is positive when the face looks up. People's faces differ: only its change says much.
	Pitch float64 `json:"pitch"`
	// Roll is positive when the head is tilted clockwise, as the picture is looked at.
	Roll float64 `json:"roll"`
}

// A face in units of the distance between the outer corners of its eyes: how far the base of the nose is in front of them, and how
// far below when the face looks straight ahead.
const (
	noseDepth = 0.25
	noseDrop  = 0.52
)

// PoseOf estimates a pose. Landmarks that lie on each other give the zero Pose.
func PoseOf(l Landmarks) Pose {
	right, left := l[RightEyeOuter], l[LeftEyeOuter]
	dx, dy := right.X-left.X, right.Y-left.Y
	width := math.Hypot(dx, dy)
	if width == 0 {
		return Pose{}
	}
	across, down := Point{dx / width, dy / width}, Point{-dy / width, dx / width}
	middle := Point{(l[RightEyeOuter].X + l[RightEyeInner].X + l[LeftEyeOuter].X + l[LeftEyeInner].X) / 4, (l[RightEyeOuter].Y + l[RightEyeInner].Y + l[LeftEyeOuter].Y + l[LeftEyeInner].Y) / 4}
	nose := Point{l[NoseBase].X - middle.X, l[NoseBase].Y - middle.Y}
	// Turning by an angle moves the nose across by depth·sin and narrows the eyes' distance by cos.
	yaw := math.Atan(((nose.X*across.X + nose.Y*across.Y) / width) / noseDepth)
	// Turning by an angle lowers the nose by drop·cos − depth·sin, of which the cosine hardly counts.
	drop := (nose.X*down.X + nose.Y*down.Y) / width * math.Cos(yaw)
	pitch := math.Atan((noseDrop - drop) / noseDepth)
	return Pose{Yaw: degrees(yaw), Pitch: degrees(pitch), Roll: degrees(math.Atan2(dy, dx))}
}

func degrees(radians float64) float64 { return radians * 180 / math.Pi }

// SizeOf is Quality.Size.
func SizeOf(l Landmarks) float64 {
	return math.Hypot(l[RightEyeOuter].X-l[LeftEyeOuter].X, l[RightEyeOuter].Y-l[LeftEyeOuter].Y)
}

// Flaw is what is wrong with a picture of a face; each has a text in the pages.
type Flaw string

// What can be wrong. The first two leave nothing to compare.
const (
	NoFace       Flaw = "no-face"
	SeveralFaces Flaw = "several-faces"
	TooSmall     Flaw = "too-small"
	Blurred      Flaw = "blurred"
	TooDark      Flaw = "too-dark"
	TooBright    Flaw = "too-bright"
	Flat         Flaw = "flat" // hardly any contrast: fog, a covered lens, strong light from behind
	TurnedAway   Flaw = "turned-away"
	Tilted       Flaw = "tilted"
)

// Limits say when a measurement is a flaw.
type Limits struct {
	Size       float64 `json:"size"`       // least
	Sharpness  float64 `json:"sharpness"`  // least
	Dark       float64 `json:"dark"`       // least brightness
	Bright     float64 `json:"bright"`     // most brightness
	Contrast   float64 `json:"contrast"`   // least
	Yaw        float64 `json:"yaw"`        // most, either way
	Roll       float64 `json:"roll"`       // most, either way
	SecondFace float64 `json:"secondFace"` // least size of a further face that counts, as a part of the largest one's
}

// DefaultLimits let pass what the usual laptop camera gives in a lit room.
func DefaultLimits() Limits {
	return Limits{Size: 36, Sharpness: 25, Dark: 50, Bright: 215, Contrast: 16, Yaw: 35, Roll: 25, SecondFace: 0.35}
}

// Flaws lists what is wrong with a picture that should show one person's face.
func (p Picture) Flaws(l Limits) []Flaw {
	face, ok := p.Face()
	if !ok {
		return []Flaw{NoFace}
	}
	flaws := []Flaw{}
	// People far behind, and faces on posters, are smaller.
	if slices.ContainsFunc(p.Faces[1:], func(f Face) bool { return f.Quality.Size >= l.SecondFace*face.Quality.Size }) {
		flaws = append(flaws, SeveralFaces)
	}
	q := face.Quality
	for _, f := range []struct {
		is   bool
		flaw Flaw
	}{
		{q.Size < l.Size, TooSmall},
		{q.Sharpness < l.Sharpness, Blurred},
		{q.Brightness < l.Dark, TooDark},
		{q.Brightness > l.Bright, TooBright},
		{q.Contrast < l.Contrast, Flat},
		{math.Abs(q.Pose.Yaw) > l.Yaw, TurnedAway},
		{math.Abs(q.Pose.Roll) > l.Roll, Tilted},
	} {
		if f.is {
			flaws = append(flaws, f.flaw)
		}
	}
	return flaws
}

// Face is the largest face.
func (p Picture) Face() (Face, bool) {
	if len(p.Faces) == 0 {
		return Face{}, false
	}
	return p.Faces[0], true
}
