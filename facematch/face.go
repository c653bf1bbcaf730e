// Package facematch says what is known of the faces in a picture, and what comparing two of them means. It is pure: finding faces is
// the work of package engine.
//
// What it says helps a person to decide and never decides alone (docs/faces.md).
package facematch

import "math"

// Descriptor is a face as a point: pictures of one person lie near each other. Only descriptors of the same model can be compared. It
// is biometric data of a person: keep it in memory, no longer than the comparison takes.
type Descriptor [128]float32

// Distance is the Euclidean distance of two descriptors: 0 for the same picture, about 0.6 at the border between people in dlib's model.
func (d Descriptor) Distance(other Descriptor) float64 {
	var sum float64
	for i := range d {
		difference := float64(d[i]) - float64(other[i])
		sum += difference * difference
	}
	return math.Sqrt(sum)
}

// Point is a place in a picture, in pixels of the picture as it is looked at: upright, and in the size it came in.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Box is a rectangle in a picture, in the same pixels.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// The five landmarks, in dlib's order. Left and right are the picture's.
const (
	RightEyeOuter = iota
	RightEyeInner
	LeftEyeOuter
	LeftEyeInner
	NoseBase
)

// Landmarks are the corners of the eyes and the base of the nose.
type Landmarks [5]Point

// Face is one face in a picture.
type Face struct {
	Box        Box        `json:"box"`
	Landmarks  Landmarks  `json:"landmarks"`
	Quality    Quality    `json:"quality"`
	Descriptor Descriptor `json:"descriptor"`
}

// Light is how bright a picture is, in luma from 0 to 255.
type Light struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"` // near 0 for a covered lens and for a wall
}

// Picture is what was found in one picture.
type Picture struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Light  Light  `json:"light"`
	Faces  []Face `json:"faces"` // the largest first
	// Model names the model that made the descriptors; those of different models have nothing to do with each other.
	Model string `json:"model"`
}
