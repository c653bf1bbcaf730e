//go:build race

package dlib

const (
	addressSpace = -1      // none: the race detector reserves terabytes
	resident     = 4 << 30 // and keeps a shadow of what was touched that is several times as large
	largestSide  = 1500    // and takes a minute for 25 million pixels
)
