//go:build race

package child

// The race detector maps terabytes of address space.
const raceDetector = true

// At its exit the race detector's runtime sleeps for a second, in case a race is still being reported.
var testEnv = []string{"GORACE=atexit_sleep_ms=0"}
