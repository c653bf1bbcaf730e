//go:build !race

package dlib

const (
	addressSpace = 0 // the default
	resident     = 0 // the default
	largestSide  = 5000
)
