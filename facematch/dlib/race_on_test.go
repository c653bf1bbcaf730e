//go:build race

package dlib

const addressSpace = -1 // none: the race detector reserves terabytes
