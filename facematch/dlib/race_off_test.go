//go:build !race

package dlib

const addressSpace = 0 // the default
