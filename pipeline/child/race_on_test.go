//go:build race

package child

// The race detector maps terabytes of address space.
const raceDetector = true
